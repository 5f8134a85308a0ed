"""The live view: a run on the whole terminal, drawn anew with every update."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any, TextIO

from vsock_loadgen.log import Log
from vsock_loadgen.measures.histogram import Histogram
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.plan.planning import Plan
from vsock_loadgen.plan.slices import NodeSlice
from vsock_loadgen.watching.drawing import ASCII, UNICODE
from vsock_loadgen.watching.frame import Clock, Scene, Subject, frame
from vsock_loadgen.watching.groups import GroupWatch, groups_of
from vsock_loadgen.watching.observer import Observer
from vsock_loadgen.watching.on_screen import OnScreen
from vsock_loadgen.watching.pace import Pace
from vsock_loadgen.watching.screen import Screen
from vsock_loadgen.watching.stats import StatsLines

_SHARES = (0.5, 0.95, 0.99, 0.999)
_RECENT_SECONDS = 10


def subject_of(plan: Plan, node: NodeSlice, target: str, duration_ns: int) -> Subject:
    """What a live view of one node's part of a plan shows all the time."""
    place = f"  node {node.index} of {len(plan.nodes)}" if len(plan.nodes) > 1 else ""
    return Subject(f"{node.vms:,} VMs to {target}{place}", duration_ns, groups_of(plan, node), plan.shape)


def viewing(
    subject: Subject, log: Log, stats_interval_ns: int, stop_asked: Callable[[], bool], terminal: TextIO | None
) -> AbstractContextManager[Observer]:
    """What a person watches while it is entered: the live view, where there is a terminal that may be drawn on and the log is
    not for machines; else lines of statistics. To be entered after the last fork."""
    if terminal is None or log.style == "json":
        return nullcontext(StatsLines(log, stats_interval_ns))
    return LiveView(Screen(terminal), log, subject, stop_asked)


class LiveView(OnScreen):
    """Draws the run while it is entered, and holds the log's lines back until the terminal is free again.

    `stop_asked` says whether the run was asked to stop.
    """

    def __init__(self, screen: Screen, log: Log, subject: Subject, stop_asked: Callable[[], bool]) -> None:
        super().__init__(screen, log)
        self._subject = subject
        self._stop_asked = stop_asked
        self._pace = Pace()
        self._clocks = {name: Clock(name) for name in ("response", "service", "lag")}
        self._groups = GroupWatch(subject.groups)
        self._updates = 0

    def update(self, totals: RunTotals) -> None:
        """Draw the state of the run."""
        self._pace.add(totals.elapsed_ns, totals.counts)
        self._follow_clocks(totals)
        self._groups.follow(totals)
        columns, rows = self._screen.size
        self._screen.draw(frame(self._scene(totals), columns, rows, UNICODE if self._screen.has_unicode else ASCII))

    def _follow_clocks(self, totals: RunTotals) -> None:
        """Work out part of one clock's figures an update, in turn: over a long run they are what costs. At first, all of them."""
        steps = [(name, figures) for figures in (_since_start, _lately) for name in self._clocks]
        for name, figures in [steps[self._updates % len(steps)]] if self._updates else steps:
            self._clocks[name] = replace(self._clocks[name], **figures(name, totals))
        self._updates += 1

    def _scene(self, totals: RunTotals) -> Scene:
        return Scene(
            subject=self._subject,
            elapsed_ns=totals.schedule_ns,
            zero_wall_ns=totals.zero_wall_ns,
            is_stopping=self._stop_asked(),
            counts=totals.counts,
            rates=self._pace.rates,
            offered=self._pace.offered,
            achieved=self._pace.achieved,
            clocks=list(self._clocks.values()),
            errors=totals.errors,
            groups=self._groups.tables,
            entries=self._log.recent(),
        )


def _since_start(name: str, totals: RunTotals) -> dict[str, Any]:
    counts = totals.counts
    undelivered = {"response": counts.unanswered, "service": counts.started_undelivered}.get(name, 0)
    times: Histogram = getattr(totals.times, name)
    largest = times.largest if times.counts and not undelivered else None
    return {"since_start": (*times.quantiles(_SHARES, undelivered), largest), "undelivered": undelivered}


def _lately(name: str, totals: RunTotals) -> dict[str, Any]:
    rows = totals.series.recent(_RECENT_SECONDS)
    counts = sum((row.counts for row in rows), Counts())
    undelivered = {"response": counts.unanswered, "service": counts.failed}.get(name, 0)
    times = Histogram.merged(getattr(row.times, name) for row in rows)
    return {"lately": tuple(times.quantiles((0.5, 0.99), undelivered)), "lately_undelivered": undelivered}
