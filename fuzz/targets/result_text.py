"""A result file as any bytes at all."""

from __future__ import annotations

from fuzz.confinement import confined
from fuzz.results import hold_result


def check(data: bytes) -> None:
    """A file of these bytes is a result, and is read, shown, compared and merged as one; or it is refused with a sentence."""
    with confined() as folder:
        hold_result(folder, data)
