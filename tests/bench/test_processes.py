"""Reading /proc."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from bench.processes import (
    TICKS_PER_SECOND,
    BenchError,
    CpuTime,
    cpu_between,
    parse_cpu,
    parse_machine_busy,
    parse_pss,
    pss_of,
    tree,
    watch,
)

from bench import processes
from command import TIMEOUT_SECONDS


def test_processor_time_is_found_behind_a_name_with_spaces_and_brackets() -> None:
    stat = "12 (a) b (c)) S 1 12 12 0 -1 4194560 99 0 0 0 250 50 7 9 20 0 1 0 100 1000 10"
    assert parse_cpu(stat) == CpuTime(250 / TICKS_PER_SECOND, 50 / TICKS_PER_SECOND)


def test_the_proportional_set_size_is_in_bytes() -> None:
    assert parse_pss("55d0-7ffe ---p 00000000 00:00 0 [rollup]\nRss:   900 kB\nPss:   34 kB\nPss_Anon: 9 kB\n") == 34 * 1024


def test_a_text_without_a_proportional_set_size_is_an_error() -> None:
    with pytest.raises(ValueError, match="Pss"):
        parse_pss("Rss: 900 kB\n")


def test_idle_and_waiting_for_a_disk_are_not_busy() -> None:
    busy = parse_machine_busy("cpu  10 20 30 4000 5000 60 70 80 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n")
    assert busy == (10 + 20 + 30 + 60 + 70 + 80) / TICKS_PER_SECOND


def test_a_process_that_came_between_two_samples_counts_whole() -> None:
    before, after = {1: CpuTime(1, 1), 2: CpuTime(5, 5)}, {1: CpuTime(3, 2), 3: CpuTime(0.5, 0.25)}
    assert cpu_between(before, after) == {1: CpuTime(2, 1), 3: CpuTime(0.5, 0.25)}


def test_a_tree_has_its_root_and_every_descendant() -> None:
    script = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1, flush=True); input()'])"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        found = tree(process.pid)
        assert found[0] == process.pid
        assert len(found) == 2
        assert pss_of(found) > 0
        process.communicate(b"\n")


def test_watching_a_command_gives_its_output_and_its_processor_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command ends when its memory was looked at, which on a busy machine may be late."""
    looked = tmp_path / "looked"
    script = f"import os, sys; sum(range(10_000_000))\nwhile not os.path.exists({str(looked)!r}): pass\nprint('done'); sys.exit(3)"

    def look(pids: Sequence[int]) -> int:
        found = pss_of(pids)
        if found:
            looked.touch()
        return found

    monkeypatch.setattr(processes, "pss_of", look)
    cpus = frozenset(os.sched_getaffinity(0))
    watched = watch([sys.executable, "-c", script], cpus, tmp_path, longest_seconds=TIMEOUT_SECONDS, pss_every_seconds=0.01)
    assert watched.exit_code == 3
    assert watched.output == "done\n"
    assert watched.cpu.total > 0
    assert watched.peak_pss_bytes > 0


def test_a_command_that_does_not_end_is_ended(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="expected it to end by itself"):
        watch(
            [sys.executable, "-c", "import signal; signal.pause()"],
            frozenset(os.sched_getaffinity(0)),
            tmp_path,
            longest_seconds=0.1,
            pss_every_seconds=1,
        )
