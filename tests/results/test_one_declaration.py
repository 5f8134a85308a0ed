"""A failure class and a count are one declaration each: documents, metrics and the page have one more by themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from fleet_example import EXAMPLE, plan_of
from run_example import DONE, result_of, snapshot, times_of
from vsock_loadgen.measures import series as series_module
from vsock_loadgen.measures import totals as totals_module
from vsock_loadgen.measures.outcome import Failure, FailureClass
from vsock_loadgen.measures.snapshot import Counts, _count
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.results.judgement import judge
from vsock_loadgen.results.reconciliation import Reconciliation
from vsock_loadgen.results.result import Result
from vsock_loadgen.results.saturation import SaturationWatch
from vsock_loadgen.serving.metrics import Metrics
from vsock_loadgen.text.html import live_page
from vsock_loadgen.text.result_text import result_text
from vsock_loadgen.transport.web import Request

MELTED = Failure(
    name="melted",
    cause="the cable melted",
    remedy="cool it",
    at_target="smoke",
    older_label="heat",
    color="#123456",
    may_have_arrived=True,
    own_fault="the generator's cable melted under {:,} reports",
)


@dataclass(frozen=True, slots=True)
class MoreCounts(Counts):
    """The counts, and one that there is not."""

    retried: int = _count(metric="Reports that were tried again.", is_new=True)


@pytest.fixture
def melted(monkeypatch: pytest.MonkeyPatch) -> FailureClass:
    """A class more, for the length of a test."""
    made: FailureClass = vars(FailureClass)["_new_member_"](FailureClass, MELTED)
    made._name_ = "MELTED"
    monkeypatch.setitem(FailureClass._member_map_, "MELTED", made)
    monkeypatch.setitem(FailureClass._value2member_map_, "melted", made)
    monkeypatch.setattr(FailureClass, "_member_names_", [*FailureClass._member_names_, "MELTED"])
    return made


def exposition(counts: Counts) -> dict[tuple[str, str], float]:
    """Every sample that has at most one label, by its name and that label's value."""
    plan = plan_of(EXAMPLE)
    metrics = Metrics(plan, plan.nodes[0], SaturationWatch(1))
    totals = RunTotals(1, 0)
    totals.add(snapshot(0, 1, counts))
    metrics.update(totals)
    text = metrics.page(Request("", "text/plain")).body.decode()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {(sample.name, "".join(sample.labels.values())): sample.value for sample in samples}


def test_a_failure_class_is_one_declaration(melted: FailureClass) -> None:
    counts = Counts(due=2, started=2, delivered=1, failures={melted: 1})
    result = result_of(counts, times_of(3, 2, 1, 1), {melted: "hot"})
    document = result.to_json()
    assert document["failures"] == {"melted": 1}
    assert [row.to_json()["failures"] for row in result.series] == [{"melted": 1}]
    samples = exposition(counts)
    assert samples["vsock_loadgen_failures_total", "melted"] == samples["vsock_loadgen_requests_total", "heat"] == 1
    assert all(text in live_page() for text in ("the cable melted; cool it", "#123456"))
    assert "the cable melted; cool it" in " ".join(result_text(result).split())
    assert Reconciliation.of("http://h/", counts, None).uncertain == 1
    totals = RunTotals(1, 0)
    totals.add(snapshot(0, 1, counts))
    assert judge(totals, None, None, ended=DONE).reasons == ("the generator's cable melted under 1 reports",)


def test_a_count_is_one_declaration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(totals_module, "Counts", MoreCounts)
    monkeypatch.setattr(series_module, "Counts", MoreCounts)
    counts = MoreCounts(due=1, started=1, delivered=1, retried=4)
    assert (counts + counts - counts, (counts + counts).retried) == (counts, 8)
    result = replace(result_of(counts, times_of(3, 2, 1, 1)), generator={"workers": 1})
    document = result.to_json()
    assert isinstance(document["totals"], dict)
    assert document["totals"]["retried"] == 4
    assert exposition(counts)["vsock_loadgen_reports_retried_total", ""] == 4


def test_what_the_tool_does_not_know_is_left_out_when_a_result_is_read() -> None:
    generator = {"workers": 1, "worker_cpu_seconds": [0.5], "parent_cpu_seconds": 0.25, "share_of_machine": 0.1}
    times = times_of(3, 2, 1, 1)
    plain = replace(result_of(Counts(due=1, started=1, delivered=1), times), generator=generator)
    more = replace(plain, counts=MoreCounts(due=1, started=1, delivered=1, retried=4))
    assert Result.read(more.to_json()) == plain
