"""Report bytes back into what a receiver counts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from google.protobuf.message import DecodeError

from vsock_loadgen.payloads.proto import virtual_machine_v1_pb2 as v1

_DECIMAL = re.compile("[0-9]{1,10}")
_LARGEST_CID = 2**32 - 1


@dataclass(frozen=True, slots=True)
class DecodedReport:
    """The content of one report. `cid` is its decimal text as sent, `packages` the number of distinct package ids."""

    cid: str
    packages: int
    format: Literal["indexReport", "vmReport"]
    vm_id: str


def decode(data: bytes | memoryview) -> DecodedReport:
    """Read a whole report in either format. Raises ValueError if it is not one.

    The formats cannot be confused: the first field of a bare IndexReport is a decimal text, and no run of digits can be read
    as a message that holds an `index_v4`.
    """
    whole = bytes(data)
    wrapped = v1.VMReport()
    if _parsed(wrapped, whole) and wrapped.index_report.HasField("index_v4"):
        return _decoded(wrapped.index_report, "vmReport")
    bare = v1.IndexReport()
    if not _parsed(bare, whole):
        raise ValueError(f"{len(whole)} bytes that are neither a VMReport nor an IndexReport")
    return _decoded(bare, "indexReport")


def _parsed(message: v1.VMReport | v1.IndexReport, data: bytes) -> bool:
    try:
        message.ParseFromString(data)
    except DecodeError:
        return False
    return True


def _decoded(report: v1.IndexReport, report_format: Literal["indexReport", "vmReport"]) -> DecodedReport:
    if not report.HasField("index_v4"):
        raise ValueError("a report without index_v4")
    cid = report.vsock_cid
    if _DECIMAL.fullmatch(cid) is None or int(cid) > _LARGEST_CID:
        raise ValueError(f"a report whose vsock_cid is {cid[:40]!r}, expected a decimal number of 32 bits")
    return DecodedReport(cid, len(report.index_v4.contents.packages), report_format, report.vm_id)
