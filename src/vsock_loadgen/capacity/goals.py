"""The goals of a load: of the reports due, the share that may miss each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, get_args

from vsock_loadgen.config.expressions import plain_number, split_expression
from vsock_loadgen.config.model import Config
from vsock_loadgen.config.thresholds import Threshold
from vsock_loadgen.errors import ConfigError, Problem
from vsock_loadgen.measures.cells import PHASE
from vsock_loadgen.measures.figures import Measurable
from vsock_loadgen.measures.histogram import Histogram
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.percentiles import percentile_of
from vsock_loadgen.units import SECOND, parse_duration

Loss = Literal["failed", "skipped", "unfinished"]
"""The fates of a due report that is not delivered."""
LOSSES: tuple[Loss, ...] = get_args(Loss)
GUARD_SHARE = Fraction(1, 1000)
"""The share of due reports that may be lost if no goal says it."""
_OF_TIMES, _OF_SHARES = 10, 3
"""Reports that a trial needs: this many expected over the limit of a percentile; and enough of them that none lost shows a share
(the rule of three: with 95 % confidence, of n reports at most 3/n)."""
_EXAMPLE = "response_time.p99 < 500ms"
_WANTED = "expected a percentile of response_time or service_time, or a share such as failed_percent < 0.1"
_SHARES = {f"{loss}_percent": loss for loss in LOSSES}


@dataclass(frozen=True, slots=True)
class Goal:
    """At most `share` of the due reports of a part of the fleet may be `over`: lost in one of the ways of `losses`, or, if there is
    a `limit_ns`, delivered later than that.

    `dimension` and `part` name a group of VMs; both are empty for the whole fleet. With `is_service` only started reports count,
    from their start. A `guard` is a goal that the user has not set.
    """

    expression: str
    share: Fraction
    losses: tuple[Loss, ...] = LOSSES
    limit_ns: int | None = None
    is_service: bool = False
    dimension: str = ""
    part: str = ""
    is_guard: bool = False

    @property
    def scope(self) -> str:
        """The dimension that a trial's cells have its reports under."""
        return f"{self.dimension}.{self.part}" if self.dimension else PHASE

    @property
    def reports(self) -> int:
        """How many reports a trial needs at least for a judgement. A guard takes what there is."""
        return 0 if self.is_guard else math.ceil((_OF_SHARES if self.limit_ns is None else _OF_TIMES) / self.share)

    def due(self, counts: Counts) -> int:
        """The reports that count."""
        return counts.started - counts.in_flight if self.is_service else counts.settled

    def over(self, measured: Measurable) -> int:
        """Those of them that are over."""
        counts, times = measured.counts, measured.times
        if self.limit_ns is None:
            return sum(int(getattr(counts, loss)) for loss in self.losses)
        if self.is_service:
            return counts.started_undelivered + times.service.above(self.limit_ns)
        return counts.undelivered + times.response.above(self.limit_ns)

    def value(self, measured: Measurable) -> float | None:
        """The figure that people know: the percentile in seconds, or the share in percent; None if there is none, or the
        percentile falls among lost reports."""
        return self.figure(self.over(measured), self.due(measured.counts), self.times(measured))

    def times(self, measured: Measurable) -> Histogram:
        """The times that a limit is about."""
        return measured.times.service if self.is_service else measured.times.response

    def figure(self, over: int, of: int, times: Histogram) -> float | None:
        """The same from what was counted: `over` of the reports `of` that count, and the times of those that were delivered."""
        if self.limit_ns is None:
            return 100 * over / of if of else None
        found = times.quantile(float(1 - self.share), over - times.above(self.limit_ns))
        return None if found is None else found / SECOND


def goals_of(config: Config) -> tuple[Goal, ...]:
    """The thresholds of a config as goals, and the guard. Raises ConfigError with a problem for each that cannot be one."""
    goals, problems = [], []
    for number, threshold in enumerate(config.thresholds):
        try:
            goals.append(_goal(threshold))
        except ValueError as error:
            problems.append(config.problem(f"thresholds[{number}]", f"found {threshold}, which is not a goal of a search: {error}"))
    if not config.thresholds:
        problems.append(Problem("", "thresholds", f"found none, {_WANTED} (--goal sets one)"))
    if problems:
        raise ConfigError(problems)
    return (*goals, *_guard(goals))


def goals_from(thresholds: Sequence[Threshold]) -> tuple[Goal, ...]:
    """Thresholds as goals, and the guard. Raises ValueError if one cannot be a goal."""
    goals = [_goal(threshold) for threshold in thresholds]
    return (*goals, *_guard(goals))


def _goal(threshold: Threshold) -> Goal:
    """Raises ValueError with the reason why a threshold says nothing about a load."""
    name = threshold.metric.name
    if threshold.dimension == PHASE:
        raise ValueError("a trial has no phases of load")
    if name == "reports_per_second":
        raise ValueError(f"it is the load itself, {_WANTED}")
    clock, _, point = name.partition(".")
    if clock == "lag":
        raise ValueError(f"it is the generator's own lateness, {_WANTED}")
    if point in ("max", "mean"):
        raise ValueError(f"no share of the reports decides it, {_WANTED}")
    at = percentile_of(point) if point else None
    is_delivered = name == "delivered_percent"
    if threshold.comparison.startswith(">") != is_delivered:
        raise ValueError("it gets easier with more load, expected " + (">" if is_delivered else "<"))
    if at is not None:
        limit_ns = int(threshold.limit * SECOND)
        return _made(threshold, 1 - at / 100, limit_ns=limit_ns, is_service=clock == "service_time")
    if is_delivered:
        return _made(threshold, 1 - threshold.limit / 100)
    return _made(threshold, threshold.limit / 100, losses=(_SHARES[name],))


def _made(
    threshold: Threshold,
    share: Fraction,
    *,
    losses: tuple[Loss, ...] = LOSSES,
    limit_ns: int | None = None,
    is_service: bool = False,
) -> Goal:
    if share <= 0:
        raise ValueError("no number of reports proves that none is ever lost; expected a share above 0 such as 0.1")
    return Goal(threshold.expression, share, losses, limit_ns, is_service, threshold.dimension, threshold.part)


def _guard(goals: Sequence[Goal]) -> Iterator[Goal]:
    """The guard: losses that no goal names, which have to be few."""
    named = {loss for goal in goals if goal.limit_ns is None and not goal.dimension for loss in goal.losses}
    left = tuple(loss for loss in LOSSES if loss not in named)
    if left:
        percent = float(100 * GUARD_SHARE)
        name = "undelivered_percent" if left == LOSSES else f"{'_and_'.join(left)}_percent"
        yield Goal(f"{name} <= {percent:g}", GUARD_SHARE, left, is_guard=True)


def longest_limit_ns(goals: Sequence[Goal]) -> int:
    """The longest time that a goal allows; 0 if none is about times."""
    return max((goal.limit_ns or 0 for goal in goals), default=0)


def limit_of(expression: str) -> float | None:
    """The largest allowed figure of a goal, as `Goal.value` has it: seconds, or percent; None if that is unknown."""
    try:
        parts = split_expression(expression, "limit", _EXAMPLE)
        if not parts.name.endswith("_percent"):
            return parse_duration(parts.written) / SECOND
    except ValueError:
        return None
    percent = plain_number(parts.written)
    is_delivered = parts.name.rpartition(".")[2] == "delivered_percent"
    return None if percent is None else float(100 - percent if is_delivered else percent)
