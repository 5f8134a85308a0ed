"""A plan for people: every figure is there, at any width, and nothing is cut off."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

import pytest

from fleet_example import EXAMPLE, buckets, plan_of
from vsock_loadgen.config.address import EmbeddedAddress
from vsock_loadgen.config.blocks import Profile
from vsock_loadgen.config.model import Config
from vsock_loadgen.config.thresholds import parse_threshold
from vsock_loadgen.distributions.buckets import Buckets
from vsock_loadgen.distributions.constant import Constant
from vsock_loadgen.distributions.kind import Bucket
from vsock_loadgen.distributions.normal import Normal
from vsock_loadgen.distributions.quantiles import Quantiles
from vsock_loadgen.distributions.timing import Timing
from vsock_loadgen.plan import forecast as forecast_module
from vsock_loadgen.plan.polling import Settings
from vsock_loadgen.plan.warnings import Warned
from vsock_loadgen.text.plan_text import plan_text
from vsock_loadgen.units import HOUR, MILLISECOND, MINUTE, SECOND

WIDTHS = pytest.mark.parametrize("width", [60, 80, 120])
NORMAL = Normal(Fraction(700), Fraction(300), Fraction(1), Fraction(100_000))
LONG = Quantiles(
    ((Fraction(0), Fraction(SECOND)), (Fraction(50), Fraction(5 * HOUR)), (Fraction(100), Fraction(1_000 * HOUR + MILLISECOND)))
)
IN_STEP = Bucket(Fraction(100), Constant(HOUR), Timing(synchronized=True, jitter=Fraction(1, 3_600)))
PROFILES = (
    Profile(name="a" * 63, percent=Fraction(90), packages=NORMAL, report_interval=Constant(HOUR)),
    Profile(name="[b]", percent=Fraction("9.999"), packages=Constant(5), report_interval=LONG),
    Profile(name="none", percent=Fraction("0.001"), packages=Constant(5), report_interval=LONG),
)
FLEETS = {
    "example": replace(EXAMPLE, node_count=14, time_scale=Fraction(45)),
    "uniform": Config(target=EmbeddedAddress()),
    "continuous": replace(EXAMPLE, vm_count=5_000, packages=NORMAL, report_interval=LONG),
    "mixed": replace(EXAMPLE, vm_count=20, packages=buckets(("50.5", 500), ("49", NORMAL), ("0.5", 100_000))),
    "in step": replace(EXAMPLE, report_interval=Buckets((IN_STEP,)), duration_ns=3 * HOUR, vm_count=30_000),
    "profiles": replace(EXAMPLE, profiles=PROFILES),
    "single": replace(EXAMPLE, vm_count=1, packages=NORMAL, report_interval=Constant(HOUR), duration_ns=HOUR),
}


def words_of(text: str) -> str:
    """A text wherever its columns are."""
    return " ".join(text.split())


@WIDTHS
@pytest.mark.parametrize("name", FLEETS)
def test_no_line_is_wider_than_the_terminal_and_nothing_is_cut_off(name: str, width: int) -> None:
    text = plan_text(plan_of(FLEETS[name]), width=width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text


@WIDTHS
def test_every_figure_of_the_example_is_there(width: int) -> None:
    words = words_of(plan_text(plan_of(EXAMPLE), width=width))
    for figures in (
        "Fleet of 200 VMs, seed 0",
        "mean 710 P50 500 P95 1,500 P99 2,000 min 500 max 2,000",
        "mean 1m33s P50 30s P95 5m P99 5m min 30s max 5m",
        "140 3.16 935 kB 50.1 %",
        "40 0.86 506 kB 27.1 %",
        "16 0.36 322 kB 17.3 %",
        "4 0.087 102 kB 5.49 %",
        "100 3.33 1.39 MB 74.5 %",
        "60 1 419 kB 22.5 %",
        "40 0.13 57.2 kB 3.06 %",
        "reports per second 4.47 on average",
        "packages 706 per report, 710 per VM",
        "ROX_VM_RELAY_MAX_REPORTS_PER_MINUTE",
    ):
        assert figures in words
    assert "configured mean" not in words


def test_the_assigned_share_differs_from_the_configured_one_where_vms_cannot_be_split() -> None:
    assert " 500 70 % 70.1 % 138 " in words_of(plan_text(plan_of(replace(EXAMPLE, vm_count=197))))


@WIDTHS
def test_a_continuous_attribute_is_shown_as_a_curve_over_the_whole_width_with_its_groups_below(width: int) -> None:
    lines = plan_text(plan_of(FLEETS["continuous"]), width=width).split("Packages per VM")[1].split("Load by")[0].splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("  100 % "))
    assert len(lines[first + 5]) == width
    assert lines[first + 5].startswith("    0 % ")
    assert lines[first + 6].split()[0] == "1"
    assert lines[first + 6].split()[-1] == "1,816"
    assert "└1-700" in lines[first + 7]


def test_the_largest_reports_are_held_against_every_limit_that_they_come_up_against() -> None:
    limits = ("response_time.p99 < 500ms", "response_time.p95 < 1s", "packages.largest.service_time.max < 2s", "lag.p99 < 1ms")
    plan = plan_of(replace(EXAMPLE, thresholds=tuple(map(parse_threshold, limits))))
    text = plan_text(plan, width=100).split("Largest reports: ")[1].split("\n\n")[0]
    assert text.splitlines()[0] == "4 VMs with 2,000 packages"
    assert "1.18 MB, 7.04 % of the limit of 16.8 MB" in text
    named = {each.what: plan.largest.needed(each) for each in plan.largest.deadlines}
    size = plan.forecast.largest_report_bytes
    assert named == {
        "requestTimeout": pytest.approx(size / 10),
        "response_time.p99 < 500ms": pytest.approx(size / 0.5),
        "packages.largest.service_time.max < 2s": pytest.approx(size / 2),
    }


def test_of_a_fleet_that_is_asked_the_largest_answer_has_the_time_that_sensor_has_for_a_vm() -> None:
    largest = plan_of(EXAMPLE, asker=Settings(timeout_ns=20 * SECOND)).largest
    assert [(each.what, each.within_ns) for each in largest.deadlines] == [("Sensor's PER_VM_TIMEOUT", 20 * SECOND)]


def test_the_configured_mean_is_shown_where_the_fleet_has_another() -> None:
    assert "configured mean 613" not in plan_text(plan_of(replace(EXAMPLE, packages=Constant(613))))
    lopsided = Normal(Fraction(700), Fraction(300), Fraction(1), Fraction(700))
    assert "configured mean 700" in plan_text(plan_of(replace(EXAMPLE, packages=lopsided)))


def test_an_empty_bucket_has_no_bar() -> None:
    (row,) = (line for line in plan_text(plan_of(FLEETS["mixed"])).splitlines() if line.strip().startswith("100,000"))
    assert row.split() == ["100,000", "0.50", "%", "0", "%", "0", "0", "0", "B", "0", "%"]


def test_nodes_are_listed_up_to_a_limit_that_is_said() -> None:
    text = plan_text(plan_of(FLEETS["example"]))
    assert "and 2 more (--format json has them all)" in text
    assert "Nodes" not in plan_text(plan_of(FLEETS["example"]), with_nodes=False)
    assert "Nodes" not in plan_text(plan_of(EXAMPLE))
    empty = [line.split() for line in plan_text(plan_of(replace(EXAMPLE, vm_count=1, node_count=2))).splitlines()]
    assert ["1", "0", "-", "-"] in empty


def test_a_bounded_run_says_how_many_reports_there_will_be() -> None:
    plan = plan_of(replace(EXAMPLE, duration_ns=60 * SECOND))
    assert f" {plan.forecast.reports} " in words_of(plan_text(plan))


def test_the_time_scale_is_said() -> None:
    assert "Fleet of 200 VMs, seed 0, time scale 45\n" in plan_text(plan_of(FLEETS["example"]))


def test_markup_in_a_warning_is_text() -> None:
    plan = replace(plan_of(EXAMPLE), warnings=(Warned("x", "[red]not red[/] [/] packages.buckets[3] :100: \\"),))
    assert "!  [red]not red[/] [/] packages.buckets[3] :100: \\\n" in plan_text(plan)


def chart_of(config: Config, width: int = 80) -> list[str]:
    """The lines of the chart of reports over time, its axis included."""
    lines = plan_text(plan_of(config), width=width).splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("Reports per second over time"))
    return lines[first + 1 : first + 8]


@WIDTHS
def test_the_chart_has_the_peak_at_its_top_and_ends_where_the_forecast_does(width: int) -> None:
    *drawn, axis = chart_of(replace(EXAMPLE, duration_ns=300 * SECOND), width)
    peak = plan_of(replace(EXAMPLE, duration_ns=300 * SECOND)).forecast.peak_reports_per_second
    assert drawn[0].split()[0] == str(peak)
    assert drawn[-1].split()[0] == "0"
    assert len(drawn) == 6
    assert axis.split() == ["0s", "5m"]
    assert len(axis) <= width


def test_a_herd_stands_out_in_the_chart_and_is_named() -> None:
    drawn = "\n".join(chart_of(FLEETS["in step"]))
    assert drawn.splitlines()[0].count("\N{LIGHT SHADE}") + drawn.splitlines()[0].count("\N{FULL BLOCK}") == 3
    assert " herd 30,000 reports due within 1s, 0s after the start " in words_of(plan_text(plan_of(FLEETS["in step"])))


def test_a_run_of_a_few_seconds_has_no_chart() -> None:
    assert "over time" not in plan_text(plan_of(replace(EXAMPLE, duration_ns=4 * SECOND)))


def test_what_was_not_counted_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecast_module, "MOST_EVENTS", 1_000)
    assert "  The first 3m43s are counted, " in plan_text(plan_of(EXAMPLE))


def test_profiles_are_listed_by_name_with_their_shares() -> None:
    words = " ".join(plan_text(plan_of(FLEETS["profiles"]), width=160).split())
    assert f"{'a' * 63} 90 % 90 % 180 " in words
    assert "[b] 10.0 % 10 % 20 5 " in words
    assert "none 0.0010 % 0 % 0 - - 0 0 B 0 %" in words


def shares_of(text: str) -> list[float]:
    """The last percentage of each row that has a load."""
    rows = [re.findall(r"([\d.]+) %", line) for line in text.splitlines() if re.search(r" [kM]?B  ", line)]
    return [float(row[-1]) for row in rows]


@pytest.mark.parametrize(("name", "tables"), [("example", 2), ("uniform", 0), ("continuous", 2), ("mixed", 2), ("profiles", 3)])
def test_the_shares_of_the_load_add_up_in_every_table(name: str, tables: int) -> None:
    assert sum(shares_of(plan_text(plan_of(FLEETS[name]), width=160))) == pytest.approx(100 * tables, abs=0.1 * tables)


def test_the_load_of_a_continuous_attribute_stands_by_bands_under_its_histogram() -> None:
    text = plan_text(plan_of(FLEETS["continuous"]))
    bands = text.split("Load by packages\n")[1].split("\n\n")[0].splitlines()[2:]
    assert [line.split()[0] for line in bands] == ["1-700", "701-1,084", "1,085-1,397", "1,399-1,816"]
    assert "Load by" not in plan_text(plan_of(EXAMPLE))


def test_a_bucket_with_a_distribution_stands_under_the_name_of_its_group() -> None:
    text = plan_text(plan_of(FLEETS["mixed"]))
    assert "  700 ± 300        49 %      50 %   10 " in text
    assert "distribution" not in text.split("Forecast")[0]


def test_few_values_of_profiles_have_a_row_each_in_place_of_a_histogram() -> None:
    pairs = (("small", 95, 700), ("huge", 5, 7_000))
    profiles = tuple(
        Profile(name=name, percent=Fraction(percent), packages=Constant(packages), report_interval=Constant(MINUTE))
        for name, percent, packages in pairs
    )
    text = plan_text(plan_of(replace(EXAMPLE, profiles=profiles)))
    assert words_of(text.split("Packages per VM")[1].split("Report interval")[0]).count(" 7,000 5 % 10 ") == 1
    assert "from" not in text.split("Forecast")[0]


def test_profiles_beyond_those_that_are_counted_have_no_load_of_their_own() -> None:
    profiles = tuple(
        Profile(name=f"p{number}", percent=Fraction(5, 2), packages=Constant(600), report_interval=Constant(HOUR))
        for number in range(40)
    )
    text = plan_text(plan_of(replace(EXAMPLE, profiles=profiles)), width=120)
    assert len([line for line in text.splitlines() if line.endswith("-         -")]) == 9
    assert "  Those without a load are counted together: 22.5 % of the bytes\n" in text


def test_a_node_whose_vms_have_its_own_cid_names_none() -> None:
    lines = plan_text(plan_of(replace(EXAMPLE, cids="own", node_count=2))).splitlines()
    assert ["0", "100", "its", "own", "its", "own"] in [line.split() for line in lines]


def test_reports_under_way_are_shown_where_a_service_time_is_given() -> None:
    assert "in flight" not in plan_text(plan_of(EXAMPLE))
    shown = " ".join(plan_text(plan_of(EXAMPLE), service_time_ns=2 * SECOND).split())
    assert " 8.93 reports on average," in shown
    assert "at the peak, if each takes 2s" in shown
