"""Fixtures of the tests of distributions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from vsock_loadgen.config.load import load
from vsock_loadgen.errors import ConfigError


@pytest.fixture
def problems(tmp_path: Path) -> Callable[[str], list[str]]:
    """What is said about a config, without the name of its file; nothing where it can be used."""

    def said(text: str) -> list[str]:
        file = tmp_path / "loadgen.yaml"
        file.write_text(text)
        try:
            return [str(warning) for warning in load(file, environment={}, strict=True).warnings]
        except ConfigError as error:
            return [str(problem).removeprefix(f"{tmp_path}/") for problem in error.problems]

    return said
