"""The config file as any bytes at all."""

from __future__ import annotations

from fuzz.confinement import confined
from fuzz.promises import hold_config


def check(data: bytes) -> None:
    """A config of these bytes loads and plans, or every mistake is named with its line."""
    with confined() as folder:
        hold_config(folder / "loadgen.yaml", data)
