"""How an outcome is written down, and what a run ends with where it could not be."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from run_example import failed_result
from vsock_loadgen.log import Log
from vsock_loadgen.results.result import Result, Verdict
from vsock_loadgen.stage import Outputs, Stage
from vsock_loadgen.text.console import Streams

FULL = Path("/dev/full")


def concluded(exit_code: int, outputs: Outputs) -> tuple[int, str, str]:
    """The exit code of a run with a verdict of its own, its outcome and its log."""
    log, outcome = io.StringIO(), io.StringIO()
    result = replace(failed_result(), verdict=Verdict("passed", (), exit_code))
    return Stage(Streams(log, outcome), outputs, Log(log)).conclude(result), outcome.getvalue(), log.getvalue()


@pytest.mark.parametrize("outputs", [Outputs(result=FULL), Outputs(html=FULL), Outputs(summary=FULL), Outputs(FULL, FULL, FULL)])
@pytest.mark.parametrize(("verdict", "exit_code"), [(0, 1), (1, 1), (3, 3), (4, 4)])
def test_a_run_that_could_not_write_what_it_was_asked_for_never_ends_with_0(outputs: Outputs, verdict: int, exit_code: int) -> None:
    assert concluded(verdict, outputs)[0] == exit_code


@pytest.mark.parametrize("verdict", [0, 1, 3, 4])
def test_a_run_that_wrote_everything_ends_with_its_verdict(verdict: int, tmp_path: Path) -> None:
    outputs = Outputs(result=tmp_path / "r.json", html=tmp_path / "r.html")
    assert concluded(verdict, outputs)[0] == verdict
    assert all(path and path.stat().st_size for path in (outputs.result, outputs.html))


def test_a_summary_goes_behind_what_its_file_holds(tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    for _ in range(2):
        concluded(0, Outputs(summary=path))
    assert path.read_text().count("## Load test: passed\n") == 2


def test_who_wants_to_hear_of_the_outcome_does() -> None:
    heard: list[Result] = []
    made = failed_result()
    Stage(Streams(io.StringIO(), io.StringIO()), Outputs(), Log(io.StringIO()), heard.append).conclude(made)
    assert heard == [made]


def test_a_result_that_could_not_be_written_follows_the_outcome() -> None:
    _, outcome, log = concluded(0, Outputs(result=FULL))
    assert json.loads(outcome[outcome.index('{\n "schema"') :])["verdict"]["exit_code"] == 0
    assert "--result: cannot be written ([Errno 28] No space left on device); the document follows on stdout" in log
