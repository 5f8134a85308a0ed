"""Reports that a person can read, in place of protobuf: `7:500` is CID 7 with 500 packages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TextReport:
    """What `decode_text` found."""

    cid: str
    packages: int
    format: str = "text"


def encode_text(cid: int, packages: int, payload_bytes: int = 0) -> bytes:
    """A report of at least so many bytes."""
    text = f"{cid}:{packages}:"
    return text.encode().ljust(payload_bytes, b".")


def decode_text(data: bytes) -> TextReport:
    """The report that `encode_text` wrote. Raises ValueError where it is none."""
    cid, packages, _ = data.decode().split(":")
    return TextReport(cid, int(packages))
