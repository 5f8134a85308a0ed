"""Merging adds exactly: what the parts hold, the whole holds, no more and no less; and what is not of one run is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet_example import EXAMPLE, plan_of
from run_example import histogram_of, result_of
from vsock_loadgen.config.thresholds import Threshold
from vsock_loadgen.errors import ConfigError
from vsock_loadgen.measures.figures import METRICS
from vsock_loadgen.measures.histogram import Histogram
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.series import MOST_ROWS, RowTimes, Series, SeriesRow
from vsock_loadgen.measures.snapshot import Counts, Times
from vsock_loadgen.plan.document import plan_document
from vsock_loadgen.results.clocks import ClockStep
from vsock_loadgen.results.measured import PhaseResult
from vsock_loadgen.results.merging import merge_results, merged_series
from vsock_loadgen.results.reconciliation import Reconciliation, TargetCounters
from vsock_loadgen.results.result import Named, Verdict
from vsock_loadgen.units import MILLISECOND, SECOND

NODES = 4
START = 1_700_000_000
PLAN = plan_document(plan_of(replace(EXAMPLE, node_count=NODES)))
GENERATOR = {"workers": 1, "worker_cpu_seconds": [0.5], "parent_cpu_seconds": 0.25, "share_of_machine": 0.1, "saturation": None}


def node_of(index: int, *response_ms: int, failed: int = 0, began: float = START, **changes: object) -> Named:
    """The result of one node of four, of a run of 20 s that began `began` seconds after the epoch."""
    delivered = len(response_ms)
    failures = {FailureClass.TIMEOUT: failed} if failed else {}
    counts = Counts(
        due=delivered + failed, started=delivered + failed, delivered=delivered, bytes=1000 * delivered, failures=failures
    )
    times = Times(*(histogram_of(*(MILLISECOND * value for value in response_ms)) for _ in range(3)))
    series = Series()
    series.add(int(began), counts, 0, times)
    result = replace(
        result_of(counts, times),
        config={"vmCount": 200, "nodeCount": NODES, "nodeIndex": index, "duration": "20s", "target": f"unix:///{index}"},
        plan=PLAN,
        slice={"node_index": index, "node_count": NODES, "first_vm": 50 * index, "vms": 50, "first_cid": 3 + 10_000 * index},
        started_at=datetime.fromtimestamp(began, UTC).isoformat(),
        generator=GENERATOR,
        series=series.rows(),
    )
    return Named(f"node-{index}.json", replace(result, **changes))  # type: ignore[arg-type]


def fleet() -> list[Named]:
    """Four nodes that each delivered two reports."""
    return [node_of(index, 10 * index + 1, 10 * index + 2) for index in range(NODES)]


def refusals(*parts: Named) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        merge_results(parts)
    return [str(problem) for problem in caught.value.problems]


@settings(max_examples=40, deadline=None)
@given(parts=st.lists(st.lists(st.integers(0, 10_000), max_size=6), min_size=NODES, max_size=NODES))
def test_the_sum_of_the_nodes_is_the_histogram_of_all_their_reports(parts: list[list[int]]) -> None:
    """RowTimes of the merged histogram are those of all reports together, which no average of quantiles would be."""
    whole = merge_results([node_of(index, *values) for index, values in enumerate(parts)])
    everything = [MILLISECOND * value for values in parts for value in values]
    assert whole.times.response == histogram_of(*everything)
    assert whole.counts.due == whole.counts.delivered == len(everything)
    assert whole.counts.bytes == 1000 * len(everything)
    assert whole.response.p99 == histogram_of(*everything).quantile(0.99)


def test_the_order_of_the_files_does_not_matter() -> None:
    parts = fleet()
    assert merge_results(parts) == merge_results(parts[::-1]) == merge_results([parts[2], parts[0], parts[3], parts[1]])


def test_a_sum_is_not_added_to_another() -> None:
    parts = fleet()
    half = Named("half.json", merge_results(parts[:2]))
    assert refusals(half, parts[2]) == ["half.json: is a merged result, expected the results of single nodes"]


def test_the_whole_fleet_is_complete_and_has_all_its_vms() -> None:
    whole = merge_results(fleet())
    assert (whole.complete, whole.verdict.status, whole.verdict.exit_code) == (True, "passed", 0)
    assert (whole.slice["node_index"], whole.slice["vms"], whole.slice["first_cid"]) == (None, 200, 3)
    assert whole.config == {"vmCount": 200, "nodeCount": NODES, "duration": "20s"}
    assert whole.generator["worker_cpu_seconds"] == [0.5] * NODES


def test_a_missing_node_makes_the_whole_incomplete_and_is_named() -> None:
    parts = fleet()
    whole = merge_results([parts[0], parts[1], parts[3]])
    assert (whole.complete, whole.verdict.status, whole.verdict.exit_code) == (False, "invalid", 1)
    assert whole.verdict.reasons == ("the result of node 2 of 4 is missing: its 50 VMs are not counted",)


def test_a_node_without_vms_is_not_missed() -> None:
    few = plan_document(plan_of(replace(EXAMPLE, vm_count=1, node_count=2)))
    only = replace(
        node_of(0, 1).result, plan=few, slice={"node_index": 0, "node_count": 2, "first_vm": 0, "vms": 1, "first_cid": 3}
    )
    assert merge_results([Named("a.json", only)]).complete


@pytest.mark.parametrize(("exit_code", "reason"), [(1, "worker 0 was lost"), (4, "the generator was late")])
def test_the_whole_is_invalid_where_a_part_is_and_says_why(exit_code: int, reason: str) -> None:
    parts = [*fleet()[:3], node_of(3, 5, verdict=Verdict("invalid", (reason,), exit_code))]
    verdict = merge_results(parts).verdict
    assert verdict == Verdict("invalid", (f"node-3.json: {reason}",), exit_code)


def test_phases_are_added_up_one_by_one() -> None:
    def phases_of(*due: int) -> tuple[PhaseResult, ...]:
        times = Times(histogram_of(5), histogram_of(5), histogram_of(5))
        return tuple(PhaseResult(f"phase {number}", Counts(due=count), times) for number, count in enumerate(due))

    whole = merge_results([node_of(0, 1, phases=phases_of(1, 2)), node_of(1, 1, phases=phases_of(10, 20))])
    assert [(phase.name, phase.counts.due) for phase in whole.phases] == [("phase 0", 11), ("phase 1", 22)]
    assert whole.phases[1].times.response == histogram_of(5, 5)


def test_thresholds_are_judged_on_the_sums() -> None:
    """Each node alone has a median under 30 ms, and one has a higher one than the whole fleet."""
    limit = Threshold("response_time.max < 35ms", METRICS["response_time.max"], limit=Fraction(35, 1000))
    missed = merge_results([*fleet()[:3], node_of(3, 40)], [limit])
    met = merge_results(fleet(), [limit])
    assert (met.verdict.status, [judged.passed for judged in met.thresholds]) == ("passed", [True])
    assert (missed.verdict.status, missed.verdict.exit_code) == ("failed", 3)
    assert missed.verdict.reasons == ("response_time.max < 35ms is missed: 40 ms",)


def test_undelivered_reports_of_one_node_are_longer_than_any_of_the_fleet() -> None:
    whole = merge_results([node_of(0, 1), node_of(1, 1), node_of(2, 1), node_of(3, failed=3)])
    assert whole.counts.failures == {FailureClass.TIMEOUT: 3}
    assert (whole.response.count, whole.response.p50, whole.response.largest) == (6, MILLISECOND, None)


def test_the_run_lasts_from_the_first_start_to_the_last_end() -> None:
    whole = merge_results([node_of(index, 1, began=START + 2 * index) for index in range(NODES)])
    assert whole.elapsed_ns == (20 + 2 * 3) * SECOND
    assert datetime.fromisoformat(whole.started_at).timestamp() == START


def test_nodes_that_did_not_begin_together_are_named_with_the_distance() -> None:
    together = [node_of(index, 5, began=START + 0.2 * index) for index in range(NODES)]
    older = merge_results(together).warnings
    (warning,) = set(merge_results([*together[:3], node_of(3, 5, began=START + 4)]).warnings) - set(older)
    (of_groups,) = older
    assert "4 of 4 results" in of_groups
    assert "the nodes began up to 4 s apart (node-0.json first, node-3.json last)" in warning


def test_one_vm_in_two_results_is_refused() -> None:
    parts = fleet()
    assert refusals(parts[0], parts[1], parts[1]) == [
        "node-1.json: has VMs 50 to 99, expected none of 50 to 99, which node-1.json has"
    ]


@pytest.mark.parametrize(("key", "value"), [("seed", 7), ("vmCount", 201), ("duration", "21s"), ("thresholds", ["lag.p99 < 1s"])])
def test_results_of_different_fleets_are_refused_with_the_difference(key: str, value: object) -> None:
    other = node_of(1, 1)
    changed = replace(other.result, config={**other.result.config, key: value})
    (message,) = refusals(node_of(0, 1), Named("b.json", changed))
    assert message.startswith(f"b.json: {key} is ")
    assert message.endswith("as in node-0.json: the nodes of a fleet share it")


def test_different_plans_are_refused_even_where_the_configs_agree() -> None:
    (message,) = refusals(node_of(0, 1), node_of(1, 1, plan={**PLAN, "digest": "0" * 32}))
    assert "the plan's digest" in message


def test_runs_that_did_not_overlap_in_time_are_refused() -> None:
    (message,) = refusals(node_of(0, 1), node_of(1, 1, began=START + 20))
    assert message.startswith("node-1.json: ran at another time than node-0.json, expected ")


def test_every_file_that_is_in_the_way_is_named() -> None:
    strange = replace(node_of(1, 1).result, config={"vmCount": 3})
    assert {message.partition(":")[0] for message in refusals(node_of(0, 1), Named("b", strange), Named("c", strange))} == {
        "b",
        "c",
    }


def test_what_the_nodes_receivers_saw_is_added_up() -> None:
    def seen(index: int) -> Mapping[str, object]:
        return {"schema": "s", "reports": 10, "packages": {"500": 4, str(index): 1}, "not_seen": {}}

    whole = merge_results([node_of(index, 1, receiver=seen(index)) for index in range(NODES)]).receiver
    assert whole is not None
    assert (whole["schema"], whole["reports"]) == ("s", 40)
    assert whole["packages"] == {"500": 16, "0": 1, "1": 1, "2": 1, "3": 1}


def test_a_receiver_of_only_some_nodes_is_left_out() -> None:
    assert merge_results([node_of(0, 1, receiver={"reports": 1}), node_of(1, 1)]).receiver is None


@pytest.mark.parametrize(
    ("confirmations", "weakest"),
    [
        (("strong", "weak"), "weak"),
        (("none", "weak"), "none"),
        (("reconciled", "strong"), "strong"),
        (("reconciled",) * 2, "reconciled"),
    ],
)
def test_the_whole_is_proved_no_better_than_its_weakest_part(confirmations: tuple[str, str], weakest: str) -> None:
    parts = [node_of(index, 1, confirmation=confirmation) for index, confirmation in enumerate(confirmations)]
    assert merge_results(parts).confirmation == weakest


def reconciled(index: int, url: str, growth: TargetCounters | None) -> Named:
    part = node_of(index, 1, 2)
    return Named(part.name, replace(part.result, reconciliation=Reconciliation.of(url, part.result.counts, growth)))


def test_the_counters_of_every_nodes_own_target_are_added_up() -> None:
    growth = TargetCounters(accepted=2, received=2, forwarded=1, rate_limited=1)
    whole = merge_results([reconciled(index, f"http://10.0.0.{index}/", growth) for index in range(NODES)])
    assert whole.reconciliation is not None
    assert whole.reconciliation.growth is not None
    assert (whole.reconciliation.sent, whole.reconciliation.growth.rate_limited, whole.reconciliation.unexplained) == (8, 4, 0)
    assert (whole.verdict.status, whole.verdict.exit_code) == ("failed", 3)


def test_counters_of_one_target_are_not_added_twice_and_missing_ones_are_not_left_out() -> None:
    growth = TargetCounters(accepted=4, received=4, forwarded=4)
    shared = merge_results([reconciled(index, "http://relay/", growth) for index in range(NODES)]).reconciliation
    assert shared is not None
    assert (shared.growth, "of one target" in shared.problem) == (None, True)
    partial = merge_results([reconciled(0, "http://a/", growth), reconciled(1, "http://b/", None)]).reconciliation
    assert partial is not None
    assert (partial.growth, partial.problem) == (None, "the target's counters are missing for 1 of 2 nodes")


def row_of(second: int, due: int, p99: int | None = None, in_flight: int = 1) -> SeriesRow:
    times = RowTimes(p99, p99, p99, p99)
    counts = Counts(due=due, started=due, delivered=due, in_flight=in_flight, bytes=10 * due, failures={FailureClass.RESET: 1})
    return SeriesRow(second, counts, times, times, times)


def test_rows_of_the_same_second_are_added_and_show_the_largest_time() -> None:
    width, rows = merged_series([(1, [row_of(10, 3, 5), row_of(11, 4, 9)]), (1, [row_of(11, 2, 7, 4), row_of(12, 1)])])
    assert (width, [row.second for row in rows]) == (1, [10, 11, 12])
    assert (rows[1].counts.due, rows[1].counts.in_flight, rows[1].counts.bytes, rows[1].response.p99) == (6, 5, 60, 9)
    assert rows[1].counts.failures == {FailureClass.RESET: 2}


@settings(max_examples=40, deadline=None)
@given(
    widths=st.lists(st.sampled_from([1, 2, 4, 8]), min_size=1, max_size=4),
    seconds=st.lists(st.lists(st.integers(0, 9_000), unique=True, max_size=30), min_size=4, max_size=4),
)
def test_no_report_is_lost_however_wide_the_rows_are(widths: list[int], seconds: list[list[int]]) -> None:
    parts = [
        (width, [row_of(second * width, 1) for second in sorted(values)]) for width, values in zip(widths, seconds, strict=False)
    ]
    width, rows = merged_series(parts)
    assert sum(row.counts.due for row in rows) == sum(len(rows) for _, rows in parts)
    assert width >= max(widths)
    assert [row.second for row in rows] == sorted({row.second for row in rows})
    assert all(row.second % width == 0 for row in rows)


def test_more_rows_than_the_most_become_wider() -> None:
    rows = [row_of(second, 1) for second in range(MOST_ROWS)]
    width, merged = merged_series([(1, rows), (1, [row_of(MOST_ROWS + second, 1) for second in range(MOST_ROWS)])])
    assert (width, len(merged), Counter(row.counts.due for row in merged)) == (2, MOST_ROWS, Counter({2: MOST_ROWS}))


def test_parts_are_not_changed_by_being_merged() -> None:
    parts = fleet()
    before = [Histogram.from_json(part.result.times.response.to_json()) for part in parts]
    merge_results(parts)
    assert [part.result.times.response for part in parts] == before


def test_steps_of_the_nodes_clocks_are_those_of_the_whole_and_a_suspension_is_time_in_which_a_node_was_on() -> None:
    suspension = ClockStep("2023-11-14T22:13:30+00:00", 10 * SECOND, 3_600 * SECOND, 0)
    setting = ClockStep("2023-11-14T22:13:25+00:00", 5 * SECOND, 0, -2 * SECOND)
    parts = [node_of(0, 1, clock_steps=(suspension,)), node_of(1, 1, clock_steps=(setting,)), node_of(2, 1), node_of(3, 1)]
    whole = merge_results(parts)
    assert whole.clock_steps == (setting, suspension)
    assert whole.elapsed_ns == 3_620 * SECOND
    assert whole.verdict.reasons[-1].startswith("the wall clock was set by -2s: ")
