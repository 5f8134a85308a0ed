"""A change of the cluster's nodes is said once, with what it means for the run, and kept for the result."""

from __future__ import annotations

import io

from vsock_loadgen.cluster.nodes import WorkerNodes
from vsock_loadgen.cluster.watch import NodeChange, NodeWatch
from vsock_loadgen.log import Log
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.plan.slices import split_fleet
from vsock_loadgen.watching.node_changes import NodeChanges

KNOWN = WorkerNodes(("a", "b", "c"), "labelled so")
SLICES = split_fleet(50, 3)
TOTALS = RunTotals(1, 0)


def unread() -> WorkerNodes:
    raise AssertionError("nobody looks")


def observed() -> tuple[NodeWatch, NodeChanges, io.StringIO]:
    watch, stream = NodeWatch(KNOWN, unread), io.StringIO()
    return watch, NodeChanges(watch, SLICES, Log(stream, lambda: 0.0)), stream


def test_a_node_that_is_gone_takes_its_vms_along() -> None:
    watch, changes, stream = observed()
    watch.change = NodeChange(gone=("b",))
    for _ in range(3):
        changes.update(TOTALS)
    (warning,) = changes.warnings
    assert warning.startswith("the worker node b is gone: ")
    assert " 17 VMs " in warning
    assert "kubectl rollout restart" in warning
    assert stream.getvalue().count(warning) == 1
    assert "warning: " in stream.getvalue()


def test_a_node_that_has_come_shifts_the_slices_of_pods_that_start_now() -> None:
    watch, changes, _ = observed()
    watch.change = NodeChange(added=("aa",))
    changes.update(TOTALS)
    assert changes.warnings[0].startswith("the worker node aa was added: ")
    assert " 3 nodes " in changes.warnings[0]


def test_only_what_is_new_is_said_and_what_has_passed_stays_in_the_result() -> None:
    watch, changes, stream = observed()
    for change in (NodeChange(gone=("b",)), NodeChange(("d",), ("b",)), NodeChange(), NodeChange(gone=("b",))):
        watch.change = change
        changes.update(TOTALS)
    assert [warning.split(":")[0] for warning in changes.warnings] == ["the worker node b is gone", "the worker node d was added"]
    assert stream.getvalue().count("node b is gone") == 2
    assert "are again those that the run began with" in stream.getvalue()
    assert changes.change == NodeChange(gone=("b",))


def test_a_cluster_that_cannot_be_asked_is_said_once_until_it_answers_again() -> None:
    watch, changes, stream = observed()
    for problem in ("no answer", "no answer", None, "refused"):
        watch.problem = problem
        changes.update(TOTALS)
    said = [line for line in stream.getvalue().splitlines() if "unknown: " in line]
    assert [line.rpartition(": ")[2] for line in said] == ["no answer", "refused"]
    assert changes.warnings == []


def test_without_a_cluster_nothing_changes() -> None:
    changes = NodeChanges(None, SLICES, Log(io.StringIO()))
    changes.update(TOTALS)
    assert (changes.change, changes.warnings) == (NodeChange(), [])
