"""The slots of a ladder follow from the config alone, and what its trials say is never more than they have shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulated_target import Simulated, goals
from vsock_loadgen.capacity.amounts import Amount, Asked, Vary
from vsock_loadgen.capacity.ladder import READY_NS, RECOVERY_NS, Climb, Ladder, ladder_of, ladder_terms
from vsock_loadgen.capacity.outcome import Capacity, Frame, capacity_of
from vsock_loadgen.capacity.search import Step
from vsock_loadgen.capacity.timing import Lengths
from vsock_loadgen.capacity.trial import Level, Trial
from vsock_loadgen.config.load import load
from vsock_loadgen.errors import ConfigError
from vsock_loadgen.trials import Bench, prepared
from vsock_loadgen.units import MILLISECOND, SECOND

FLEET = """
loadgen:
  vmCount: 203
  packages: {buckets: [{percent: 90, value: 5}, {percent: 10, value: 50}]}
  reportInterval: 20s
  target: embedded
  thresholds: [response_time.p90 < 300ms, packages.50.failed_percent < 10]
"""
Make = Callable[..., Bench]


def asked(*loads: str, vary: Vary = "rate") -> Asked:
    return Asked(vary=vary, ladder=tuple(map(Amount.parse, loads)))


@pytest.fixture
def bench(tmp_path: Path) -> Make:
    """Makes what one node of several knows of a ladder."""

    def made(
        *loads: str, node: int = 0, nodes: int = 2, vary: Vary = "rate", more: str = "  startAt: 2026-11-28T00:00:00Z\n"
    ) -> Bench:
        path = tmp_path / "fleet.yaml"
        path.write_text(FLEET + more)
        config = replace(load(path, environment={}).config, node_index=node, node_count=nodes)
        return prepared(config, asked(*loads, vary=vary), node=node)

    return made


@given(
    st.lists(st.tuples(st.integers(2 * SECOND, 30 * SECOND), st.integers(5 * SECOND, 600 * SECOND)), min_size=1, max_size=9),
    st.integers(0, 120 * SECOND),
)
def test_every_slot_has_room_for_its_trial_and_for_the_target_to_recover(parts: Sequence[tuple[int, int]], drain_ns: int) -> None:
    lengths = [Lengths(*part) for part in parts]
    ladder = ladder_of(range(len(parts)), lengths, drain_ns)
    assert all(each.settle_ns + each.window_ns + drain_ns <= ladder.drained_ns for each in lengths)
    assert 0 <= ladder.slot_ns - (ladder.drained_ns + RECOVERY_NS + READY_NS) < SECOND
    assert ladder.slot_ns % SECOND == 0


def test_the_trial_of_number_k_begins_k_minus_one_slots_after_the_start() -> None:
    ladder = Ladder((1.0, 2.0, 3.0), Lengths(2 * SECOND, 5 * SECOND), 10 * SECOND)
    assert [ladder.begins_ns(number, 1_000) for number in (1, 2, 3)] == [1_000, 1_000 + 32 * SECOND, 1_000 + 64 * SECOND]
    assert ladder.seconds_from(2) == 64


def test_every_node_has_the_same_slots_whatever_part_of_the_fleet_it_sends(bench: Make) -> None:
    ladders = [bench("20/s", "5/s", node=node, nodes=3).ladder() for node in range(3)]
    assert ladders[0] == ladders[1] == ladders[2]
    # 30 reports of the 20 VMs with 50 packages at the lowest load: for 100 of the whole fleet, 20 s would be enough.
    assert ladders[0].lengths.window_ns == pytest.approx(30 / (5 * 20 / 203) * SECOND, rel=0.01)


def test_what_the_nodes_have_due_in_a_trial_is_what_one_node_would_have(bench: Make) -> None:
    def due(each: Bench) -> dict[int, int]:
        """The first moment of each of its VMs in the third trial."""
        plan, _ = each.trial_plan(Step(2.0, "ladder"), 3, each.ladder().lengths)
        schedule = plan.schedule(plan.nodes[each.node].indices())
        return dict(zip(schedule.indices, schedule.offset_ns, strict=True))

    parts = [due(bench("2", node=node, nodes=3)) for node in range(3)]
    assert sum(map(len, parts)) == 203
    assert parts[0] | parts[1] | parts[2] == due(bench("2", nodes=1))


def test_loads_come_in_ascending_order_and_one_named_twice_is_tried_twice(bench: Make) -> None:
    rate = 203 / 20
    assert bench("3", f"{rate}/s", "2").loads == (1.0, 2.0, 3.0)
    assert bench("2", f"{2 * rate}/s").loads == (2.0, 2.0)
    assert bench("400", "50", vary="vms").loads == (50.0, 400.0)
    assert bench(f"{2 * rate}/s", vary="vms").loads == (406.0,)


def test_a_load_under_which_vms_would_skip_is_refused_and_so_are_more_vms_than_there_may_be(bench: Make) -> None:
    with pytest.raises(ConfigError, match=r"--ladder: with 100/s a VM reports every 2.03 s .*expected at least 10 times") as caught:
        bench("5/s", "100/s", "200/s")
    assert len(caught.value.problems) == 2
    with pytest.raises(ConfigError, match=r"--ladder: found 4,000,000, expected at most 1,000,000 VMs"):
        bench("4,000,000", vary="vms")


def test_a_fleet_that_does_not_fit_its_nodes_is_refused_before_the_first_slot(bench: Make) -> None:
    with pytest.raises(ConfigError, match="CIDs would collide"):
        bench("100", "30000", vary="vms").ladder()
    with pytest.raises(ConfigError, match="has no VM"):
        bench("1", "100", vary="vms").ladder()


def test_several_nodes_need_a_common_start_and_each_a_target_of_its_own_to_ask(bench: Make) -> None:
    with pytest.raises(ConfigError, match="startAt: found none, expected the instant at which all 2 nodes begin"):
        bench("5/s", more="")
    assert bench("5/s", nodes=1, more="").loads
    start = "  startAt: 2026-11-28T00:00:00Z\n"
    with pytest.raises(ConfigError, match="expected a variable such as"):
        bench("5/s", more=f"{start}  reconcile: http://relay:9091/metrics\n")
    assert bench("5/s", more=f"{start}  reconcile: http://${{HOST_IP}}:9091/metrics\n").loads


def test_a_search_is_refused_on_several_nodes_and_with_a_start(bench: Make) -> None:
    with pytest.raises(ConfigError) as caught:
        bench()
    assert [problem.path for problem in caught.value.problems] == ["startAt", "nodeCount"]


def climbed(target: Simulated, *loads: float) -> tuple[Climb, Capacity]:
    """What the trials of a ladder say, and the outcome."""
    trials = [target.trial(Step(each, "ladder"), number) for number, each in enumerate(loads, 1)]
    return outcome(target, trials)


def outcome(target: Simulated, trials: Sequence[Trial]) -> tuple[Climb, Capacity]:
    found = Climb(target.terms, trials)
    frame = Frame(
        started_at="2026-11-28T00:00:00+00:00", target="embedded", at_least=None, idle_p95=0.001, config={}, environment={}
    )
    return found, capacity_of(found, frame, probes=20, complete=True)


def rate_of(level: Level | None) -> float | None:
    return level.rate if level else None


def simulated(*loads: float, **others: object) -> Simulated:
    """A target of one server that takes 10 ms for a report, so 100 a second, and a fleet that makes 10 at load 1."""
    terms = ladder_terms("rate", goals("response_time.p99 < 500ms"), loads, 0.05)
    return Simulated(terms, 10.0, **{"service_ns": lambda number: 10 * MILLISECOND, **others})  # type: ignore[arg-type]


def test_what_holds_is_the_highest_load_below_the_lowest_miss() -> None:
    loads = (4.0, 8.0, 12.0, 16.0)
    found, capacity = climbed(simulated(*loads), *loads)
    assert rate_of(capacity.holds) == 8
    assert rate_of(capacity.misses) == 12
    assert capacity.limited_by == "response_time.p99 < 500ms"
    assert (capacity.confidence, capacity.code, found.next) == ("clear", 0, None)


def test_a_ladder_that_ends_below_the_capacity_is_limited_by_its_own_bounds() -> None:
    _, capacity = climbed(simulated(4.0, 8.0), 4.0, 8.0)
    assert rate_of(capacity.holds) == 8
    assert (capacity.misses, capacity.limited_by, capacity.code) == (None, "bounds", 0)


def test_a_load_for_which_the_generator_was_late_is_an_upper_end_at_the_first_time() -> None:
    late = simulated(2.0, 4.0, 8.0, lag_ns=lambda load: 100 * MILLISECOND if load > 3 else 0)
    _, capacity = climbed(late, 2.0, 4.0, 8.0)
    assert rate_of(capacity.holds) == 2
    assert (capacity.misses, capacity.limited_by, capacity.code) == (None, "generator", 4)


def test_a_trial_that_is_not_clear_leaves_its_load_open() -> None:
    target = simulated(4.0, 8.0)
    sure, unsure = (target.trial(Step(load, "ladder"), number) for number, load in enumerate((4.0, 8.0), 1))
    unsure = replace(unsure, goals=(replace(unsure.goals[0], over=8, of=1_000, clear=False), *unsure.goals[1:]))
    found, capacity = outcome(target, [sure, unsure])
    assert rate_of(capacity.holds) == 4
    assert (capacity.misses, capacity.limited_by) == (None, None)
    assert [point.verdict for point in found.points] == ["holds", None]


def test_a_clear_hold_above_a_clear_miss_is_a_contradiction_from_the_later_of_the_two_on() -> None:
    slow_at_first = simulated(4.0, 8.0, service_ns=lambda number: (40 if number == 1 else 10) * MILLISECOND)
    _, capacity = climbed(slow_at_first, 4.0, 8.0)
    assert (capacity.confidence, capacity.contradictory_from, capacity.code) == ("contradictory", 2, 1)
    assert capacity.holds is None


def test_a_target_that_is_not_itself_again_ends_the_ladder() -> None:
    _, capacity = climbed(simulated(4.0, 8.0, recovers=lambda number: number < 2), 4.0, 8.0)
    assert (capacity.limited_by, capacity.code) == ("not recovered", 1)
