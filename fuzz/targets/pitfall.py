"""A target that breaks its promise, so that a test can see that a broken promise is found."""

from __future__ import annotations

from fuzz.oracle import hold


def check(data: bytes) -> None:
    """Promises that no input has more than three bytes."""
    hold(len(data) <= 3, "an input is short", data)
