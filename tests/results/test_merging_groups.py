"""Four nodes merged are, group by group, one run of the whole: counts, percentiles, and what thresholds by group say."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from fleet_example import EXAMPLE, plan_of
from run_example import by_packages, group_of, histogram_of, result_of
from vsock_loadgen.config.thresholds import parse_threshold
from vsock_loadgen.errors import ConfigError
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.snapshot import Counts, Times
from vsock_loadgen.plan.document import plan_document
from vsock_loadgen.results.groups import GroupResult, GroupResults, SeenGroup
from vsock_loadgen.results.merging import merge_results
from vsock_loadgen.results.result import Named, Result
from vsock_loadgen.units import MILLISECOND

NODES = 4
PLAN = plan_document(plan_of(replace(EXAMPLE, node_count=NODES)))
SMALL = [tuple(range(node + 1, 400, NODES)) for node in range(NODES)]
LARGE = [(400, 800), (500,), (), (600, 700, 900)]
"""Response times of each node's reports, in milliseconds; the third node has no large VM."""
LOST = [0, 1, 0, 3]
"""How many reports of large VMs failed besides."""


def group(size: int, milliseconds: tuple[int, ...], failed: int, vms: int, seen: SeenGroup | None) -> GroupResult:
    times = Times(*(histogram_of(*(MILLISECOND * value for value in milliseconds)) for _ in range(3)))
    due = len(milliseconds) + failed
    failures = {FailureClass.RESET: failed} if failed else {}
    counts = Counts(due=due, started=len(milliseconds), delivered=len(milliseconds), bytes=due * size, failures=failures)
    return group_of(str(size), size, size, counts, times, vms=vms, fleet_vms=100, seen=seen)


def part_of(index: int) -> Result:
    """One node's result."""
    is_large = bool(LARGE[index])
    groups = by_packages(
        group(500, SMALL[index], 0, 25, SeenGroup(len(SMALL[index]), 25, 25)),
        group(2_000, LARGE[index], LOST[index], 25 * is_large, SeenGroup(len(LARGE[index]), 20 * is_large, 24 * is_large)),
    )
    whole = groups.report_interval[0]
    return replace(
        result_of(whole.counts, whole.times),
        config={"vmCount": 200, "nodeCount": NODES, "nodeIndex": index, "duration": "20s"},
        plan=PLAN,
        slice={"node_index": index, "node_count": NODES, "first_vm": 50 * index, "vms": 50, "first_cid": 3 + 10_000 * index},
        generator={"workers": 1, "worker_cpu_seconds": [0.5], "parent_cpu_seconds": 0.25, "share_of_machine": 0.1},
        groups=groups,
    )


def read_again(result: Result) -> Result:
    """The result as a file of another machine has it."""
    return Result.read(json.loads(json.dumps(result.to_json())))


def parts() -> list[Named]:
    return [Named(f"node-{index}.json", read_again(part_of(index))) for index in range(NODES)]


def test_every_group_is_that_of_one_run_of_the_whole_percentiles_included() -> None:
    whole = by_packages(
        group(500, tuple(range(1, 400)), 0, 100, SeenGroup(399, 100, 100)),
        group(2_000, (400, 500, 600, 700, 800, 900), 4, 75, SeenGroup(6, 60, 72)),
    )
    merged = merge_results(parts()).groups
    assert merged is not None
    expected = replace(whole, report_interval=())
    found: Any = replace(merged, report_interval=()).to_json()
    assert found == expected.to_json()
    assert found["packages"][0]["response_time_seconds"]["p99"] == pytest.approx(0.396, rel=1e-3)
    assert found["packages"][1]["response_time_seconds"]["p50"] == pytest.approx(0.8, rel=1e-3)
    assert found["packages"][1]["response_time_seconds"]["p99"] is None


@pytest.mark.parametrize(
    ("expression", "passed"),
    [
        ("packages.500.response_time.p99 < 400ms", True),
        ("packages.2000.response_time.p50 < 600ms", False),
        ("packages.largest.failed_percent <= 40", True),
        ("packages.largest.failed_percent < 40", False),
    ],
)
def test_a_threshold_on_a_group_is_judged_on_the_sum_also_where_a_node_has_none_of_it(expression: str, passed: bool) -> None:
    merged = merge_results(parts(), [parse_threshold(expression)])
    assert [threshold.passed for threshold in merged.thresholds] == [passed]


def test_groups_with_other_bounds_are_refused() -> None:
    first, second, *others = parts()
    groups = second.result.groups
    assert groups is not None
    moved = (groups.packages[0], replace(groups.packages[1], high=3_000))
    other = Named(second.name, replace(second.result, groups=GroupResults(moved, groups.report_interval, ())))
    with pytest.raises(ConfigError, match=r"node-1\.json: groups\.packages is "):
        merge_results([first, other, *others])
