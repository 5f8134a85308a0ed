"""The terms that follow from the options of a search, for a fleet."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from vsock_loadgen.capacity.amounts import Amount, Asked, Vary
from vsock_loadgen.capacity.goals import Goal, longest_limit_ns
from vsock_loadgen.capacity.outcome import AtLeast
from vsock_loadgen.capacity.search import MOST_HALVINGS, Terms
from vsock_loadgen.config.blocks import MOST_VMS
from vsock_loadgen.config.model import Config
from vsock_loadgen.config.reconcile import variables_in
from vsock_loadgen.errors import ConfigError, Problem
from vsock_loadgen.units import MILLISECOND, SECOND, format_duration, format_seconds

_INTERVALS_PER_LIMIT = 10
"""A VM's mean interval has to be at least this many times the longest limit: otherwise its next report would be skipped, and not be
late."""
_SHORTEST_INTERVAL = MILLISECOND / SECOND


@dataclass(frozen=True, slots=True)
class Fleet:
    """What a search needs of the fleet of a config: VMs, reports per second, and the shortest interval in seconds."""

    vms: int
    per_second: float
    shortest_interval: float


def terms_of(asked: Asked, goals: tuple[Goal, ...], fleet: Fleet) -> Terms:
    """The terms of a search. Raises ConfigError if the bounds leave nothing to try."""
    own = 1.0 if asked.vary == "rate" else float(fleet.vms)
    most, most_by = most_load(asked.vary, goals, fleet)
    asked_most = load_in(asked.highest, asked.vary, fleet) if asked.highest else math.inf
    highest, by = (most, most_by) if most < asked_most else (asked_most, "bounds")
    start = load_in(asked.start, asked.vary, fleet) if asked.start else min(own, highest)
    terms = Terms(asked.vary, goals, start, start, highest, by, asked.precision, asked.confirm)
    start, highest = terms.rounded(start), highest if math.isinf(highest) else _rounded_down(terms, highest)
    if start > highest or not most:
        raise ConfigError([_nothing_to_try(asked, goals, fleet, by)])
    lowest = terms.rounded(start / 2**MOST_HALVINGS)
    return Terms(asked.vary, goals, start, lowest, highest, by, asked.precision, asked.confirm)


def most_load(vary: Vary, goals: Sequence[Goal], fleet: Fleet) -> tuple[float, Literal["bounds", "fleet"]]:
    """The highest load that a fleet can make so that its target is the limit; 0 if more VMs make it no better."""
    mean_interval = fleet.vms / fleet.per_second
    limit = longest_limit_ns(goals) / SECOND
    by_limit = mean_interval / (_INTERVALS_PER_LIMIT * limit) if limit else math.inf
    if vary == "vms":
        return (float(MOST_VMS), "bounds") if by_limit >= 1 else (0.0, "fleet")
    return min(by_limit, fleet.shortest_interval / _SHORTEST_INTERVAL), "fleet"


def load_in(amount: Amount, vary: Vary, fleet: Fleet) -> float:
    """An amount as the load that a search varies."""
    own = 1.0 if vary == "rate" else float(fleet.vms)
    return own * amount.value / fleet.per_second if amount.per_second else amount.value


def _rounded_down(terms: Terms, load: float) -> float:
    """The highest load that can be run, at most a given one."""
    rounded = terms.rounded(load)
    return rounded if rounded <= load * (1 + 1e-9) else terms.rounded(load * (1 - 1e-3))


def _nothing_to_try(asked: Asked, goals: Sequence[Goal], fleet: Fleet, by: str) -> Problem:
    start = f"--from {asked.start.text}" if asked.start else "the config's own rate"
    if by == "bounds":
        most = asked.highest.text if asked.highest else f"{MOST_VMS:,} VMs"
        return Problem("--to", "", f"found {most}, expected at least {start}")
    mean_interval = fleet.vms / fleet.per_second
    if asked.vary == "vms":
        return Problem("", "reportInterval", too_often(mean_interval, longest_limit_ns(goals)))
    return Problem("--from", "", f"with {start} and more, {too_often(mean_interval, longest_limit_ns(goals))}: add VMs")


def too_often(mean_interval: float, limit_ns: int) -> str:
    """What is wrong with a load with this mean interval in seconds."""
    return (
        f"a VM reports every {format_seconds(mean_interval * SECOND)} on average, expected at least "
        f"{_INTERVALS_PER_LIMIT} times the limit of {format_duration(limit_ns)}, otherwise the fleet is the limit"
    )


def at_least_of(asked: Asked) -> AtLeast | None:
    """What has to hold. Raises ConfigError if a factor is asked for."""
    if asked.at_least is None:
        return None
    return AtLeast(asked.at_least.value, "reports_per_second" if asked.at_least.per_second else "vms")


def check_config(config: Config, *, nodes: int, ladder: bool = False) -> None:
    """Raises ConfigError with every key that a search, or a ladder, cannot use."""
    problems = list(_of_a_ladder(config, nodes) if ladder else _of_a_search(config, nodes))
    if config.phases:
        problems.append(config.problem("phases", "found phases of load, expected none: a search sets the load itself"))
    if config.delivery == "written":
        problems.append(
            config.problem("delivery", "found written, expected confirmed: writing alone does not show the target's limit")
        )
    if problems:
        raise ConfigError(problems)


def _of_a_search(config: Config, nodes: int) -> Iterator[Problem]:
    if config.start_at_ns is not None:
        yield config.problem("startAt", "found an instant, expected none: trials begin one after the other")
    if nodes > 1:
        message = (
            f"found {nodes}, expected 1: nothing tells several nodes which trial comes next (--ladder names the loads instead)"
        )
        yield config.problem("nodeCount", message)


def _of_a_ladder(config: Config, nodes: int) -> Iterator[Problem]:
    if nodes > 1 and config.start_at_ns is None:
        yield config.problem("startAt", f"found none, expected the instant at which all {nodes} nodes begin with the first load")
    url = config.reconcile_url
    if nodes > 1 and url is not None and not variables_in(url):
        message = f"found {url}, expected a variable such as ${{HOST_IP}} in it: the counters of one target do not tell nodes apart"
        yield config.problem("reconcile", message)
