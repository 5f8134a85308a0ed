"""Joins a framed message from the pieces that it arrives in."""

from __future__ import annotations

from vsock_loadgen.payloads.dialects import LENGTH
from vsock_loadgen.payloads.reports import Buffer


class TooLargeError(ValueError):
    """A message that claims to be longer than allowed."""


class FrameReader:
    """Gathers one message of at most `most` bytes. What follows it is left out."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._gathered = bytearray()

    def feed(self, piece: bytes | bytearray | memoryview) -> bytes | None:
        """Take a piece in; the message once it is whole. Raises TooLargeError as soon as its length is known."""
        self._gathered += piece
        if len(self._gathered) < LENGTH.size:
            return None
        length = LENGTH.unpack_from(self._gathered)[0]
        if length > self._most:
            raise TooLargeError(f"{length} bytes, expected {self._most} at most")
        end = LENGTH.size + length
        return bytes(self._gathered[LENGTH.size : end]) if len(self._gathered) >= end else None

    @property
    def started(self) -> bool:
        """Whether anything has arrived."""
        return bool(self._gathered)


def pieces(buffers: list[Buffer], size: int) -> list[Buffer]:
    """The same bytes as pieces of at most `size`, of which the last, a byte at least, can be held back from the others: there are
    two or more if there are two bytes or more. Only what is smaller than a piece is copied."""
    cut: list[Buffer] = []
    for buffer in buffers:
        view = memoryview(buffer)
        cut += [view[start : start + size] for start in range(0, len(view), size)]
    last = cut[-1]
    if len(cut) == 1 and len(last) > 1:
        cut[-1:] = [last[:-1], last[-1:]]
    return cut
