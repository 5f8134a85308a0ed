"""Single reports, one after the other: how fast a target is without load."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

from vsock_loadgen.engine.agenda import Agenda
from vsock_loadgen.engine.ledger import Ledger, new_books
from vsock_loadgen.engine.loads import Load
from vsock_loadgen.engine.poller import EpollPoller
from vsock_loadgen.engine.sender import Sender
from vsock_loadgen.engine.sending import SendingOrders
from vsock_loadgen.measures.cells import Cells
from vsock_loadgen.units import MILLISECOND, SECOND

IDLE_PROBES = 20
_IN_SUCCESSION = 3
_LONGEST_NS = 60 * SECOND
_MORE_THAN_IDLE_NS = 5 * MILLISECOND
_WAKE_NS = 100 * MILLISECOND
_P95 = 0.95
Probe = Callable[[], int | None]
"""Sends one report, and waits for its end: the nanoseconds that took, None if it was not delivered."""


class Prober:
    """Sends reports of one VM, and books them apart from all others. `check` raises if the wait is to end."""

    def __init__(self, load: Load, orders: SendingOrders, check: Callable[[], None]) -> None:
        schedule = load.schedule
        middle = sorted(range(len(load.packages)), key=load.packages.__getitem__)[len(load.packages) // 2]
        only = slice(middle, middle + 1)
        self._load = Load(
            replace(
                schedule,
                indices=schedule.indices[only],
                interval_ns=array("q", [_LONGEST_NS]),
                offset_ns=array("q", [0]),
                cohort=schedule.cohort[only],
                shape=None,
            ),
            load.cids[only],
            load.packages[only],
            (0,),
            Cells(),
        )
        self._orders = orders
        self._check = check
        self.sent = 0

    def __call__(self) -> int | None:
        """Send one report."""
        orders, ledger = self._orders, Ledger(new_books(1))
        agenda = Agenda(self._load, ledger.books)
        with closing(EpollPoller()) as poller:
            sender = Sender(
                self._load,
                agenda,
                orders.reports,
                orders.endpoint,
                poller,
                ledger,
                time.monotonic_ns,
                request_timeout_ns=orders.request_timeout_ns,
                confirmed=orders.confirmed,
            )
            now_ns = time.monotonic_ns()
            agenda.begin(now_ns, time.time_ns(), 0, now_ns + 1)
            self.sent += 1
            sender.step(now_ns)
            while not sender.idle:
                self._check()
                sender.step(time.monotonic_ns() + _WAKE_NS)
        book = ledger.books[0]
        return book.share().times.response.largest if book.delivered else None


def idle_p95_ns(probe: Probe) -> int | None:
    """The 95th percentile of single reports before anything else is sent; None if one was not delivered."""
    took = [probe() for _ in range(IDLE_PROBES)]
    delivered = sorted(each for each in took if each is not None)
    return delivered[int(_P95 * IDLE_PROBES) - 1] if len(delivered) == IDLE_PROBES else None


def recovered_after_ns(
    probe: Probe, idle_ns: int, clock_ns: Callable[[], int] = time.monotonic_ns, *, longest_ns: int = _LONGEST_NS
) -> int | None:
    """How long it takes until a few single reports in succession take no more than they may: twice the 95th percentile at first, or
    5 ms more, whichever is more. None if that does not happen within `longest_ns`, by default a minute."""
    limit_ns = max(2 * idle_ns, idle_ns + _MORE_THAN_IDLE_NS)
    began_ns, good = clock_ns(), 0
    while good < _IN_SUCCESSION:
        took_ns = probe()
        good = good + 1 if took_ns is not None and took_ns <= limit_ns else 0
        if good < _IN_SUCCESSION and clock_ns() - began_ns > longest_ns:
            return None
    return clock_ns() - began_ns
