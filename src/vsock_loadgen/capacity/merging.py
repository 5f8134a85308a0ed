"""Adds the parts of a ladder that several nodes have tried up to what the whole fleet has shown: counts summed, histograms merged.

Two figures of a trial cannot be added exactly: the most that was in flight, and the P99 of the lag. Here the first is the sum of
the nodes', the second the largest of them; the true value is never larger.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vsock_loadgen.capacity.backlog import backlog_from
from vsock_loadgen.capacity.goals import Goal, goals_from
from vsock_loadgen.capacity.ladder import Climb, ladder_terms
from vsock_loadgen.capacity.node_document import GoalKept, LadderPart, NamedPart, TrialKept
from vsock_loadgen.capacity.outcome import Capacity, Frame, capacity_of
from vsock_loadgen.capacity.statistics import spread_of
from vsock_loadgen.capacity.trial import GoalSeen, Trial, is_too_much, verdict_of
from vsock_loadgen.config.thresholds import parse_threshold
from vsock_loadgen.errors import ConfigError, Problem
from vsock_loadgen.measures.histogram import Histogram
from vsock_loadgen.plan.slices import split_fleet
from vsock_loadgen.record import shown
from vsock_loadgen.results.merging import OF_A_NODE, common
from vsock_loadgen.units import SECOND


def merge_parts(named: Sequence[NamedPart]) -> Capacity:
    """What the ladder of a fleet has shown, from its nodes' parts in any order; at least one. Trials that a node has not reached
    are left out.

    Raises ConfigError, with a problem for every wrong file, if they are not all the parts of one ladder.
    """
    if problems := [*_strangers(named), *_twice(named)] or list(_missing(named)):
        raise ConfigError(problems)
    parts = [each.part for each in named]
    first = parts[0]
    goals = _goals(named[0])
    terms = ladder_terms(first.outcome.vary, goals, first.loads, first.outcome.bounds.precision)
    tried = min(len(part.kept) for part in parts)
    trials = [
        merged_trial([(part.outcome.trials[number], part.kept[number]) for part in parts], goals, terms.precision)
        for number in range(tried)
    ]
    outcomes = [part.outcome for part in parts]
    idle = [outcome.idle_p95 for outcome in outcomes if outcome.idle_p95 is not None]
    frame = Frame(
        started_at=min(outcome.started_at for outcome in outcomes),
        target=_targets(outcomes),
        at_least=first.outcome.at_least,
        idle_p95=max(idle, default=None),
        config=common(outcome.config for outcome in outcomes),
        environment={**common(outcome.environment for outcome in outcomes), "nodes": [outcome.environment for outcome in outcomes]},
    )
    complete = all(outcome.complete for outcome in outcomes)
    return capacity_of(Climb(terms, trials), frame, probes=sum(outcome.probes for outcome in outcomes), complete=complete)


def merged_trial(parts: Sequence[tuple[Trial, TrialKept]], goals: Sequence[Goal], precision: float) -> Trial:
    """What all nodes have seen of one trial together."""
    trials, kept = [trial for trial, _ in parts], [each for _, each in parts]
    seen = tuple(_merged_goal(goal, [each.goals[number] for each in kept]) for number, goal in enumerate(goals))
    due, cut = sum(trial.due for trial in trials), any(trial.cut for trial in trials)
    slices = tuple(sum(at_once) for at_once in zip(*(trial.in_flight for trial in trials), strict=True))
    backlog = backlog_from(slices, due, precision, cut=cut)
    response = Histogram.merged(each.response for each in kept)
    p50, p99 = (_seconds(value) for value in response.quantiles((0.5, 0.99), sum(each.undelivered for each in kept)))
    lags = [trial.lag_p99 for trial in trials if trial.lag_p99 is not None]
    recovered = [trial.recovered_after for trial in trials]
    is_late = any(trial.generator_late for trial in trials)
    thrown_away = sum(trial.thrown_away for trial in trials)
    return Trial(
        number=trials[0].number,
        purpose=trials[0].purpose,
        level=trials[0].level,
        seconds=min(trial.seconds for trial in trials),
        cut=cut,
        due=due,
        delivered_per_second=sum(trial.delivered_per_second for trial in trials),
        thrown_away=thrown_away,
        most_in_flight=sum(trial.most_in_flight for trial in trials),
        p50=p50,
        p99=p99,
        goals=seen,
        growth=backlog.growth,
        backlog=backlog.means,
        lag_p99=max(lags, default=None),
        generator_late=is_late,
        in_flight=backlog.slices,
        recovered_after=None if None in recovered else max(each for each in recovered if each is not None),
        verdict=verdict_of(seen, too_much=is_too_much(backlog.means, thrown_away, cut=cut), generator_late=is_late),
    )


def _merged_goal(goal: Goal, kept: Sequence[GoalKept]) -> GoalSeen:
    """Batches are those of the same seconds: the cause that made one node's reports late may have affected the others too."""
    batches = [
        (sum(over for over, _ in at_once), sum(of for _, of in at_once))
        for at_once in zip(*(each.batches for each in kept), strict=True)
    ]
    over, of = (sum(column) for column in zip(*batches, strict=True))
    times = Histogram.merged(each.times for each in kept if each.times is not None)
    return GoalSeen.judged(goal, goal.figure(over, of, times), over, of, spread_of(batches))


def _strangers(named: Sequence[NamedPart]) -> Iterator[Problem]:
    """What shows that a part is not of the same ladder as the first."""
    first, *others = named
    for each in others:
        for what, found, expected in _differences(each.part, first.part):
            message = f"{what} is {shown(found)}, expected {shown(expected)} as in {first.name}: the nodes of a ladder share it"
            yield Problem(each.name, "", message)


def _differences(one: LadderPart, other: LadderPart) -> Iterator[tuple[str, object, object]]:
    """What decides when which reports are due, and how they are judged."""
    of_config = [
        (key, one.outcome.config.get(key), other.outcome.config.get(key))
        for key in sorted({*one.outcome.config, *other.outcome.config} - OF_A_NODE)
    ]
    of_ladder = [
        ("--vary", one.outcome.vary, other.outcome.vary),
        ("--ladder", one.loads, other.loads),
        ("--goal", one.outcome.goals, other.outcome.goals),
        ("--at-least", one.outcome.at_least and str(one.outcome.at_least), other.outcome.at_least and str(other.outcome.at_least)),
        ("--precision", one.outcome.bounds.precision, other.outcome.bounds.precision),
        ("nodeCount", one.node_count, other.node_count),
        ("the beginning", one.begins_at, other.begins_at),
        ("the length of a slot", one.slot_ns / SECOND, other.slot_ns / SECOND),
    ]
    yield from (each for each in (*of_config, *of_ladder) if each[1] != each[2])


def _twice(named: Sequence[NamedPart]) -> Iterator[Problem]:
    """Parts of a node that has another part."""
    taken: dict[int, str] = {}
    for each in named:
        index = each.part.node_index
        if index in taken:
            yield Problem(each.name, "", f"is of node {index}, expected another one than that of {taken[index]}")
        taken.setdefault(index, each.name)


def _missing(named: Sequence[NamedPart]) -> Iterator[Problem]:
    """Nodes that had VMs in one of the trials, but have no part."""
    present = {each.part.node_index for each in named}
    count = named[0].part.node_count
    most = max((trial.level.vms for each in named for trial in each.part.outcome.trials), default=count)
    for node in split_fleet(most, count):
        if node.vms and node.index not in present:
            message = f"the part of node {node.index} of {count} is missing: without it the load is not the whole fleet's"
            yield Problem("", "", message)


def _goals(named: NamedPart) -> tuple[Goal, ...]:
    """Those of the config, which is the same for all parts. Raises ConfigError if they cannot be read."""
    outcome = named.part.outcome
    try:
        goals = goals_from([parse_threshold(str(text)) for text in _listed(outcome.config.get("thresholds"))])
    except ValueError as error:
        raise ConfigError([Problem(named.name, "outcome.config.thresholds", str(error))]) from error
    if tuple(goal.expression for goal in goals) != outcome.goals:
        raise ConfigError(
            [Problem(named.name, "outcome.goals", f"found {shown(outcome.goals)}, expected those of outcome.config.thresholds")]
        )
    return goals


def _listed(thresholds: object) -> list[object]:
    if not isinstance(thresholds, list):
        raise ValueError(f"found {shown(thresholds)}, expected a list of thresholds")
    return thresholds


def _targets(outcomes: Sequence[Capacity]) -> str:
    first, *others = sorted({outcome.target for outcome in outcomes})
    return f"{first} and {len(others)} more" if others else first


def _seconds(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / SECOND
