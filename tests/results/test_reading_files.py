"""A file that holds no result is named with what it holds, and the others are looked at all the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from run_example import result_of, times_of
from vsock_loadgen.errors import ConfigError
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.results.files import read_results, write_result


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """The result of a run of three reports."""
    path = tmp_path / "sound.json"
    counts = Counts(due=3, started=3, delivered=3, bytes=30)
    generator = {"workers": 1, "worker_cpu_seconds": [], "parent_cpu_seconds": 0, "share_of_machine": 0, "saturation": None}
    result = result_of(counts, times_of(5_000_000, 4_000_000, 1_000_000, 3))
    write_result(replace(result, generator=generator), path)
    return path


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a result: the file is empty"),
        (b" \n", "not a result: the file is empty"),
        (b"{", "not a result: invalid JSON in line 1"),
        (b"loadgen:\n  vmCount: 5\n", "not a result: invalid JSON in line 1"),
        (b"\xff\xfe\x00\xd8", "not a result"),
        (b"\xc3\x28", "not a result: the file is not UTF-8 text"),
        (b"[" * 100_000, "not a result: nested too deeply"),
        (b'{"schema": NaN}', "not a result: found NaN, "),
        (b'{"schema": 1e999}', "not a result: found the number 1e999, expected at most 1e+30"),
        (b'{"schema": [' + b"9" * 5_000 + b"]}", "not a result: found the number 9999999999"),
        (b'"text"', "not a result: expected a JSON object"),
        (b'{"schema": "vsock-loadgen/plan/v1"}', 'not a result: found "schema" "vsock-loadgen/plan/v1"'),
        (b'{"schema": "vsock-loadgen/result/v1"}', "complete is missing"),
    ],
)
def test_a_file_without_a_result_is_refused_in_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "other.json"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_results([path])
    (problem,) = caught.value.problems
    assert str(problem).startswith(f"{path}: {message}")
    assert "\n" not in str(problem)


def test_every_file_in_the_way_is_named_at_once(sound: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read_results([tmp_path / "nowhere", sound, tmp_path])
    assert list(map(str, caught.value.problems)) == [
        f"{tmp_path}/nowhere: cannot be read: No such file or directory",
        f"{tmp_path}: cannot be read: Is a directory",
    ]


def test_results_come_in_the_order_of_the_files_under_their_names(sound: Path) -> None:
    first, second = read_results([sound, sound])
    assert (first.name, first.result.counts.delivered) == (str(sound), 3)
    assert first.result == second.result
