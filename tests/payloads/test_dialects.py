"""What asker and agent say to each other: read back by the messages of the protocol, and by hostile bytes not at all."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsock_loadgen.payloads.answers import Answers
from vsock_loadgen.payloads.dialects import DIALECTS, LENGTH, Dialect, Facts, Mark
from vsock_loadgen.payloads.frames import FrameReader, TooLargeError, pieces
from vsock_loadgen.payloads.proto import vm_service_pb2 as service
from vsock_loadgen.payloads.reports import ReportFactory

FACTS = Facts("test/1", {"detected_os": "RHEL"})
BOTH = pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS.keys())


def answers(dialect: Dialect, **others: object) -> Answers:
    factory = ReportFactory.build(largest=40, report_format="vmReport", package_sets="shared", seed=7, **others)  # type: ignore[arg-type]
    return Answers(factory, dialect, FACTS, 7)


def unframed(data: bytes) -> bytes:
    """The message of a whole frame."""
    (length,) = LENGTH.unpack(data[: LENGTH.size])
    assert len(data) == LENGTH.size + length
    return data[LENGTH.size :]


@BOTH
def test_an_asker_is_understood_in_each_dialect(dialect: Dialect) -> None:
    known = Mark("abc") if dialect.name == "token" else Mark(generation=3, epoch=9)
    request = dialect.request(dialect.asking("id", known))
    assert (request.method, request.known) == ("get_report", known)


@BOTH
@pytest.mark.parametrize("sets", ["shared", "perVM"])
def test_a_whole_report_is_that_of_its_vm_with_its_own_number_of_packages(dialect: Dialect, sets: str) -> None:
    factory = ReportFactory.build(largest=40, report_format="vmReport", package_sets=sets, seed=7)  # type: ignore[arg-type]
    made = Answers(factory, dialect, FACTS, 7)
    mark = made.mark(11, 2, 5_000_000_000)
    data = unframed(b"".join(map(bytes, made.report(11, 33, mark, 1_500_000_000))))
    response = dialect.response(data)
    assert not response.unchanged
    assert len(response.report.contents.packages) == 33
    assert response.report.hash_id.endswith(f"{11:012x}")
    assert response.report.success
    assert dialect.is_known(response.mark, mark)
    message = (service.TokenResponse if dialect.name == "token" else service.GenerationResponse).FromString(data)
    assert message.meta.report_generated_at.ToNanoseconds() == 1_500_000_000
    assert list(message.meta.supported_methods) == ["get_report"]
    assert dict(message.meta.facts) == {"detected_os": "RHEL"}
    assert message.meta.repo_cpe_mapping_update_path == ""


def test_the_generation_dialect_says_number_and_epoch() -> None:
    made = answers(DIALECTS["generation"])
    mark = made.mark(0, 4, 12_900_000_000)
    assert (mark.generation, mark.epoch) == (4, 12)
    message = service.GenerationResponse.FromString(unframed(made.unchanged(mark, 0)))
    assert (message.meta.report_generation, message.meta.epoch, message.get_report.unchanged) == (4, 12, True)


def test_tokens_differ_by_vm_scan_and_start_of_the_agent() -> None:
    made = answers(DIALECTS["token"])
    tokens = {made.mark(index, number, epoch).token for index in range(3) for number in range(3) for epoch in range(3)}
    assert len(tokens) == 27


@pytest.mark.parametrize(
    ("dialect", "known", "is_known"),
    [
        ("token", Mark("a", 1, 5), True),
        ("token", Mark("", 1, 5), False),
        ("token", Mark("b", 1, 5), False),
        ("generation", Mark("", 1, 5), True),
        ("generation", Mark("", 1, 0), True),
        ("generation", Mark("", 1, 6), False),
        ("generation", Mark("", 2, 5), False),
        ("generation", Mark("", 0, 0), False),
    ],
)
def test_a_report_is_known_by_what_its_dialect_goes_by(dialect: str, known: Mark, is_known: bool) -> None:
    assert DIALECTS[dialect].is_known(known, Mark("a", 1, 5)) is is_known


@BOTH
def test_an_error_is_read_by_its_name(dialect: Dialect) -> None:
    response = dialect.response(unframed(answers(dialect).error("not_ready", "wait")))
    assert (response.error, response.report) == ("not_ready", None)


@BOTH
def test_a_request_without_a_method_is_one_all_the_same(dialect: Dialect) -> None:
    assert dialect.request(b"").method == ""
    assert (
        dialect.request(service.TokenRequest(sync_repo_cpe_mapping=service.SyncRepoCPEMappingRequest()).SerializeToString()).method
        == "sync_repo_cpe_mapping"
    )


@BOTH
@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_value_error(dialect: Dialect, data: bytes) -> None:
    for read in (dialect.request, dialect.response):
        with suppress(ValueError):
            read(data)


@given(message=st.binary(max_size=300), cuts=st.lists(st.integers(0, 304), max_size=8), after=st.binary(max_size=5))
def test_a_frame_is_the_same_however_it_is_cut(message: bytes, cuts: list[int], after: bytes) -> None:
    data = LENGTH.pack(len(message)) + message + after
    ends = sorted({*cuts, len(data)})
    reader, found = FrameReader(300), None
    for start, end in zip([0, *ends], ends, strict=False):
        found = reader.feed(data[start:end]) if found is None else found
    assert found == message


def test_a_frame_that_says_it_is_too_long_is_refused_before_it_comes() -> None:
    reader = FrameReader(10)
    assert reader.feed(LENGTH.pack(11)[:3]) is None
    with pytest.raises(TooLargeError, match="11 bytes"):
        reader.feed(LENGTH.pack(11)[3:])


@given(st.lists(st.binary(max_size=20), min_size=1).filter(lambda buffers: sum(map(len, buffers)) > 1), st.integers(1, 8))
def test_pieces_are_the_same_bytes_and_there_is_always_a_last_one_to_hold_back(buffers: list[bytes], size: int) -> None:
    cut = pieces(list(buffers), size)
    assert b"".join(cut) == b"".join(buffers)
    assert len(cut) >= 2
    assert all(1 <= len(piece) <= size for piece in cut)
