"""A watch over the cluster's workers says who has come and who has gone."""

from __future__ import annotations

import threading
from collections.abc import Callable

from command import TIMEOUT_SECONDS
from vsock_loadgen.cluster.nodes import WorkerNodes
from vsock_loadgen.cluster.watch import NodeChange, NodeWatch
from vsock_loadgen.errors import ClusterError

KNOWN = WorkerNodes(("a", "b", "c"), "labelled so")


def reading(*answers: tuple[str, ...] | ClusterError) -> Callable[[], WorkerNodes]:
    """Gives one answer after the other."""
    left = list(answers)

    def read() -> WorkerNodes:
        answer = left.pop(0)
        if isinstance(answer, ClusterError):
            raise answer
        return WorkerNodes(answer, "labelled so")

    return read


def test_a_change_is_what_differs_from_the_start_not_from_the_last_look() -> None:
    watch = NodeWatch(KNOWN, reading(("a", "b", "c"), ("b", "c", "d"), ("b", "c", "d", "e"), ("a", "b", "c")))
    seen = []
    for _ in range(4):
        watch.look()
        seen.append(watch.change)
    assert seen == [NodeChange(), NodeChange(("d",), ("a",)), NodeChange(("d", "e"), ("a",)), NodeChange()]


def test_a_cluster_that_does_not_answer_changes_nothing_and_is_remembered_until_it_does() -> None:
    watch = NodeWatch(KNOWN, reading(("a", "b"), ClusterError("no answer", "wait"), ("a", "b")))
    seen = []
    for _ in range(3):
        watch.look()
        seen.append((watch.change.gone, watch.problem))
    assert seen == [(("c",), None), (("c",), "no answer"), (("c",), None)]


def test_it_looks_again_and_again_while_it_is_entered() -> None:
    looked = threading.Semaphore(0)

    def read() -> WorkerNodes:
        looked.release()
        return KNOWN

    with NodeWatch(KNOWN, read, interval_seconds=0.001):
        for _ in range(3):
            assert looked.acquire(timeout=TIMEOUT_SECONDS)


def test_it_does_not_look_before_its_first_interval_is_over_nor_hold_up_the_end() -> None:
    def read() -> WorkerNodes:
        raise AssertionError("it looked")

    with NodeWatch(KNOWN, read):
        pass
