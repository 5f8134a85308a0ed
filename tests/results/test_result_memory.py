"""Writing the result of a long run takes little memory."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from run_example import result_of, times_of
from vsock_loadgen.measures.histogram import Histogram
from vsock_loadgen.measures.series import Series
from vsock_loadgen.measures.snapshot import Counts, Times
from vsock_loadgen.results.files import result_document, write_result
from vsock_loadgen.results.measured import PhaseResult

SECONDS = 600


def test_a_document_is_written_without_being_in_memory_as_a_whole(tmp_path: Path) -> None:
    """A snapshot every few seconds would else leave the parent with many times the memory of what it knows."""
    series = Series()
    for second in range(SECONDS):
        series.add(second, Counts(due=3, started=3, delivered=3, bytes=900), 0, times_of(1_000, 900, 10, 3))
    result = replace(result_of(Counts(), times_of(1, 1, 1, 1)), series=series.rows())
    text = len(result_document(result))
    assert allocated(lambda: write_result(result, tmp_path / "result.json")) < text / 2
    assert json.loads(result_document(result)) == json.loads(json.dumps(result.to_json()))
    assert (tmp_path / "result.json").read_text() == result_document(result)


def test_times_are_written_without_their_text_being_in_memory_several_times(tmp_path: Path) -> None:
    """A run that goes on has more distinct times from minute to minute."""
    times = Times(*(Histogram({bucket: bucket % 7 + 1 for bucket in range(10_000)}, 0, 10**9) for _ in range(3)))
    result = replace(result_of(Counts(), times_of(1, 1, 1, 1)), times=times)
    text = len(result_document(result))
    assert allocated(lambda: write_result(result, tmp_path / "result.json")) < 8 * text
    assert (tmp_path / "result.json").read_text() == result_document(result)
    assert json.loads(result_document(result)) == json.loads(json.dumps(result.to_json()))


def test_a_document_has_a_line_for_each_key_and_one_for_all_counts_of_a_histogram() -> None:
    lines = result_document(result_of(Counts(), times_of(1, 1, 1, 1))).splitlines()
    assert ['"counts": [[1, 1]]' in line for line in lines].count(True) >= 3
    assert all(line.count('": ') <= 1 for line in lines if not line.startswith("  {"))


def test_the_times_of_many_groups_are_written_one_after_the_other(tmp_path: Path) -> None:
    times = Times(*(Histogram({bucket: bucket % 7 + 1 for bucket in range(2_000)}, 0, 10**9) for _ in range(3)))
    few, many = (
        replace(
            result_of(Counts(), times_of(1, 1, 1, 1)), phases=tuple(PhaseResult(f"p{n}", Counts(), times) for n in range(count))
        )
        for count in (1, 40)
    )
    one = allocated(lambda: write_result(few, tmp_path / "few.json"))
    assert allocated(lambda: write_result(many, tmp_path / "many.json")) < 2 * one
    assert json.loads((tmp_path / "many.json").read_text()) == json.loads(json.dumps(many.to_json()))


def allocated(action: Callable[[], object]) -> int:
    """The most memory in bytes that a call had at a time."""
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
