"""The bytes of one connection, as the receiver reads them: whole reports, damaged ones, and hostile protobuf."""

from __future__ import annotations

from google.protobuf.message import DecodeError

from fuzz.draws import Draws
from fuzz.oracle import hold
from fuzz.wire import message
from vsock_loadgen.payloads.decode import DecodedReport, decode
from vsock_loadgen.payloads.proto import virtual_machine_v1_pb2 as v1


def check(data: bytes) -> None:
    """What is counted is what the protobuf runtime reads, whichever way it is written; anything else is malformed."""
    draws = Draws(data)
    whole = draws.rest() if draws.flag() else message(draws)
    wrapped, bare = _wrapped(whole), _bare(whole)
    try:
        report = decode(whole)
    except ValueError as error:
        hold(type(error) is ValueError, "a malformed report is refused with a sentence", error)
        hold(not any(map(_is_sound, (wrapped, bare))), "a report with an index and a CID is taken", whole)
        return
    read = wrapped if report.format == "vmReport" else bare
    hold(read is not None and _is_sound(read), "what is taken is a report", whole)
    assert read is not None
    found = DecodedReport(read.vsock_cid, len(set(read.index_v4.contents.packages)), report.format, read.vm_id)
    hold(report == found, "what is counted is what the message says", report, found)
    again = v1.VMReport(index_report=read) if report.format == "vmReport" else read
    hold(decode(again.SerializeToString()) == report, "a report means the same when it is written anew", whole)


def _wrapped(data: bytes) -> v1.IndexReport | None:
    try:
        report = v1.VMReport.FromString(data)
    except DecodeError:
        return None
    return report.index_report if report.index_report.HasField("index_v4") else None


def _bare(data: bytes) -> v1.IndexReport | None:
    try:
        return v1.IndexReport.FromString(data)
    except DecodeError:
        return None


def _is_sound(report: v1.IndexReport | None) -> bool:
    """Whether it has an index and a CID of 32 bits."""
    if report is None or not report.HasField("index_v4"):
        return False
    cid = report.vsock_cid
    return cid.isascii() and cid.isdecimal() and len(cid) <= 10 and int(cid) < 2**32
