"""A receiver learns what a report says, and nothing that is no report gets past it."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsock_loadgen.payloads.decode import DecodedReport, decode
from vsock_loadgen.payloads.envelope import ReportFormat
from vsock_loadgen.payloads.proto import scanner_v4_pb2 as v4
from vsock_loadgen.payloads.proto import virtual_machine_v1_pb2 as v1
from vsock_loadgen.payloads.reports import ReportFactory

FORMATS: tuple[ReportFormat, ...] = ("indexReport", "vmReport")
SAMPLES: dict[ReportFormat, bytes] = {
    report_format: b"".join(
        ReportFactory.build(largest=2, report_format=report_format, package_sets="shared", seed=0).buffers(7, 10_003, 2)
    )
    for report_format in FORMATS
}


def bare(cid: str) -> v1.IndexReport:
    return v1.IndexReport(vsock_cid=cid, vm_id="vm", index_v4=v4.IndexReport(state="IndexFinished"))


@pytest.mark.parametrize("report_format", FORMATS)
@pytest.mark.parametrize("kind", [bytes, memoryview])
def test_both_formats_are_told_apart(report_format: ReportFormat, kind: type[bytes | memoryview]) -> None:
    decoded = decode(kind(SAMPLES[report_format]))
    assert decoded == DecodedReport("10003", 2, report_format, "766d6c67-0000-4000-8000-000000000007")


@given(st.integers(0, 2**32 - 1))
def test_no_cid_makes_a_bare_report_look_wrapped(cid: int) -> None:
    assert decode(bare(str(cid)).SerializeToString()).format == "indexReport"
    assert decode(v1.VMReport(index_report=bare(str(cid))).SerializeToString()).format == "vmReport"


def test_the_order_of_a_messages_fields_does_not_matter() -> None:
    index_report = v1.VMReport(index_report=bare("3")).SerializeToString()
    discovered = v1.VMReport(discovered_data=v1.DiscoveredData(os_version="9.4")).SerializeToString()
    assert decode(index_report + discovered) == decode(discovered + index_report)


@pytest.mark.parametrize("cid", ["", "-3", "3.0", "0x3", "\N{ARABIC-INDIC DIGIT THREE}", "3 ", "4294967296", "9" * 400])
def test_a_cid_that_is_no_decimal_number_of_32_bits_is_malformed(cid: str) -> None:
    with pytest.raises(ValueError, match="vsock_cid"):
        decode(bare(cid).SerializeToString())


def test_a_report_without_an_index_is_malformed() -> None:
    with pytest.raises(ValueError, match="index_v4"):
        decode(v1.IndexReport(vsock_cid="3").SerializeToString())
    with pytest.raises(ValueError):
        decode(v1.VMReport(index_report=v1.IndexReport(vsock_cid="3")).SerializeToString())


@pytest.mark.parametrize("report_format", FORMATS)
def test_a_report_cut_short_anywhere_is_malformed(report_format: ReportFormat) -> None:
    whole = SAMPLES[report_format]
    for end in range(len(whole)):
        with pytest.raises(ValueError):
            decode(whole[:end])


@given(st.binary(max_size=400))
def test_random_bytes_raise_nothing_but_value_errors(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        decode(data)


@given(st.sampled_from(FORMATS), st.data())
def test_a_damaged_report_raises_nothing_but_value_errors(report_format: ReportFormat, data: st.DataObject) -> None:
    damaged = bytearray(SAMPLES[report_format])
    for place in data.draw(st.lists(st.integers(0, len(damaged) - 1), min_size=1, max_size=8)):
        damaged[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ValueError):
        decode(bytes(damaged))


def test_messages_nested_without_end_are_malformed_and_nothing_worse() -> None:
    start_of_group, end_of_group = b"\x3b", b"\x3c"
    with pytest.raises(ValueError):
        decode(start_of_group * 1_000 + end_of_group * 1_000)
