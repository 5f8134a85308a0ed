"""Processes of a run that stop, go on, or are killed: the accounts balance to the last report, and nothing stays behind."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest

from vsock_loadgen.leaving import STOP_SIGNALS
from watched import ONCE, SMALL, Watched, accounts, state_of, watched

IMPATIENT = ("from vsock_loadgen.engine import silence", "silence.PATIENCE_NS = 10**9")
"""The command, with less patience for silent workers than it has."""
STOPS_A_WORKER = (
    "import os, signal",
    "from vsock_loadgen.engine.worker import Handover",
    "hand_over = Handover._hand_over",
    "def hand_over_and_stop(self, now_ns, *, final):",
    "    hand_over(self, now_ns, final=final)",
    "    self._number or os.kill(os.getpid(), signal.SIGSTOP)",
    "Handover._hand_over = hand_over_and_stop",
)
"""The command, whose worker 0 is stopped after its first snapshot: before the end of any run."""
STOPS_THE_PARENT = (
    "import os, signal",
    "from vsock_loadgen.measures.totals import RunTotals",
    "add = RunTotals.add",
    "def add_and_stop(self, snapshot):",
    "    RunTotals.add = add",
    "    add(self, snapshot)",
    "    os.kill(os.getpid(), signal.SIGSTOP)",
    "RunTotals.add = add_and_stop",
)
"""The command, which is stopped when it hears of its worker for the first time."""
STOPS_ALL = (
    "import os, signal",
    "from vsock_loadgen.engine.ledger import Book",
    "start = Book.start",
    "def start_and_stop(self, lag_ns):",
    "    start(self, lag_ns)",
    "    self.started != 10 or os.killpg(0, signal.SIGSTOP)",
    "Book.start = start_and_stop",
)
"""The command, all of which is stopped at its tenth report."""


def delivered_so_far(path: Path) -> int:
    """How many reports were delivered by the last snapshot of the result."""
    return int(json.loads(path.read_text())["totals"]["delivered"]) if path.exists() else 0


def grow(run: Watched, path: Path, reports: int = 1) -> None:
    """Wait until so many more reports were delivered, in a run that goes on until it is told to stop."""
    delivered = delivered_so_far(path) + reports
    run.until(lambda: delivered_so_far(path) >= delivered or run.process.poll() is not None)
    assert delivered_so_far(path) >= delivered, run.process.communicate()


def test_a_worker_that_was_stopped_for_a_while_is_late_and_loses_nothing(tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    with watched(*SMALL, "--lag-limit", "300ms", "--result", out) as run:
        grow(run, out)
        worker = run.children[1]
        run.kill(signal.SIGSTOP, worker)
        time.sleep(0.7)  # nothing can say when this is over
        run.kill(signal.SIGCONT, worker)
        grow(run, out, 100)
        run.kill(signal.SIGTERM)
        ended = run.ended()
    result = accounts(out)
    assert ended.code == 4, ended.log
    assert result["complete"] is True
    assert result["verdict"]["status"] == "invalid"
    assert result["lag_seconds"]["max"] > 0.3
    assert "the generator was late" in ended.out
    assert result["totals"]["unfinished"] == result["totals"]["failed"] == 0
    assert result["receiver"]["reports"] == result["totals"]["delivered"]


@pytest.mark.parametrize("end", ["duration", "signal", "third signal"])
def test_a_worker_that_never_goes_on_does_not_hold_up_the_end_of_the_run(tmp_path: Path, end: str) -> None:
    out = tmp_path / "r.json"
    duration = ("--duration", "500ms") if end == "duration" else ()
    patience = () if end == "third signal" else IMPATIENT
    with watched(*SMALL, "--workers", "2", "--result", out, *duration, setup=(*patience, *STOPS_A_WORKER)) as run:
        if end != "duration":
            run.until(lambda: any(state_of(pid) == "T" for pid in run.children))
        for number in STOP_SIGNALS[: {"duration": 0, "signal": 1, "third signal": 3}[end]]:  # three alike might come as one
            run.kill(number)
        ended = run.ended()
    result = accounts(out)
    assert ended.code == 1, ended.log
    assert result["complete"] is False
    assert "worker 0 was lost" in ended.out


def test_a_worker_that_stops_before_the_start_is_not_waited_for_for_ever() -> None:
    setup = (
        "import os, signal",
        "from vsock_loadgen.engine import supervisor, worker",
        "supervisor._READY_TIMEOUT_NS = 10**9",
        "supervisor._LONGEST_END_SECONDS = 0.5",
        "worker.gc.freeze = lambda: os.kill(os.getpid(), signal.SIGSTOP)",
    )
    with watched(*SMALL, "--workers", "2", setup=setup) as run:
        ended = run.ended()
    assert ended.code == 1
    assert ended.log.splitlines()[-1] == "worker 0 did not get ready: it does not answer"


def test_a_parent_that_was_stopped_hears_the_rest_when_it_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    with watched(*SMALL, *ONCE, "--result", out, setup=(*IMPATIENT, *STOPS_THE_PARENT)) as run:
        run.until(lambda: state_of(run.pid) == "T")
        worker = run.children[1]
        Watched.until(lambda: worker not in run.session or waits_for_its_parent(worker))
        run.kill(signal.SIGCONT)
        ended = run.ended()
    result = accounts(out)
    assert ended.code == 0, ended.log
    assert result["complete"] is True
    assert result["receiver"]["reports"] == result["totals"]["delivered"] == result["totals"]["due"] == 100


def waits_for_its_parent(worker: int) -> bool:
    """Whether a worker has done its work: nothing runs any more that could send."""
    return "VmRSS" not in Path(f"/proc/{worker}/status").read_text()


def test_a_run_that_was_suspended_as_a_whole_makes_up_for_it_and_says_how_late_it_was(tmp_path: Path) -> None:
    """What a machine does that stands still for a while: what was due meanwhile is due, late or skipped."""
    out = tmp_path / "r.json"
    with watched(*SMALL, "--duration", "2s", "--lag-limit", "500ms", "--result", out, setup=STOPS_ALL) as run:
        run.until(lambda: all(state_of(pid) == "T" for pid in run.session))
        time.sleep(1.5)  # nothing can say when this is over
        run.kill_all(signal.SIGCONT)
        ended = run.ended()
    result = accounts(out)
    totals = result["totals"]
    assert ended.code == 4, ended.log
    assert result["complete"] is True
    assert totals["due"] == 200
    assert totals["skipped"] > 0
    assert result["lag_seconds"]["max"] > 1
    assert result["receiver"]["reports"] == totals["delivered"]


@pytest.mark.parametrize("moment", ["start", "middle"])
def test_whatever_kills_the_parent_its_children_end_and_remove_the_socket(tmp_path: Path, moment: str) -> None:
    with watched(*SMALL, "--workers", "2", "--result", tmp_path / "r.json") as run:
        if moment == "start":
            Watched.until(lambda: run.children)
        else:
            grow(run, tmp_path / "r.json")
        run.kill(signal.SIGKILL)
        assert run.ended().code == -signal.SIGKILL


def test_where_receiver_and_parent_are_killed_only_the_socket_in_its_folder_is_left(tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    with watched(*SMALL, "--result", out) as run:
        grow(run, out)
        run.kill(signal.SIGKILL, run.children[0], run.pid)
        run.process.communicate()
        Watched.until(lambda: not run.session)
        (folder,) = run.temporary.iterdir()
        assert [left.name for left in folder.iterdir()] == ["receiver.sock"]
    assert accounts(out)["complete"] is False


def test_a_lost_receiver_leaves_a_result_that_is_invalid(tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    with watched(*SMALL, "--workers", "2", "--result", out) as run:
        grow(run, out)
        run.kill(signal.SIGKILL, run.children[0])
        run.read_until("connect")
        run.kill(signal.SIGTERM)
        ended = run.ended()
    result = accounts(out)
    assert ended.code == 1, ended.log
    assert result["verdict"]["reasons"][0].startswith("the embedded receiver was lost (killed by signal 9)")
    assert result["receiver"] is None
    assert result["totals"]["delivered"] > 0
    assert result["failures"]["connect"] > 0


def test_a_lost_worker_is_named_with_what_killed_it(tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    with watched(*SMALL, "--workers", "2", "--result", out) as run:
        grow(run, out)
        run.kill(signal.SIGKILL, run.children[2])
        ended = run.ended()
    result = accounts(out)
    assert (ended.code, result["complete"]) == (1, False)
    assert result["verdict"]["reasons"][0].startswith("worker 1 was lost (killed by signal 9)")


def test_a_run_that_has_lost_everything_and_waits_holds_no_descriptor_of_it(tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    with watched(*SMALL, "--workers", "2", "--after-run", "wait", "--result", out) as run:
        grow(run, out)
        run.kill(signal.SIGKILL, *run.children)
        run.read_until("until SIGTERM (afterRun: wait)")
        held = [path.readlink().name for path in Path(f"/proc/{run.pid}/fd").iterdir() if int(path.name) > 2]
        run.kill(signal.SIGTERM)
        ended = run.ended()
    assert ended.code == 1
    of_others = [name for name in held if not name.startswith("memfd:reports")]  # the parent's own, from before there were workers
    assert len(held) == 4, held
    assert len(of_others) == 2, held  # both ends of what wakes it for a signal
    assert all(name.startswith("socket:") for name in of_others)
