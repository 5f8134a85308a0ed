"""What a message says, whatever its words: the place that it names, and the values. Their wording has golden files (contracts)."""

from __future__ import annotations

import re


def says(message: str, *values: str) -> bool:
    """Whether every one of the values stands in a message, not as a part of a longer word or number."""
    return all(re.search(rf"(?<![\w.,]){re.escape(value)}(?!\w)", message) for value in values)


def says_of(message: str, place: str, *values: str) -> bool:
    """Whether a message begins with a place, such as `loadgen.yaml:2: vmCount`, and says these values of it."""
    return message.startswith(f"{place}: ") and says(message.removeprefix(f"{place}: "), *values)
