"""The header written by hand encloses any contents so that a protobuf reader finds them whole."""

from __future__ import annotations

import pytest
from google.protobuf.internal.decoder import _DecodeVarint  # type: ignore[attr-defined]
from hypothesis import given
from hypothesis import strategies as st

from vsock_loadgen.payloads.envelope import Envelope, ReportFormat, field_head, varint
from vsock_loadgen.payloads.proto import scanner_v4_pb2 as v4
from vsock_loadgen.payloads.proto import virtual_machine_v1_pb2 as v1


def contents_of_size(size: int) -> bytes:
    """A serialized `Contents` of exactly so many bytes (at least 12, and not one of the few that a length's length skips)."""
    for slack in range(6, 16):
        serialized = v4.Contents(packages={"1": v4.Package(name="n" * (size - slack))}).SerializeToString()
        if len(serialized) == size:
            return serialized
    raise AssertionError(size)


def header(report_format: ReportFormat, index: int, cid: int, contents_bytes: int) -> bytes:
    digits = str(cid).encode()
    return Envelope.build(report_format, 0).template(len(digits), contents_bytes).filled(digits, index)


@given(st.integers(0, 2**40))
def test_varint_is_what_protobuf_reads(value: int) -> None:
    assert _DecodeVarint(varint(value), 0) == (value, len(varint(value)))


def test_field_head_is_tag_and_length() -> None:
    assert field_head(5, 300) == b"\x2a\xac\x02"


@pytest.mark.parametrize("size", [37, 37 << 7 | 37, 127, 128, 300, 16_500])
def test_lengths_of_one_byte_and_more_enclose_the_contents(size: int) -> None:
    contents = contents_of_size(size)
    report = v1.IndexReport.FromString(header("indexReport", 1, 3, size) + contents)
    assert report.index_v4.contents.SerializeToString() == contents


@given(st.integers(0, 99_999), st.integers(3, 2**32 - 1))
def test_a_wrapped_header_says_who_reports_and_what_was_discovered(index: int, cid: int) -> None:
    contents = contents_of_size(40)
    report = v1.VMReport.FromString(header("vmReport", index, cid, 40) + contents)
    assert report.index_report.vsock_cid == str(cid)
    assert report.index_report.vm_id == f"766d6c67-0000-4000-8000-{index:012x}"
    assert report.index_report.index_v4.contents.SerializeToString() == contents
    discovered = report.discovered_data
    assert (discovered.detected_os, discovered.os_version) == (v1.RHEL, "9.4")
    assert (discovered.activation_status, discovered.dnf_metadata_status) == (v1.ACTIVE, v1.AVAILABLE)


def test_the_index_is_finished_and_its_hash_is_the_machines_own() -> None:
    first, second = (v1.IndexReport.FromString(header("indexReport", index, 3, 0)).index_v4 for index in (0, 99_999))
    assert (first.state, first.success, first.err) == ("IndexFinished", True, "")
    assert len(first.hash_id) == len("sha256:") + 64
    assert first.hash_id != second.hash_id
