"""What an asker sends to an agent, and what an agent may answer: framed messages in two dialects, in any pieces."""

from __future__ import annotations

from contextlib import suppress

from fuzz.oracle import hold
from vsock_loadgen.payloads.dialects import DIALECTS, LENGTH
from vsock_loadgen.payloads.frames import FrameReader, TooLargeError

_MOST = 1_024
_TOO_LARGE = object()


def check(data: bytes) -> None:
    """A frame is the same in any pieces, and never longer than allowed; what it holds is a message, or refused."""
    whole = _read([data])
    hold(_read([data[place : place + 1] for place in range(len(data))]) == whole, "the same frame byte by byte", whole)
    if isinstance(whole, bytes):
        hold(len(whole) <= _MOST and data[LENGTH.size :].startswith(whole), "a frame is what came", whole)
    for dialect in DIALECTS.values():
        with suppress(ValueError):
            request = dialect.request(data)
            hold(request.method in ("", "get_report", "sync_repo_cpe_mapping"), "a method of the protocol", request)
            asked = dialect.request(dialect.asking("id", request.known))
            hold(asked.known == request.known, "what an asker has is read as it was written", asked)
        with suppress(ValueError):
            hold(isinstance(dialect.response(data).error, str), "an error has a name")


def _read(pieces: list[bytes]) -> object:
    """The frame, None where it is not whole, or that it is too large."""
    reader, found = FrameReader(_MOST), None
    for piece in pieces:
        try:
            found = reader.feed(piece)
        except TooLargeError:
            return _TOO_LARGE
        if found is not None:
            break
    return found
