"""The starter config is one that works."""

from __future__ import annotations

import re
from collections.abc import Callable

from vsock_loadgen.config.load import Loaded
from vsock_loadgen.config.starter import STARTER

Load = Callable[..., Loaded]


def test_the_starter_loads_without_a_warning(load_text: Load) -> None:
    loaded = load_text(STARTER, strict=True)
    assert loaded.warnings == ()
    assert loaded.config.vm_count == 200


def test_the_values_that_the_starter_comments_out_are_the_defaults(load_text: Load) -> None:
    commented = re.findall(r"^  # (\w+: \S+)$", STARTER, re.MULTILINE)
    assert len(commented) >= 5
    assert load_text("loadgen:\n" + "".join(f"  {line}\n" for line in commented)).config == load_text("loadgen:\n").config


def test_the_profiles_and_phases_that_the_starter_comments_out_load(load_text: Load) -> None:
    blocks = re.findall(r"^  # ((?:profiles|phases):\n(?:  #   - .*\n)+)", STARTER, re.MULTILINE)
    assert len(blocks) == 2
    uncommented = "".join(f"  {block.replace('  #   -', '  -')}" for block in blocks)
    config = load_text("loadgen:\n" + uncommented, strict=True).config
    assert len(config.profiles) == 2
    assert len(config.phases) == 3


def test_the_forms_that_the_starter_mentions_load(load_text: Load) -> None:
    mentioned = re.findall(r"packages: \{.*?\}", STARTER)
    assert len(mentioned) == 2
    for form in mentioned:
        load_text(f"loadgen: {{{form}}}")


def test_the_first_line_tells_editors_of_the_schema() -> None:
    assert STARTER.splitlines()[0] == "# yaml-language-server: $schema=loadgen.schema.json"
    assert "vsock-loadgen schema -o loadgen.schema.json" in STARTER.splitlines()[1]
