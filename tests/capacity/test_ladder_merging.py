"""What the nodes of a ladder have seen adds up to what one node with all VMs would have seen, and to nothing where it is not one
ladder's."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulated_target import goals
from vsock_loadgen.capacity.cells import TrialCells, phases_of
from vsock_loadgen.capacity.ladder import Climb, ladder_terms
from vsock_loadgen.capacity.merging import merge_parts, merged_trial
from vsock_loadgen.capacity.node_document import (
    LadderPart,
    NamedPart,
    TrialKept,
    are_parts,
    kept_of,
    part_of_document,
    read_parts,
    write_part,
)
from vsock_loadgen.capacity.outcome import Frame, capacity_of
from vsock_loadgen.capacity.search import Step, Terms
from vsock_loadgen.capacity.timing import Lengths
from vsock_loadgen.capacity.trial import Level, Trial
from vsock_loadgen.capacity.watch import TrialWatch
from vsock_loadgen.engine.ledger import Ledger, new_books
from vsock_loadgen.errors import ConfigError
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.units import MILLISECOND, SECOND

EXPRESSIONS = ("response_time.p90 < 300ms", "service_time.p50 < 200ms", "failed_percent < 5")
LENGTHS = Lengths(2 * SECOND, 5 * SECOND)
END_NS = 7 * SECOND
SNAPSHOT_NS = 500 * MILLISECOND
VMS = 8


@dataclass(frozen=True)
class Report:
    """One report: when it is due, of which VM, how long it takes, and what becomes of it."""

    due_ns: int
    vm: int
    takes_ns: int
    end: str


reports = st.lists(
    st.builds(
        Report,
        st.integers(0, END_NS - 1),
        st.integers(0, VMS - 1),
        st.integers(1, SECOND),
        st.sampled_from(["delivered", "delivered", "delivered", "failed", "skipped"]),
    ),
    max_size=120,
)


def terms(*loads: float) -> Terms:
    return ladder_terms("rate", goals(*EXPRESSIONS), loads or (1.0,), 0.05)


def seen(sent: Sequence[Report], *, number: int = 1, lag_ns: int = 0, load: float = 1.0) -> tuple[Trial, TrialKept]:
    """What somebody sees who sends these reports."""
    asked = terms()
    phases = phases_of(LENGTHS.settle_ns, LENGTHS.window_ns)
    cells = TrialCells.of(TrialCells(tuple(phase.name for phase in phases)), asked.goals)
    totals, ledger = RunTotals(1, 0, cells), Ledger(new_books(cells.books))
    watch = TrialWatch(asked, Step(load, "ladder"), Level(load, VMS, 1e6), LENGTHS, 1e6, lambda: None)
    events: list[tuple[int, Callable[[], None]]] = []
    for report in sent:
        batch = max(-1, report.due_ns - LENGTHS.settle_ns) // (LENGTHS.window_ns // 10)
        book = ledger.books[1 + batch]
        if report.end == "skipped":
            events.append((report.due_ns, book.skip))
            continue
        took_ns = report.takes_ns
        ends = (
            partial(book.deliver, took_ns, took_ns // 2, 9) if report.end == "delivered" else partial(book.fail, FailureClass.RESET)
        )
        events += [(report.due_ns, partial(book.start, lag_ns)), (report.due_ns + took_ns, ends)]
    events.sort(key=lambda event: event[0])
    for cut_ns in range(SNAPSHOT_NS, END_NS + 2 * SECOND, SNAPSHOT_NS):
        while events and events[0][0] < cut_ns:
            events.pop(0)[1]()
        totals.is_ending = cut_ns >= END_NS
        totals.add(ledger.snapshot(0, cut_ns, 0))
        watch.update(totals)
    trial = watch.trial(number, totals, lag_limit_ns=50 * MILLISECOND, thrown_away=0, recovered_after=0.5)
    return trial, kept_of(number, asked.goals, totals)


@settings(deadline=None, max_examples=40)
@given(reports, st.integers(1, 4))
def test_the_nodes_of_a_fleet_see_together_what_one_node_with_all_its_vms_does(sent: list[Report], nodes: int) -> None:
    whole, _ = seen(sent)
    merged = merged_trial([seen([each for each in sent if each.vm % nodes == node]) for node in range(nodes)], terms().goals, 0.05)
    assert merged.in_flight == pytest.approx(whole.in_flight)
    assert merged.growth == pytest.approx(whole.growth)
    assert merged.delivered_per_second == pytest.approx(whole.delivered_per_second)
    assert merged.most_in_flight >= whole.most_in_flight
    alike: dict[str, Any] = {"in_flight": (), "growth": None, "delivered_per_second": 0.0, "most_in_flight": 0}
    assert replace(merged, **alike) == replace(whole, **alike)


def test_what_makes_all_nodes_late_at_once_is_no_evidence_of_its_own_on_each_of_them() -> None:
    """Ten reports of each batch: in one batch all of them are late, on both nodes."""
    slow = [
        Report(
            LENGTHS.settle_ns + batch * SECOND // 2 + number * MILLISECOND, vm, SECOND if batch == 4 else MILLISECOND, "delivered"
        )
        for batch in range(10)
        for number in range(10)
        for vm in (0, 1)
    ]
    parts = [seen([each for each in slow if each.vm == vm]) for vm in (0, 1)]
    merged = merged_trial(parts, terms().goals, 0.05)
    assert merged.goals[0].spread == pytest.approx(2 * parts[0][0].goals[0].spread)


def test_a_trial_for_which_one_node_was_late_shows_nothing_and_one_that_a_node_cut_short_is_a_miss() -> None:
    sent = [Report(number * 10 * MILLISECOND, 0, MILLISECOND, "delivered") for number in range(700)]
    sound, late = seen(sent), seen(sent, lag_ns=SECOND)
    assert merged_trial([sound, sound], terms().goals, 0.05).verdict == "holds"
    assert merged_trial([sound, late], terms().goals, 0.05).verdict == "late"
    cut = replace(sound[0], cut=True, seconds=1.0), sound[1]
    merged = merged_trial([sound, cut], terms().goals, 0.05)
    assert (merged.verdict, merged.cut, merged.seconds) == ("misses", True, 1.0)


def test_a_target_is_itself_again_once_it_is_for_every_node() -> None:
    trial, kept = seen([])
    parts = [(trial, kept), (replace(trial, recovered_after=2.0), kept)]
    assert merged_trial(parts, terms().goals, 0.05).recovered_after == 2.0
    parts.append((replace(trial, recovered_after=None), kept))
    assert merged_trial(parts, terms().goals, 0.05).recovered_after is None


def part(node: int = 0, *, nodes: int = 2, tried: int = 2, **others: Any) -> NamedPart:
    """A node's part of a ladder of two loads, both of which hold; `config` has keys in place of its own."""
    config = {"thresholds": list(EXPRESSIONS), "nodeIndex": node, "nodeCount": nodes, "seed": 1, **others.pop("config", {})}
    sent = [Report(number * 10 * MILLISECOND, 0, MILLISECOND * (1 + node), "delivered") for number in range(700)]
    found = [seen(sent, number=number, load=float(number)) for number in range(1, tried + 1)]
    search = Climb(terms(1.0, 2.0), [trial for trial, _ in found])
    frame = Frame(
        started_at="2026-11-28T00:00:00+00:00",
        target=f"tcp://10.0.0.{node}:818",
        at_least=None,
        idle_p95=0.001 * (1 + node),
        config=config,
        environment={"kernel": "6.1", "host": f"node-{node}"},
    )
    whole = LadderPart(
        node_index=node,
        node_count=nodes,
        begins_at="2026-11-28T00:00:00+00:00",
        slot_ns=24 * SECOND,
        loads=(1.0, 2.0),
        outcome=capacity_of(search, frame, probes=20, complete=tried == 2),
        kept=tuple(kept for _, kept in found),
    )
    return NamedPart(f"node-{node}.json", replace(whole, **others))


def test_the_parts_become_one_capacity_in_whatever_order_they_come() -> None:
    whole = merge_parts([part(1), part(0)])
    assert whole.holds == Level(2.0, VMS, 1e6)
    assert (whole.limited_by, whole.confidence, whole.code, whole.probes) == ("bounds", "clear", 0, 40)
    assert [trial.due for trial in whole.trials] == [1_000, 1_000]
    assert [seen.of for seen in whole.trials[1].goals] == [1_000] * 4
    assert whole.target == "tcp://10.0.0.0:818 and 1 more"
    assert whole.idle_p95 == 0.002
    assert whole.config == {"thresholds": list(EXPRESSIONS), "nodeCount": 2, "seed": 1}
    assert whole.environment == {"kernel": "6.1", "nodes": [{"kernel": "6.1", "host": f"node-{node}"} for node in (1, 0)]}


def test_a_trial_that_a_node_has_not_come_to_is_left_out_and_the_ladder_is_not_complete() -> None:
    whole = merge_parts([part(0), part(1, tried=1)])
    assert len(whole.trials) == 1
    assert (whole.complete, whole.confidence, whole.code) == (False, "interrupted", 1)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"config": {"seed": 2}}, "node-1.json: seed is 2, expected 1 as in node-0.json"),
        ({"loads": (1.0, 3.0)}, r"node-1.json: --ladder is \[1.0, 3.0\], expected \[1.0, 2.0\]"),
        ({"slot_ns": 30 * SECOND}, "node-1.json: the length of a slot is 30.0, expected 24.0"),
        ({"begins_at": "2026-11-28T00:00:24+00:00"}, "node-1.json: the beginning is"),
        ({"nodes": 3}, "node-1.json: nodeCount is 3, expected 2"),
    ],
)
def test_parts_of_different_ladders_are_refused(other: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        merge_parts([part(0), part(1, **other)])


def test_goals_and_terms_have_to_be_the_same() -> None:
    second = part(1)
    goals_changed = replace(second.part, outcome=replace(second.part.outcome, goals=("failed_percent < 1",)))
    with pytest.raises(ConfigError, match=r"node-1\.json: --goal is"):
        merge_parts([part(0), replace(second, part=goals_changed)])


def test_a_missing_node_is_named_unless_it_has_no_vms() -> None:
    with pytest.raises(ConfigError, match="the part of node 1 of 2 is missing"):
        merge_parts([part(0)])
    nodes = VMS + 1
    assert merge_parts([part(node, nodes=nodes) for node in range(VMS)]).trials


def test_the_part_of_one_node_counts_once() -> None:
    with pytest.raises(ConfigError, match=r"copy.json: is of node 0, expected another one than that of node-0.json"):
        merge_parts([part(0), replace(part(0), name="copy.json"), part(1)])


def test_a_document_is_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "node.json"
    write_part(part(1).part, path)
    assert read_parts([path])[0].part == part(1).part
    assert are_parts([path])
    assert not are_parts([tmp_path / "none.json", Path("-")])


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("schema",), "vsock-loadgen/result/v1", 'found "schema" "vsock-loadgen/result/v1"'),
        (("loads",), [], "loads: found none"),
        (("node_count",), 1, "node_count: found 1, expected more than node_index"),
        (("node_count",), 10**9, "node_count: found 1000000000, expected"),
        (("kept",), [], "kept: found 0 trials, expected 2"),
        (("kept", 1, "number"), 1, "kept: .*trial 2"),
        (("kept", 1, "goals"), [], "kept: .*trial 2"),
        (("kept", 0, "goals", 0, "batches"), [[1, 2]], "kept: .*trial 1"),
        (("kept", 0, "goals", 0, "batches", 3), [1], r"kept\[0\].goals\[0\].batches\[3\]"),
        (("kept", 0, "response_time", "counts"), [[-1, 2]], r"kept\[0\].response_time: found a negative number"),
        (("outcome", "trials", 0, "in_flight"), [1.0], "kept: .*trial 1"),
        (("outcome", "trials", 0, "verdict"), "maybe", r"outcome.trials\[0\].verdict: found \"maybe\""),
    ],
)
def test_a_document_that_does_not_fit_is_refused_with_the_place(place: tuple[str | int, ...], value: object, message: str) -> None:
    document = json.loads(json.dumps(part(1).part.to_json()))
    at: Any = document
    for step in place[:-1]:
        at = at[step]
    at[place[-1]] = value
    with pytest.raises(ValueError, match=message):
        part_of_document(document)
