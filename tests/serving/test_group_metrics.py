"""What Prometheus is shown of groups of VMs adds up to the whole, is of one moment, and costs a bounded share of the time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parsed_openmetrics

from fleet_example import EXAMPLE, buckets, plan_of
from run_example import failed_result, times_of
from scrape import Samples, bucket_counts, scraped, scrapes_while, value, values
from vsock_loadgen.config.blocks import Profile
from vsock_loadgen.config.model import Config
from vsock_loadgen.distributions.buckets import Buckets
from vsock_loadgen.distributions.constant import Constant
from vsock_loadgen.distributions.kind import Distribution
from vsock_loadgen.distributions.normal import Normal
from vsock_loadgen.distributions.quantiles import Quantiles
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.snapshot import Counts, Share, Times, WorkerSnapshot
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.plan.groups import MOST_GROUPS
from vsock_loadgen.plan.planning import Plan
from vsock_loadgen.results.saturation import SaturationWatch
from vsock_loadgen.serving import group_metrics
from vsock_loadgen.serving.families import GROUP_TIME_BOUNDS, PREFIX
from vsock_loadgen.serving.group_metrics import LEAST_PAUSE_NS
from vsock_loadgen.serving.health import Health
from vsock_loadgen.serving.live_result import LiveResult
from vsock_loadgen.serving.metrics import Metrics
from vsock_loadgen.serving.pages import Pages
from vsock_loadgen.transport.web import Request
from vsock_loadgen.units import MILLISECOND, SECOND

FATES = ("due", "delivered", "failed")


class Clock:
    """A clock that stands still unless it is moved."""

    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


def metrics_of(plan: Plan, node: int = 0, clock: Clock | None = None) -> Metrics:
    return Metrics(plan, plan.nodes[node], SaturationWatch(0), clock_ns=clock or Clock())


def totals_of(plan: Plan, shares: Mapping[int, Share]) -> RunTotals:
    """A run of which this was entered in each cell."""
    totals = RunTotals(1, 0, plan.cells(plan.nodes[0]))
    totals.add(WorkerSnapshot(0, SECOND, shares, {}, 0, final=False))
    return totals


def profile(name: str, percent: Fraction | int, packages: Distribution) -> Profile:
    return Profile(name=name, percent=Fraction(percent), packages=packages, report_interval=Constant(30 * SECOND))


def with_profiles(*profiles: Profile) -> Config:
    return replace(EXAMPLE, profiles=profiles)


WEB_AND_DB = with_profiles(profile("web", Fraction("62.5"), Constant(500)), profile("db", Fraction("37.5"), Constant(2_000)))


def delivered_everywhere(plan: Plan) -> dict[int, Share]:
    """Reports delivered in every cell, of which each has another number."""
    return {cell: _delivered(10**cell) for cell in range(len(plan.groups.combinations))}


def _delivered(count: int) -> Share:
    return Share(Counts(due=count, started=count, delivered=count), times_of(SECOND, SECOND, 1, count))


def sums(samples: Samples, name: str, **labels: str) -> float:
    return sum(each for (found, has), each in samples.items() if found == name and labels.items() <= dict(has).items())


def test_every_group_is_there_before_the_first_report_with_all_its_figures() -> None:
    samples = scraped(metrics_of(plan_of(WEB_AND_DB)))
    for fate in FATES:
        name = f"bucket_reports_{fate}_total"
        assert values(samples, name, "bucket", dimension="packages") == {"500": 0, "2000": 0}
        assert values(samples, name, "bucket", dimension="report_interval") == {"30s": 0}
        assert values(samples, f"profile_reports_{fate}_total", "profile") == {"web": 0, "db": 0}
    assert value(samples, "bucket_response_time_seconds_bucket", dimension="packages", bucket="500", le="+Inf") == 0
    assert value(samples, "profile_response_time_seconds_bucket", profile="db", le="+Inf") == 0


def test_a_fleet_without_profiles_has_no_metrics_by_profile() -> None:
    assert not [name for name, _ in scraped(metrics_of(plan_of(EXAMPLE))) if name.startswith("profile_")]


def test_a_report_is_counted_in_the_groups_of_its_vm_and_nowhere_else() -> None:
    plan = plan_of(with_profiles(profile("small", 50, Constant(5)), profile("large", 50, buckets((50, 5), (50, 900)))))
    packages, profiles = (plan.groups.dimensions[name].groups for name in ("packages", "profile"))
    cell = plan.groups.combinations.index((1, 0, 1))
    assert (packages[1].id, profiles[1].id) == ("900", "large")
    counts = Counts(
        due=30, started=28, delivered=20, skipped=2, in_flight=1, failures={FailureClass.RESET: 4, FailureClass.TIMEOUT: 3}
    )
    assert counts.balanced
    metrics = metrics_of(plan)
    metrics.update(totals_of(plan, {cell: Share(counts, times_of(300 * MILLISECOND, SECOND, 1, 20))}))
    samples = scraped(metrics)
    for fate, count in zip(FATES, (30, 20, 7), strict=True):
        assert values(samples, f"bucket_reports_{fate}_total", "bucket", dimension="packages") == {"5": 0, "900": count}
        assert values(samples, f"bucket_reports_{fate}_total", "bucket", dimension="report_interval") == {"30s": count}
        assert values(samples, f"profile_reports_{fate}_total", "profile") == {"small": 0, "large": count}
    for name, labels in (("bucket", {"dimension": "packages", "bucket": "900"}), ("profile", {"profile": "large"})):
        response = bucket_counts(samples, f"{name}_response_time_seconds", **labels)
        assert (response[0.2], response[0.5], response[3_600], response[float("inf")]) == (0, 20, 20, 29)
    assert not [name for name, _ in samples if name.endswith(("_response_time_seconds_sum", "_response_time_seconds_count"))]


@pytest.mark.parametrize("config", [EXAMPLE, WEB_AND_DB])
def test_the_groups_of_each_dimension_add_up_to_the_whole(config: Config) -> None:
    plan = plan_of(config)
    metrics = metrics_of(plan)
    metrics.update(totals_of(plan, delivered_everywhere(plan)))
    samples = scraped(metrics)
    whole = value(samples, "reports_due_total")
    assert whole == sum(10**cell for cell in range(len(plan.groups.combinations)))
    dimensions = [("bucket", {"dimension": "packages"}), ("bucket", {"dimension": "report_interval"})]
    for name, labels in (*dimensions, *([("profile", dict[str, str]())] if config.profiles else [])):
        assert sums(samples, f"{name}_reports_due_total", **labels) == whole
        assert sums(samples, f"{name}_reports_delivered_total", **labels) == whole
        counts = bucket_counts(samples, "response_time_seconds")
        for bound in (*map(float, GROUP_TIME_BOUNDS), float("inf")):
            le = "+Inf" if bound == float("inf") else str(bound)
            assert sums(samples, f"{name}_response_time_seconds_bucket", **labels, le=le) == counts[bound]


def test_groups_are_looked_at_every_two_seconds_and_when_the_run_is_over() -> None:
    plan, clock = plan_of(EXAMPLE), Clock()
    metrics = metrics_of(plan, clock=clock)

    def shown(delivered: int, at_ns: int, *, is_final: bool = False) -> tuple[float, float]:
        clock.now_ns = at_ns
        metrics.update(totals_of(plan, {0: _delivered(delivered)}), failed_result() if is_final else None)
        samples = scraped(metrics)
        return value(samples, "reports_due_total"), sums(samples, "bucket_reports_due_total", dimension="packages")

    assert shown(1, 5 * SECOND) == (1, 1)
    assert shown(2, 5 * SECOND + LEAST_PAUSE_NS - 1) == (2, 1)
    assert shown(3, 5 * SECOND + LEAST_PAUSE_NS) == (3, 3)
    assert shown(4, 5 * SECOND + LEAST_PAUSE_NS + 1, is_final=True) == (4, 4)


def test_the_end_of_a_run_is_shown_of_groups_too() -> None:
    plan, result = plan_of(EXAMPLE), failed_result()
    metrics = metrics_of(plan)
    pages = Pages(metrics, LiveResult(lambda _: result, str), Health())
    pages.update(totals_of(plan, {0: _delivered(1)}))
    pages.end(totals_of(plan, {0: _delivered(2)}), result)
    assert sums(scraped(metrics), "bucket_reports_delivered_total", dimension="packages") == 2


def test_groups_that_take_long_to_look_at_take_a_twentieth_of_the_time() -> None:
    plan, clock = plan_of(EXAMPLE), Clock()
    metrics = metrics_of(plan, clock=clock)

    class Slow(RunTotals):
        def counts_of(self, dimension: str) -> list[Counts]:
            clock.now_ns += SECOND // len(self.cells.groups)
            looks.append(clock.now_ns)
            return super().counts_of(dimension)

    looks: list[int] = []
    totals = Slow(1, 0, plan.cells(plan.nodes[0]))
    for _ in range(1_600):
        metrics.update(totals)
        clock.now_ns += SECOND // 4
    assert len(looks) / len(totals.cells.groups) == pytest.approx(400 / 20, rel=0.1)


def test_a_scrape_sees_all_groups_at_one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_metrics, "LEAST_PAUSE_NS", 0)
    plan = plan_of(WEB_AND_DB)
    metrics = metrics_of(plan)

    def run() -> None:
        totals = totals_of(plan, {})
        for number in range(1, 800):
            share = Share(Counts(due=number, started=number, delivered=number), times_of(number, 1, 1, 1))
            totals.add(WorkerSnapshot(0, number, {0: share, 1: share}, {}, 0, final=False))
            metrics.update(totals)

    scrapes = scrapes_while(metrics, run)
    for samples in scrapes:
        moments = {value(samples, "reports_due_total") / 2, value(samples, "packages_reported_count") / 2}
        for group, name in (("profile", "web"), ("profile", "db"), ("bucket", "500"), ("bucket", "2000")):
            labels = {"profile": name} if group == "profile" else {"dimension": "packages", "bucket": name}
            moments |= {value(samples, f"{group}_reports_{fate}_total", **labels) for fate in ("due", "delivered")}
            moments.add(value(samples, f"{group}_response_time_seconds_bucket", **labels, le="+Inf"))
        assert len(moments) == 1


def test_the_fleet_is_shown_whole_and_the_slices_of_all_nodes_add_up_to_it() -> None:
    plan = plan_of(replace(EXAMPLE, vm_count=197), 3)
    slices = [scraped(metrics_of(plan, node)) for node in range(3)]
    counts = {"500": (137.9, 138), "1000": (39.4, 39), "1500": (15.76, 16), "2000": (3.94, 4)}
    for bucket, (configured, assigned) in counts.items():
        labels = {"dimension": "packages", "bucket": bucket}
        assert sum(value(samples, "bucket_vms", **labels) for samples in slices) == assigned
        for samples in slices:
            assert value(samples, "fleet_bucket_vms", **labels, share="configured") == pytest.approx(configured)
            assert value(samples, "fleet_bucket_vms", **labels, share="assigned") == assigned
    assert sum(value(samples, "vms") for samples in slices) == 197
    assert {value(samples, "fleet_vms") for samples in slices} == {197}
    plans = [labels for samples in slices for name, labels in samples if name == "plan_info"]
    assert len(plans) == 3
    assert len(set(plans)) == 1


def test_profiles_are_buckets_of_their_own_and_the_slices_add_up_to_them() -> None:
    plan = plan_of(replace(WEB_AND_DB, vm_count=101), 2)
    slices = [scraped(metrics_of(plan, node)) for node in range(2)]
    for bucket, (configured, assigned) in {"web": (63.125, 63), "db": (37.875, 38)}.items():
        labels = {"dimension": "profile", "bucket": bucket}
        assert sum(value(samples, "bucket_vms", **labels) for samples in slices) == assigned
        assert value(slices[0], "fleet_bucket_vms", **labels, share="configured") == pytest.approx(configured)
        assert value(slices[0], "fleet_bucket_vms", **labels, share="assigned") == assigned
    assert values(slices[0], "fleet_bucket_vms", "bucket", dimension="packages", share="assigned") == {"500": 63, "2000": 38}


def test_every_bucket_is_shown_by_the_id_of_its_group() -> None:
    named = buckets((20, 5), (20, 5), (20, Normal(Fraction(900), Fraction(50), Fraction(800), Fraction(1_000))), (40, 7))
    packages = Buckets((*named.buckets[:3], replace(named.buckets[3], name="most")))
    plan = plan_of(replace(EXAMPLE, packages=packages))
    samples = scraped(metrics_of(plan))
    assert values(samples, "bucket_vms", "bucket", dimension="packages") == {"5": 40, "5_2": 40, "900pm50": 40, "most": 80}
    assert values(samples, "bucket_reports_due_total", "bucket", dimension="packages").keys() == {"5", "5_2", "900pm50", "most"}


def test_a_fleet_without_buckets_is_shown_in_bands() -> None:
    spread = Quantiles(((Fraction(0), Fraction(10)), (Fraction(100), Fraction(1_000))))
    samples = scraped(metrics_of(plan_of(replace(EXAMPLE, packages=spread))))
    bands = values(samples, "fleet_bucket_vms", "bucket", dimension="packages", share="assigned")
    assert list(bands.values()) == [100, 80, 18, 2]
    assert values(samples, "fleet_bucket_vms", "bucket", dimension="packages", share="configured") == bands


def test_a_dimension_has_at_most_32_label_values() -> None:
    share = Fraction(100, 50)
    many = with_profiles(*(profile(f"p{number}", share, Constant(100 + number)) for number in range(50)))
    samples = scraped(metrics_of(plan_of(many)))
    for name in ("bucket_vms", "bucket_reports_due_total"):
        assert len(values(samples, name, "bucket", dimension="packages")) <= MOST_GROUPS
    profiles = values(samples, "profile_reports_due_total", "profile")
    assert len(profiles) == MOST_GROUPS
    assert "other" in profiles


def test_the_openmetrics_text_parses_and_has_a_type_for_each_family() -> None:
    openmetrics = "application/openmetrics-text;version=1.0.0"
    body = metrics_of(plan_of(WEB_AND_DB)).page(Request("", openmetrics)).body.decode()
    types = {family.name: family.type for family in parsed_openmetrics(body)}  # type: ignore[no-untyped-call]
    for scope in ("bucket", "profile"):
        assert types[f"{PREFIX}{scope}_reports_due"] == "counter"
        assert types[f"{PREFIX}{scope}_response_time_seconds"] == "histogram"


def test_a_lost_workers_reports_in_flight_are_longer_than_any_time() -> None:
    plan = plan_of(EXAMPLE)
    totals = totals_of(plan, {0: Share(Counts(due=5, started=5, delivered=3, in_flight=2), Times())})
    totals.lose(0)
    metrics = metrics_of(plan)
    metrics.update(totals)
    assert sums(scraped(metrics), "bucket_response_time_seconds_bucket", dimension="packages", le="+Inf") == 2
