"""`run --repeat N`: files of their own, the worst exit code, and an end when somebody asks for one. No run takes place."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from comparison_example import sound_run
from fleet_example import EXAMPLE
from run_example import DONE
from vsock_loadgen.cli.repeating import Repeat, check_repeatable, files_of, numbered
from vsock_loadgen.errors import ConfigError, TargetError
from vsock_loadgen.log import Log
from vsock_loadgen.results.result import Result
from vsock_loadgen.stage import Outputs, Stage
from vsock_loadgen.text.console import Streams
from vsock_loadgen.units import SECOND

STOPPED = replace(sound_run(), ended=replace(DONE, by="signal", signal="SIGINT", left_ns=SECOND))


class Runs:
    """Ends as it is told, run by run, and remembers where each was to write."""

    def __init__(self, *ends: int | Exception, result: Result | None = None) -> None:
        self._ends: Sequence[int | Exception] = ends
        self._result = result or sound_run()
        self.outputs: list[Outputs] = []

    def once(self, outputs: Outputs, concluded: Callable[[Result], None]) -> int:
        end = self._ends[len(self.outputs)]
        self.outputs.append(outputs)
        if isinstance(end, Exception):
            raise end
        concluded(self._result)
        return end


def repeated(runs: Runs, times: int, outputs: Outputs | None = None, *, style: str = "text") -> tuple[int, str, str]:
    """The exit code, the outcome and the log."""
    log, outcome = io.StringIO(), io.StringIO()
    stage = Stage(Streams(log, outcome), outputs or Outputs(), Log(log, style=style))  # type: ignore[arg-type]
    return Repeat(times, stage).run(runs.once), outcome.getvalue(), log.getvalue()


@pytest.mark.parametrize(("codes", "worst"), [((0, 0), 0), ((0, 3), 3), ((3, 4, 0), 4), ((4, 1, 3), 1)])
def test_the_exit_code_is_the_worst_one(codes: tuple[int, ...], worst: int) -> None:
    assert repeated(Runs(*codes), len(codes))[0] == worst


def test_each_run_has_files_of_its_own_and_the_summary_is_one() -> None:
    runs = Runs(0, 0)
    repeated(runs, 2, Outputs(Path("a/result.json"), Path("page.html")))
    assert runs.outputs == [
        Outputs(Path("a/result-1.json"), Path("page-1.html")),
        Outputs(Path("a/result-2.json"), Path("page-2.html")),
    ]


def test_the_summary_of_all_runs_goes_behind_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    path.write_text("before\n")
    repeated(Runs(0, 0), 2, Outputs(summary=path))
    assert path.read_text().startswith("before\n## Load test: 2 runs, passed\n")


def test_a_summary_that_cannot_be_written_is_no_exit_code_0() -> None:
    code, _, log = repeated(Runs(0, 0), 2, Outputs(summary=Path("/dev/full")))
    assert (code, "--summary: cannot be written" in log) == (1, True)


def test_a_signal_ends_all_the_runs() -> None:
    runs = Runs(1, 0, 0, result=STOPPED)
    code, outcome, _ = repeated(runs, 3)
    assert (code, len(runs.outputs), outcome.splitlines()[0]) == (1, 1, "1 runs")


def test_a_first_run_that_cannot_begin_says_so_as_one_run_does() -> None:
    with pytest.raises(TargetError):
        repeated(Runs(TargetError("nothing is listening")), 3)


def test_a_later_run_that_cannot_begin_leaves_what_was_found() -> None:
    runs = Runs(0, TargetError("nothing is listening"), 0)
    code, outcome, log = repeated(runs, 3)
    assert (code, len(runs.outputs)) == (1, 2)
    assert "run 2 of 3 did not begin: nothing is listening" in log
    assert "Spread of the runs" in outcome


def test_a_log_for_machines_has_the_spread_as_an_object() -> None:
    _, outcome, log = repeated(Runs(0, 0), 2, style="json")
    last = json.loads(log.splitlines()[-1])
    assert (outcome, last["event"], len(last["figures"]["lag.p99"]["values"])) == ("", "spread", 2)


@pytest.mark.parametrize(
    ("changes", "outputs", "key"),
    [
        ({"duration_ns": 0}, Outputs(), "duration"),
        ({"start_at_ns": 1}, Outputs(), "startAt"),
        ({"after_run": "wait"}, Outputs(), "afterRun"),
        ({}, Outputs(result=Path("/dev/stdout")), "--result"),
    ],
)
def test_what_cannot_be_repeated_is_refused(changes: dict[str, object], outputs: Outputs, key: str) -> None:
    config = replace(EXAMPLE, **({"duration_ns": SECOND} | changes))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=key):
        check_repeatable(config, outputs)
    check_repeatable(replace(EXAMPLE, duration_ns=SECOND), Outputs(Path("r.json")))


def test_all_files_are_known_before_the_first_run() -> None:
    files = files_of({"--result": Path("r.json"), "--html": None}, 2)
    assert files == {"--result of run 1": Path("r-1.json"), "--result of run 2": Path("r-2.json")}
    assert numbered(None, 1) is None
    assert numbered(Path("a/samples.csv.gz"), 2) == Path("a/samples-2.csv.gz")
