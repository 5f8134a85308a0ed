"""The live view: a run on the whole terminal, redrawn with every update, and its keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

from vsock_loadgen.log import Log
from vsock_loadgen.measures.histogram import Histogram
from vsock_loadgen.measures.outcome import Mode
from vsock_loadgen.measures.recent import Recent
from vsock_loadgen.measures.snapshot import Counts, Times
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.plan.planning import Plan
from vsock_loadgen.plan.slices import NodeSlice
from vsock_loadgen.results.standing import Standing
from vsock_loadgen.watching.drawing import ASCII, UNICODE
from vsock_loadgen.watching.frame import frame
from vsock_loadgen.watching.groups import GroupWatch, groups_of
from vsock_loadgen.watching.observer import Observer
from vsock_loadgen.watching.on_screen import OnScreen
from vsock_loadgen.watching.pace import Pace
from vsock_loadgen.watching.scene import Clock, Looked, Scene, Subject
from vsock_loadgen.watching.screen import Screen
from vsock_loadgen.watching.stats import StatsLines

_CLOCKS = ("response", "service", "lag")
_SHARES = (0.5, 0.95, 0.99, 0.999)


def subject_of(plan: Plan, node: NodeSlice, target: str, duration_ns: int, mode: Mode) -> Subject:
    """What a live view of one node's part of a plan shows all the time."""
    place = f"  node {node.index} of {len(plan.nodes)}" if len(plan.nodes) > 1 else ""
    to = "to" if mode == "push" else "asked at"
    return Subject(f"{node.vms:,} VMs {to} {target}{place}", duration_ns, groups_of(plan, node), plan.shape, mode)


@dataclass(frozen=True, slots=True)
class Known:
    """What else is known of a run at a moment: whether it was asked to stop, how it stands, and its last ten seconds."""

    stop_asked: Callable[[], bool]
    standing: Callable[[], Standing]
    recent: Callable[[], Recent]


def viewing(
    subject: Subject, log: Log, stats_interval_ns: int, known: Known, screen: Screen | None
) -> AbstractContextManager[Observer]:
    """What a person watches while it is entered: the live view, if there is a screen and the log is not for machines; else lines of
    statistics. To be entered after the last fork."""
    if screen is None or log.style == "json":
        return nullcontext(StatsLines(log, stats_interval_ns))
    return LiveView(screen, log, subject, known)


class LiveView(OnScreen):
    """Draws the run while it is entered, and holds the log's lines back until the terminal is free again."""

    def __init__(self, screen: Screen, log: Log, subject: Subject, known: Known) -> None:
        super().__init__(screen, log)
        self._subject = subject
        self._known = known
        self._pace = Pace()
        self._clocks = {name: Clock(name) for name in _CLOCKS}
        self._recent = Recent()
        self._lately = {name: Clock(name) for name in _CLOCKS}
        self._groups = GroupWatch(subject.groups)
        self._updates = 0
        self._is_recent = self._is_help = False

    def update(self, totals: RunTotals) -> None:
        """Handle the keys, and draw the state of the run."""
        for key in self.pressed():
            self._is_recent ^= key == "w" and not self._is_help
            self._is_help = key == "?" and not self._is_help
        self._pace.add(totals.elapsed_ns, totals.counts)
        times = totals.times
        self._follow_clocks(totals.counts, times)
        self._groups.follow(totals)
        columns, rows = self._screen.size
        self._screen.draw(frame(self._scene(totals, times), columns, rows, UNICODE if self._screen.has_unicode else ASCII))

    def _follow_clocks(self, counts: Counts, times: Times) -> None:
        """Calculate the figures of one clock per update, in turn: over a long run they are the main cost. At first, all of them."""
        for name in [_CLOCKS[self._updates % len(_CLOCKS)]] if self._updates else _CLOCKS:
            self._clocks[name] = _since_start(name, counts, times)
        self._updates += 1
        if self._known.recent() is not self._recent:
            self._recent = self._known.recent()
            self._lately = {name: _of_recent(name, self._recent) for name in _CLOCKS}

    def _scene(self, totals: RunTotals, times: Times) -> Scene:
        recent = self._recent
        if self._is_recent:
            clocks = list(self._lately.values())
            looked = Looked(recent.counts, recent.times.response, recent.undelivered["response"], is_recent=True)
        else:
            clocks = [_beside(self._clocks[name], self._lately[name]) for name in _CLOCKS]
            looked = Looked(totals.counts, times.response, totals.counts.unanswered)
        return Scene(
            subject=self._subject,
            elapsed_ns=totals.schedule_ns,
            zero_wall_ns=totals.zero_wall_ns,
            is_stopping=self._known.stop_asked(),
            counts=totals.counts,
            looked=looked,
            standing=self._known.standing(),
            rates=self._pace.rates,
            offered=self._pace.offered,
            achieved=self._pace.achieved,
            in_flight=self._pace.in_flight,
            asked=self._pace.asked,
            clocks=clocks,
            errors=totals.errors,
            groups=self._groups.tables,
            entries=self._log.recent(),
            knowledge=totals.knowledge,
            has_keys=self._screen.keyboard.is_there,
            is_help=self._is_help,
        )


def _since_start(name: str, counts: Counts, times: Times) -> Clock:
    undelivered = {"response": counts.unanswered, "service": counts.started_undelivered}.get(name, 0)
    return Clock(name, _figures(_clock_of(times, name), undelivered), undelivered=undelivered)


def _of_recent(name: str, recent: Recent) -> Clock:
    undelivered = recent.undelivered[name]
    return Clock(name, _figures(_clock_of(recent.times, name), undelivered), undelivered=undelivered)


def _beside(clock: Clock, lately: Clock) -> Clock:
    """The clock of the whole run with two figures of the last ten seconds."""
    p50, _, p99, *_ = lately.figures
    return replace(clock, lately=(p50, p99), lately_undelivered=lately.undelivered)


def _clock_of(times: Times, name: str) -> Histogram:
    found: Histogram = getattr(times, name)
    return found


def _figures(times: Histogram, undelivered: int) -> Sequence[int | None]:
    """Quantiles, and the largest."""
    return (*times.quantiles(_SHARES, undelivered), times.largest if times.count and not undelivered else None)
