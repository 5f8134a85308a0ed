"""Every seed, and every input that once failed, keeps what the tool promises; without atheris."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzz.registry import TARGETS, Target

INPUTS = [(target, path) for target in TARGETS.values() for path in sorted(target.seeds.iterdir())]


@pytest.mark.parametrize(("target", "path"), INPUTS, ids=[f"{target.name}-{path.name}" for target, path in INPUTS])
def test_an_input_of_the_corpus_keeps_every_promise(target: Target, path: Path) -> None:
    target.load()(path.read_bytes())


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_every_target_has_seeds_that_are_no_longer_than_its_inputs(target: Target) -> None:
    assert 0 < max(path.stat().st_size for path in target.seeds.iterdir()) <= target.most_bytes
