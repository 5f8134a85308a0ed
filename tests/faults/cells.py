"""The matrix of faults: what a target does, and what both ends must say of it on each transport.

A count is exact where the fault decides it, and None where a race does: between two classes, or between a class and no failure at
all. The sums are exact in any case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from faults.peers import LONG_NS, AcceptsOnlyTheLook, AcceptsSlowly, DiesWithinAReport, StopsReading
from faults.trial import Entry, Load, OnEntry, Stage
from vsock_loadgen.distributions.buckets import Buckets
from vsock_loadgen.distributions.constant import Constant
from vsock_loadgen.distributions.kind import Bucket
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.payloads.decode import DecodedReport
from vsock_loadgen.receiver.behaviour import Behaviour
from vsock_loadgen.receiver.delays import Delays
from vsock_loadgen.units import MILLISECOND, SECOND

Transport = Literal["unix", "tcp", "vsock"]
TRANSPORTS: tuple[Transport, ...] = ("unix", "tcp", "vsock")

SMALL = Load()
VMS = SMALL.vms
LARGE = Constant(700)
"""Packages of a report that does not fit what vsock keeps unread (256 KiB): such a close cannot be hidden."""
HUGE = 1_500
"""Packages of a report that does not fit what a unix socket keeps either."""
CONNECT, CLOSED_EARLY, RESET, TIMEOUT = (
    FailureClass.CONNECT,
    FailureClass.CLOSED_EARLY,
    FailureClass.RESET,
    FailureClass.TIMEOUT,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What both ends must say.

    `failures` are the classes that may occur with their counts. `delivered`, `skipped`, `read`, `unread` and `hidden` are as in
    `trial.Accounts`; None takes any number that the sums allow, "failed" as many as failed. What a race with the clock decides is
    not exact: a busy machine may lose it.
    """

    failures: Mapping[FailureClass, int | None] = field(default_factory=dict)
    delivered: int | None = None
    skipped: int | None = 0
    read: int | None = None
    unread: int | Literal["failed"] | None = None
    hidden: int | None = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that a target can do. `enter` lets it, and may return what it does when the run has come to a certain point."""

    name: str
    does: str
    enter: Callable[[Stage], OnEntry | None]
    on: Mapping[Transport, Expected]
    load: Load = SMALL


def everywhere(expected: Expected) -> Mapping[Transport, Expected]:
    """The same on all transports."""
    return dict.fromkeys(TRANSPORTS, expected)


def but_on_tcp(expected: Expected, on_tcp: Expected) -> Mapping[Transport, Expected]:
    """The same on unix and vsock, and something else on tcp."""
    return {"unix": expected, "tcp": on_tcp, "vsock": expected}


def but_on_vsock(expected: Expected, on_vsock: Expected) -> Mapping[Transport, Expected]:
    """The same on unix and tcp, and something else on vsock."""
    return {"unix": expected, "tcp": expected, "vsock": on_vsock}


def misbehaves(behaviour: Behaviour) -> Callable[[Stage], None]:
    """A stand-in that misbehaves by its own options."""
    return lambda stage: stage.stand_in(behaviour)


def goes_after_the_look(stage: Stage) -> OnEntry:
    """A target that is there when the run looks, and gone before it sends anything."""
    stage.stand_in()
    return lambda entry: stage.leave() if entry["event"] == "start" else None


def comes_back_when(is_time: Callable[[Entry], bool]) -> Callable[[Stage], OnEntry]:
    """A target that is gone before anything is sent, and comes back at a line of statistics."""

    def enter(stage: Stage) -> OnEntry:
        leave, is_back = goes_after_the_look(stage), False

        def on_entry(entry: Entry) -> None:
            nonlocal is_back
            leave(entry)
            if entry["event"] == "stats" and not is_back and is_time(entry):
                is_back = True
                stage.stand_in()

        return on_entry

    return enter


def accepts_only_the_look(stage: Stage) -> OnEntry:
    """A target that has taken the run's look before anything is sent, so that it leaves room in the backlog for two others."""
    stage.hostile(AcceptsOnlyTheLook(), backlog=1)
    return lambda entry: stage.let_rest() if entry["event"] == "start" else None


def restarts(stage: Stage) -> OnEntry:
    """A target that ends as a signal ends it once it has taken something, and listens again when the run notices."""
    stage.stand_in()
    steps = [stage.leave, stage.stand_in]

    def on_entry(entry: Entry) -> None:
        if entry["event"] == "stats" and entry["delivered"] and steps:
            steps.pop(0)()

    return on_entry


def never_parses(stage: Stage) -> None:
    """A target that reads everything, and closes before it has made anything of it."""

    def refuse(data: bytes) -> DecodedReport:
        raise ValueError(f"{len(data)} bytes were read and not looked at")

    stage.stand_in(decode=refuse)


LOOK = 1
"""The connection with which a run looks whether somebody listens; a target that reads nothing cannot tell it from a report."""
SOON_NS = 500 * MILLISECOND
"""A request timeout that passes while a test waits, and leaves time to connect: over vsock the kernel does that by and by."""
CONCURRENT = 50
CROWD = Load(vms=60, interval_ns=100 * MILLISECOND)
ONE_TOO_LARGE = Buckets((Bucket(Fraction(95), Constant(5)), Bucket(Fraction(5), Constant(HUGE))))

FAULTS = (
    Fault(
        name="refuses",
        does="is gone when the first report is due",
        enter=goes_after_the_look,
        load=Load(timeout_ns=200 * MILLISECOND),
        on=everywhere(Expected(failures={CONNECT: VMS}, delivered=0, read=0, unread=0)),
    ),
    Fault(
        name="appears_in_time",
        does="appears within the request timeout",
        enter=comes_back_when(lambda entry: entry["failed"] + entry["in_flight"] > 0),
        load=Load(interval_ns=500 * MILLISECOND),
        on=but_on_vsock(Expected(failures={CONNECT: None}, unread=0), Expected(delivered=VMS, unread=0)),
    ),
    Fault(
        name="appears_too_late",
        does="appears after the first requests have timed out",
        enter=comes_back_when(lambda entry: entry["failed"] > 0),
        load=Load(interval_ns=300 * MILLISECOND, rounds=3, timeout_ns=250 * MILLISECOND),
        # Over vsock the target may accept a connection whose sender has just given it up.
        on=but_on_vsock(
            Expected(failures={CONNECT: None, TIMEOUT: None}, skipped=None, unread=0),
            Expected(failures={CONNECT: None, TIMEOUT: None}, skipped=None),
        ),
    ),
    Fault(
        name="dies",
        does="is killed within its sixth report",
        enter=lambda stage: stage.hostile(DiesWithinAReport(reports=5, part_bytes=100_000)),
        load=Load(packages=LARGE, timeout_ns=3 * SECOND),
        on=everywhere(Expected(failures={CONNECT: None, CLOSED_EARLY: None, RESET: None}, delivered=5, unread=1)),
    ),
    Fault(
        name="restarts",
        does="ends after some reports, and listens again",
        enter=restarts,
        load=Load(packages=LARGE, interval_ns=250 * MILLISECOND, rounds=3),
        on=everywhere(Expected(failures={CONNECT: None, CLOSED_EARLY: None, RESET: None}, skipped=None)),
    ),
    Fault(
        name="stops_reading",
        does="reads 1,000 bytes of each report and no more",
        enter=lambda stage: stage.hostile(StopsReading(part_bytes=1_000)),
        load=Load(interval_ns=100 * MILLISECOND, rounds=3, timeout_ns=400 * MILLISECOND),
        on=everywhere(Expected(failures={TIMEOUT: None}, delivered=0, skipped=None, read=0, unread="failed")),
    ),
    Fault(
        name="silent",
        does="accepts, and reads nothing",
        enter=lambda stage: stage.hostile(StopsReading(part_bytes=0)),
        load=Load(timeout_ns=SOON_NS),
        on=everywhere(Expected(failures={TIMEOUT: VMS}, delivered=0, read=0, unread=VMS + LOOK)),
    ),
    Fault(
        name="never_closes",
        does="reads everything, and never closes",
        enter=misbehaves(Behaviour(close_delay=Delays(LONG_NS))),
        load=Load(timeout_ns=SOON_NS),
        on=everywhere(Expected(failures={TIMEOUT: VMS}, delivered=0, read=VMS, unread=0)),
    ),
    Fault(
        name="reads_slowly",
        does="reads 20,000 bytes per second of each connection",
        enter=misbehaves(Behaviour(read_bytes_per_second=20_000)),
        on=everywhere(Expected(delivered=VMS, unread=0)),
    ),
    Fault(
        name="reads_too_slowly",
        does="reads 20 bytes per second of each connection",
        enter=misbehaves(Behaviour(read_bytes_per_second=20)),
        load=Load(timeout_ns=SOON_NS),
        on=everywhere(Expected(failures={TIMEOUT: VMS}, delivered=0, read=0, unread=VMS)),
    ),
    Fault(
        name="closes_at_once",
        does="closes each connection without reading a byte of it",
        enter=misbehaves(Behaviour(close_after_bytes=0)),
        load=Load(packages=Constant(HUGE), vms=10),
        on=everywhere(Expected(failures={CLOSED_EARLY: None, RESET: None}, delivered=0, read=0, unread=10 + LOOK)),
    ),
    Fault(
        name="closes_early",
        does="closes each connection after 10,000 bytes of it",
        enter=misbehaves(Behaviour(close_after_bytes=10_000)),
        load=Load(packages=Constant(HUGE), vms=10),
        on=everywhere(Expected(failures={CLOSED_EARLY: None, RESET: None}, delivered=0, read=0, unread=10)),
    ),
    Fault(
        name="resets",
        does="resets each connection after 100 bytes of it",
        enter=misbehaves(Behaviour(close_after_bytes=100, reset=True)),
        on=but_on_vsock(
            Expected(failures={RESET: VMS}, delivered=0, read=0, unread=VMS),
            Expected(delivered=VMS, read=0, unread=VMS, hidden=VMS),
        ),
    ),
    Fault(
        name="resets_large",
        does="resets each connection after 100 bytes of a report that no buffer holds",
        enter=misbehaves(Behaviour(close_after_bytes=100, reset=True)),
        load=Load(packages=Constant(HUGE), vms=10),
        on=everywhere(Expected(failures={CLOSED_EARLY: None, RESET: None}, delivered=0, read=0, unread=10)),
    ),
    Fault(
        name="never_parses",
        does="reads everything, and closes before it parses anything",
        enter=never_parses,
        on=everywhere(Expected(delivered=VMS, read=VMS, unread=0)),
    ),
    Fault(
        name="accepts_slowly",
        does="has a backlog of one, and takes a report every 20 ms",
        enter=lambda stage: stage.hostile(AcceptsSlowly(pause_seconds=0.02), backlog=1),
        load=Load(interval_ns=100 * MILLISECOND),
        # Over tcp the kernel resets some of those who overflow a backlog after it has told them that they were connected.
        on=but_on_tcp(Expected(delivered=VMS, unread=0), Expected(failures={RESET: None}, unread=0)),
    ),
    Fault(
        name="never_accepts",
        does="has a backlog of one, and accepts no connection",
        enter=accepts_only_the_look,
        load=Load(timeout_ns=SOON_NS),
        on=but_on_tcp(  # `listen(1)` queues two
            Expected(failures={CONNECT: VMS - 2, TIMEOUT: 2}, delivered=0, read=0, unread=0),
            Expected(failures={CONNECT: None, TIMEOUT: None, RESET: None}, delivered=0, read=0, unread=0),
        ),
    ),
    Fault(
        name="limits_concurrency",
        does="handles 50 connections at once, and closes unread what waits 100 ms for its turn",
        enter=misbehaves(Behaviour(most_connections=CONCURRENT, wait_for_handler_ns=100 * MILLISECOND, close_delay=Delays(SECOND))),
        load=CROWD,
        on=but_on_vsock(
            Expected(failures={RESET: None}),
            Expected(delivered=CROWD.vms, hidden=None),
        ),
    ),
    Fault(
        name="limits_size",
        does="takes reports of up to 100,000 bytes, and one is larger",
        enter=misbehaves(Behaviour(most_bytes=100_000)),
        load=Load(packages=ONE_TOO_LARGE),
        on=everywhere(Expected(failures={CLOSED_EARLY: None, RESET: None}, delivered=VMS - 1, read=VMS - 1, unread=1)),
    ),
)


def fault_named(name: str) -> Fault:
    """One of them."""
    return next(fault for fault in FAULTS if fault.name == name)
