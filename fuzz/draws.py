"""Decisions out of an input's bytes: what a fuzzer changes in them changes one decision, and shorter inputs decide less."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Draws:
    """Reads decisions off the front of some bytes; once they are used up, every further decision is the first of its options.

    Works without atheris, so that a corpus means the same wherever it is replayed.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._used = 0

    @property
    def is_over(self) -> bool:
        """Whether all bytes are used up."""
        return self._used >= len(self._data)

    def number(self, most: int) -> int:
        """A number from 0 to `most`."""
        width = (most.bit_length() + 7) // 8
        return int.from_bytes(self._take(width), "big") % (most + 1)

    def flag(self) -> bool:
        """Yes or no."""
        return self.number(1) == 1

    def pick(self, options: Sequence[T]) -> T:
        """One of several."""
        return options[self.number(len(options) - 1)]

    def data(self, most: int = 255) -> bytes:
        """Some bytes: a length up to `most`, and as many of what follows."""
        return self._take(self.number(most))

    def text(self, most: int = 255) -> str:
        """Some text, in which bytes that are no UTF-8 become lone surrogates, as in the arguments of a process."""
        return self.data(most).decode(errors="surrogateescape")

    def rest(self) -> bytes:
        """All bytes that are left."""
        return self._take(len(self._data))

    def _take(self, count: int) -> bytes:
        taken = self._data[self._used : self._used + count]
        self._used += count
        return taken
