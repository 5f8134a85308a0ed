"""The limits that nodes hold their own figures against add up to the fleet's, and are in proportion to what each is to send."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet_example import EXAMPLE, buckets, plan_of
from vsock_loadgen.config.blocks import Level, Phase
from vsock_loadgen.config.thresholds import parse_threshold
from vsock_loadgen.measures.figures import METRICS
from vsock_loadgen.plan.planning import Plan
from vsock_loadgen.plan.shares import Shares
from vsock_loadgen.units import SECOND

CONSTANT = Level(Fraction(1), Fraction(1))
LEVELS = st.builds(Level, *[st.integers(0, 4).map(lambda quarters: Fraction(quarters, 4))] * 2)
PHASES = st.lists(st.tuples(LEVELS, LEVELS), max_size=3)


def plan_with(phases: list[tuple[Level, Level]], *, nodes: int, vms: int = 23, repeat: bool = False) -> Plan:
    made = tuple(Phase(f"p{number}", 37 * SECOND, rate=rate, vms=on) for number, (rate, on) in enumerate(phases))
    return plan_of(replace(EXAMPLE, vm_count=vms, phases=made, repeat_phases=repeat), nodes=nodes)


@given(
    phases=PHASES,
    nodes=st.integers(1, 9),
    since=st.integers(0, 50),
    length=st.integers(0, 200),
    repeat=st.booleans(),
    name=st.sampled_from(["reports_per_second >= 15", "packages.2000.reports_per_second >= 3", "failed_percent < 1"]),
)
def test_the_limits_of_all_nodes_add_up_to_the_fleets_exactly(
    phases: list[tuple[Level, Level]], nodes: int, since: int, length: int, repeat: bool, name: str
) -> None:
    """What adds up over the fleet; everything else is held against what is written, on every node."""
    plan = plan_with(phases, nodes=nodes, repeat=repeat and bool(phases))
    asked = parse_threshold(name)
    limits = [Shares(plan, mine).applied([asked], since * SECOND, (since + length) * SECOND)[0].limit for mine in plan.nodes]
    if asked.metric.unit == "per_second":
        assert sum(limits) == asked.limit
    else:
        assert set(limits) == {asked.limit}


@pytest.mark.parametrize(
    "phases",
    [[], [(CONSTANT, Level(Fraction(1, 4), Fraction(1, 4)))], [(Level(Fraction(0), Fraction(2)), Level(Fraction(0), Fraction(1)))]],
    ids=["plain", "a quarter on", "ramps"],
)
def test_a_nodes_part_is_that_of_the_reports_that_fall_due(phases: list[tuple[Level, Level]]) -> None:
    """Held against the schedule itself, over a time in which every VM reports a hundred times."""
    plan = plan_with(phases, nodes=3, repeat=bool(phases))
    end_ns = 100 * max(plan.fleet.report_interval.values)
    due = []
    for mine in plan.nodes:
        schedule = plan.schedule(mine.indices())
        advance = schedule.advance(0)
        due.append(sum(1 for position in range(mine.vms) for _ in schedule.instants(position, end_ns, advance)))
    for mine, count in zip(plan.nodes, due, strict=True):
        assert float(Shares(plan, mine).of("", "", 0, end_ns)) == pytest.approx(count / sum(due), rel=0.05)


def test_every_figure_that_adds_up_over_the_fleet_is_known_to() -> None:
    """A figure in a new unit has to be thought of here."""
    assert {metric.unit for metric in METRICS.values()} == {"seconds", "percent", "per_second"}


def test_a_group_has_a_part_of_its_own() -> None:
    """A node may have many VMs and none of the largest."""
    plan = plan_of(replace(EXAMPLE, packages=buckets((50, 10), (50, 2000)), vm_count=2), nodes=2)
    large = [index for index, packages in enumerate(plan.fleet.packages.values) if packages == 2000]
    parts = [Shares(plan, mine).of("packages", "2000", 0, SECOND) for mine in plan.nodes]
    assert parts == [Fraction(mine.first_vm in large) for mine in plan.nodes]
