"""What probes are told: alive while the run is heard of, ready from the start of its schedule on."""

from __future__ import annotations

from http import HTTPStatus

from run_example import snapshot
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.serving.health import PATIENCE_NS, Health
from vsock_loadgen.transport.web import Request

REQUEST = Request("", "*/*")


class Clock:
    """A clock that is set."""

    now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


def after(at_ns: int) -> RunTotals:
    totals = RunTotals(1, 0)
    totals.add(snapshot(0, at_ns, Counts()))
    return totals


def states(health: Health) -> tuple[HTTPStatus, HTTPStatus]:
    return health.alive(REQUEST).status, health.ready(REQUEST).status


OK, NOT = HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE


def test_a_run_is_alive_but_not_ready_until_its_schedule_starts() -> None:
    clock = Clock()
    health = Health(clock)
    assert states(health) == (OK, NOT)
    health.update(after(-1_000_000))  # waits for startAt
    clock.now_ns = 10 * PATIENCE_NS
    assert states(health) == (OK, NOT)
    health.update(after(1))
    assert states(health) == (OK, OK)


def test_a_run_that_is_no_longer_heard_of_is_not_alive() -> None:
    clock = Clock()
    health = Health(clock)
    health.update(after(1))
    clock.now_ns = PATIENCE_NS
    assert states(health) == (OK, OK)
    clock.now_ns += 1_000_000_000
    assert states(health) == (NOT, OK)
    assert b"31 s" in health.alive(REQUEST).body
    health.update(after(2))
    assert states(health) == (OK, OK)


def test_a_run_that_is_over_is_alive_and_ready_for_good() -> None:
    clock = Clock()
    health = Health(clock)
    health.end()
    clock.now_ns = 10 * PATIENCE_NS
    assert states(health) == (OK, OK)
