"""Reports and wire format to begin with: whole reports of both formats, and pieces of protobuf that no sender of ours makes."""

from __future__ import annotations

from functools import cache

from fuzz.draws import Draws
from vsock_loadgen.payloads.envelope import ReportFormat, varint
from vsock_loadgen.payloads.reports import ReportFactory

_FORMATS: tuple[ReportFormat, ...] = ("indexReport", "vmReport")
_LENGTHS = (0, 1, 2, 127, 128, 2**31 - 1, 2**31, 2**32, 2**63, 2**64 - 1)
_MOST_EDITS = 8


@cache
def reports() -> tuple[bytes, ...]:
    """Whole reports: both formats, with one and with three packages."""
    return tuple(
        b"".join(
            ReportFactory.build(largest=3, report_format=report_format, package_sets="shared", seed=0).buffers(7, 10_003, packages)
        )
        for report_format in _FORMATS
        for packages in (1, 3)
    )


def message(draws: Draws) -> bytes:
    """A report, damaged in a few places; or any bytes."""
    data = bytearray(draws.pick((*reports(), b"")))
    for _ in range(draws.number(_MOST_EDITS)):
        _damage(draws, data)
    return bytes(data)


def _damage(draws: Draws, data: bytearray) -> None:
    place = draws.number(len(data)) if data else 0
    match draws.number(6):
        case 0:
            data[place : place + 1] = draws.data(1)
        case 1:
            data[place:place] = draws.data(40)
        case 2:
            del data[place:]
        case 3:
            del data[place : place + 1 + draws.number(40)]
        case 4:  # a field that claims a length of its own
            data[place:place] = varint(draws.number(600) << 3 | draws.number(7)) + varint(draws.pick(_LENGTHS))
        case 5:  # messages or groups within each other
            data[place:place] = draws.pick((b"\x0a", b"\x12\x7f", b"\x3b", b"\x0b", b"\x2a\xff\x01")) * (1 + draws.number(400))
        case 6:  # the same again: a reader merges the messages, and keeps the last text
            data += data[place:]
