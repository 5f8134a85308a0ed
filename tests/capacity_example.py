"""Outcomes of searches that never took place: of a target that delivers `most` reports per second, whatever it is given."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from vsock_loadgen.capacity.outcome import AtLeast, Bounds, Capacity
from vsock_loadgen.capacity.trial import GoalSeen, Level, Purpose, Trial

P99, LOST = "response_time.p99 < 500ms", "undelivered_percent <= 0.1"
HOSTILE = "[bold]x[/] | <b>`*_y_*` :100:.json"
"""A name that is markup everywhere."""
VMS, PER_SECOND = 2_000, 20.0
"""The fleet's own load."""
DUE, PARTS = 1_000, 12
CONFIG: dict[str, Any] = {
    "vmCount": VMS,
    "packages": 10,
    "reportInterval": "1m40s",
    "seed": 0,
    "target": "unix:///run/relay.sock",
    "thresholds": [P99],
    "workers": "auto",
}
ENVIRONMENT: dict[str, Any] = {"vsock_loadgen": "0.1.0", "python": "3.11.7", "cpus": 2}


def at_rate(rate: float) -> Level:
    """A load of the fleet that reports so many times as often."""
    return Level(float(rate), VMS, PER_SECOND * rate)


def at_vms(vms: int) -> Level:
    """A load of so many VMs."""
    return Level(1.0, vms, PER_SECOND * vms / VMS)


def trial_of(number: int, level: Level, most: float, purpose: Purpose = "search", **changes: Any) -> Trial:
    """A trial at a load: its queue grows by what the target does not deliver, and each report waits for those before it."""
    load = level.reports_per_second
    seconds = DUE / load
    rise = max(0.0, load - most)
    queue = [load * 0.05 + rise * seconds * part / PARTS for part in range(1, PARTS + 1)]
    p50, p99 = (queue[part] / min(load, most) for part in (PARTS // 2, PARTS - 1))
    holds = not rise
    p99 = p99 if holds else max(0.558, p99)
    goals = (
        GoalSeen(P99, p99, holds, 0 if holds else DUE // 2, DUE, 1.0, clear=True),
        GoalSeen(LOST, 0.0, met=True, over=0, of=DUE, spread=1.0, clear=True),
    )
    made = Trial(
        number=number,
        purpose=purpose,
        level=level,
        seconds=seconds,
        due=DUE,
        delivered_per_second=float(min(load, most)),
        most_in_flight=round(queue[-1]),
        p50=p50,
        p99=p99,
        goals=goals,
        growth=rise / load,
        backlog="grows" if rise else "level",
        lag_p99=0.002,
        generator_late=False,
        in_flight=tuple(queue),
        recovered_after=0.2,
        verdict="holds" if holds else "misses",
    )
    return replace(made, **changes)


def capacity_of(levels: list[Level], most: float, **changes: Any) -> Capacity:
    """The outcome of trials at these loads, in their order; the last two: the plateau, and whether the target has changed."""
    purposes: list[Purpose] = ["search"] * (len(levels) - 2)
    trials = [
        trial_of(number, level, most, purpose)
        for number, (level, purpose) in enumerate(zip(levels, (*purposes, "plateau", "last"), strict=True), 1)
    ]
    by_verdict = {
        verdict: [trial.level for trial in trials if trial.verdict == verdict and trial.purpose == "search"]
        for verdict in ("holds", "misses")
    }
    made = Capacity(
        started_at="2026-11-23T08:00:00.250000+00:00",
        target="unix:///run/relay.sock",
        vary="rate" if len({level.vms for level in levels}) == 1 else "vms",
        holds=max(by_verdict["holds"], key=_load, default=None),
        misses=min(by_verdict["misses"], key=_load, default=None),
        limited_by=P99 if by_verdict["misses"] else "bounds",
        plateau_reports_per_second=float(most),
        confidence="clear",
        contradictory_from=None,
        goals=(P99, LOST),
        at_least=None,
        bounds=Bounds(1.0, 1 / 32, 20.0, 0.05, 2),
        idle_p95=0.0545,
        probes=56,
        complete=True,
        trials=tuple(trials),
        config=CONFIG,
        environment=ENVIRONMENT,
    )
    return replace(made, **changes)


def _load(level: Level) -> float:
    return level.reports_per_second


def found(**changes: Any) -> Capacity:
    """Bounds of 95 and 100 reports per second, at a target that delivers 97."""
    return capacity_of([at_rate(rate) for rate in (1, 2, 4, 8, 5.65, 4.75, 5, 7.5, 1)], 97, **changes)


def slower(**changes: Any) -> Capacity:
    """The same of a target of which 76 hold, and 80 do not."""
    return capacity_of([at_rate(rate) for rate in (1, 2, 4, 2.8, 3.4, 3.8, 6, 1)], 77, **changes)


def a_bit_slower(**changes: Any) -> Capacity:
    """The same of a target of which 92 hold, and 96 do not: bounds that lie across those of `found`."""
    return capacity_of([at_rate(rate) for rate in (1, 2, 4, 8, 4.6, 4.8, 7.2, 1)], 93, **changes)


def by_vms(most: float = 97, **changes: Any) -> Capacity:
    """A search for the number of VMs, of which 9,500 hold and 10,000 do not."""
    levels = [at_vms(vms) for vms in (2_000, 4_000, 8_000, 16_000, 9_500, 10_000, 15_000, 2_000)]
    return capacity_of(levels, most, **{"bounds": Bounds(2_000.0, 63.0, 20_000.0, 0.05, 2), **changes})


def nothing_held() -> Capacity:
    """A search whose lowest load misses, with reports that were never delivered."""
    made = capacity_of([at_rate(rate) for rate in (1, 0.5, 0.25, 1.5, 0.25)], 2, plateau_reports_per_second=None)
    lost = GoalSeen(P99, None, met=False, over=900, of=DUE, spread=4.0, clear=True)
    trials = tuple(replace(each, p50=None, p99=None, goals=(lost, *each.goals[1:]), verdict="misses") for each in made.trials)
    return replace(made, holds=None, misses=at_rate(0.25), trials=trials)


def generator_limited() -> Capacity:
    """A search that ended where the generator was late."""
    made = capacity_of([at_rate(rate) for rate in (1, 2, 4, 1, 1)], 1_000)
    late = replace(trial_of(4, at_rate(8), 1_000), verdict="late", generator_late=True, lag_p99=0.07)
    trials = (*made.trials[:3], late)
    return replace(made, trials=trials, limited_by="generator", plateau_reports_per_second=None)


def contradictory() -> Capacity:
    """A search that did not see the same target all the time."""
    return found(confidence="contradictory", contradictory_from=6, at_least=AtLeast(200.0, "reports_per_second"))


def not_begun() -> Capacity:
    """A search that was interrupted before its first trial."""
    made = found(confidence="interrupted", complete=False, trials=(), holds=None, misses=None, limited_by=None)
    return replace(made, plateau_reports_per_second=None, idle_p95=None)


def in_a_file(capacity: Capacity, path: Path) -> Path:
    """The document of an outcome in a file."""
    path.write_text(json.dumps(capacity.to_json()), encoding="utf-8")
    return path
