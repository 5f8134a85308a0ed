"""A result for people: the verdict first, every figure, at any width, and hostile messages are only text."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from run_example import failed_result, histogram_of, result_of, times_of
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.snapshot import Counts, Times
from vsock_loadgen.results.groups import GroupResult, GroupResults, SeenGroup
from vsock_loadgen.results.result import Confirmation, Result, Verdict
from vsock_loadgen.results.thresholds import JudgedThreshold
from vsock_loadgen.text.result_text import result_text
from vsock_loadgen.units import SECOND

WIDTHS = pytest.mark.parametrize("width", [60, 80, 120])


def group(name: str, vms: int, counts: Counts, times: Times, seen: SeenGroup | None = None) -> GroupResult:
    """A group of VMs, of which another node has 7 more."""
    return GroupResult(name, name, None, None, 50.0, vms, vms + 7, counts, times, seen)


def grouped() -> Result:
    """A run in which only the VMs with 2,000 packages lost reports, and one of them never arrived."""
    due = {"500": 980_000, "1,000": 240_000, "2,000": 14_567}
    lost = {FailureClass.CLOSED_EARLY: 14_567}
    counts = [
        Counts(due=each, started=each, delivered=0 if name == "2,000" else each, failures=lost if name == "2,000" else {})
        for name, each in due.items()
    ]
    times = [times_of(12_300_000, 5, 5, 980_000), times_of(456_000_000, 5, 5, 240_000), Times()]
    seen = [SeenGroup(980_000, 140, 140), SeenGroup(240_000, 40, 40), SeenGroup(0, 0, 0)]
    packages = tuple(group(*each) for each in zip(due, (20, 20, 20), counts, times, seen, strict=True))
    whole = group("5m", 60, Counts(due=1, started=1, delivered=1), times_of(1, 1, 1, 1))
    empty = group("prod", 0, Counts(), Times())
    profiles = (group("dev", 60, counts[0], times[0]), empty)
    return replace(
        failed_result(),
        groups=GroupResults(packages, (whole,), profiles),
        receiver={"ungrouped": 30, "strangers": 1, "not_seen": {"profile": "all VMs have one CID", "report_interval": "phases"}},
    )


def table_of(text: str, title: str) -> list[list[str]]:
    """The words of each line of a table, from its headings on."""
    lines = text.split(f"{title}\n")[1].split("\n\n")[0].splitlines()
    return [line.split() for line in lines if "─" not in line]


@WIDTHS
def test_failures_of_the_large_vms_stand_in_their_row_alone(width: int) -> None:
    text = result_text(grouped(), width=width)
    heads, *rows = table_of(text, "By packages")
    failed = heads.index("failed") + 1
    assert [row[0] for row in rows[:3]] == ["500", "1,000", "2,000"]
    assert [row[failed] for row in rows[:3]] == ["0", "0", "14,567"]
    assert "not delivered" in " ".join(rows[2])
    assert max(map(len, text.splitlines())) <= width


def test_every_figure_of_the_groups_is_there_at_full_width() -> None:
    heads, first, _, last, *_ = table_of(result_text(grouped(), width=120), "By packages")
    assert heads == ["planned", "due", "delivered", "failed", "P50", "P99", "seen"]
    assert first == ["500", "20", "980,000", "980,000", "0", "12.3", "ms", "12.3", "ms", "140", "of", "140"]
    assert last == ["2,000", "20", "14,567", "0", "14,567", "not", "delivered", "not", "delivered", "0", "of", "0"]


def test_a_group_without_vms_has_dashes_for_its_times() -> None:
    rows = table_of(result_text(grouped(), width=120), "By profile")
    assert rows[2] == ["prod", "0", "0", "0", "0", "-", "-", "-"]


def test_what_the_receiver_could_not_know_is_said() -> None:
    words = " ".join(result_text(grouped()).split())
    assert "seen VMs that arrived as planned" in words
    assert "1 VM arrived with " in words
    assert "seen by profile is unknown: all VMs have one CID" in words
    assert "phases" not in words  # of a dimension that is not shown


def test_intervals_that_are_not_known_yet_are_said_where_intervals_are_shown() -> None:
    made = grouped()
    assert made.groups is not None
    shown = replace(made, groups=replace(made.groups, report_interval=made.groups.packages), receiver={"ungrouped": 30})
    assert "30 VMs sent fewer than two reports" in " ".join(result_text(shown).split())
    assert "fewer than two" not in result_text(made)


def test_where_reports_alone_tell_groups_apart_reports_are_seen() -> None:
    made = grouped()
    assert made.groups is not None
    packages = tuple(replace(each, seen=SeenGroup(7_654, None, None)) for each in made.groups.packages)
    text = result_text(replace(made, groups=replace(made.groups, packages=packages)))
    assert text.count("7,654 reports") == 3
    assert "seen      reports that arrived" in text


def test_a_dimension_with_all_vms_in_one_group_is_shown_only_if_some_did_not_arrive_as_planned() -> None:
    made = grouped()
    assert made.groups is not None
    assert "By report interval" not in result_text(made)
    late = replace(made.groups.report_interval[0], seen=SeenGroup(9, 3, 60))
    shown = result_text(replace(made, groups=replace(made.groups, report_interval=(late,))), width=120)
    assert table_of(shown, "By report interval")[1][-3:] == ["3", "of", "60"]


def test_a_result_without_groups_or_with_one_of_each_shows_none() -> None:
    made = grouped()
    assert made.groups is not None
    single = replace(made.groups, packages=made.groups.report_interval, profile=())
    assert "By " not in result_text(replace(made, groups=single))
    assert "By " not in result_text(failed_result())


def test_a_result_that_was_read_from_a_file_shows_the_same_groups() -> None:
    assert result_text(Result.read(json.loads(json.dumps(sound().to_json())))) == result_text(sound())


def sound() -> Result:
    """A run of which every part agrees, so that it can be read: what was not delivered is that of the large VMs."""
    large = Counts(due=40, started=40, delivered=0, failures={FailureClass.TIMEOUT: 40})
    small = Counts(due=60, started=60, delivered=60)
    times = times_of(12_000_000, 5_000_000, 1_000, 60)
    lag = Times(lag=histogram_of(*[1_000] * 40))
    packages = (group("500", 20, small, times, SeenGroup(60, 20, 20)), group("8,000", 2, large, lag, SeenGroup(0, 0, 0)))
    made = result_of(small + large, times + lag, {FailureClass.TIMEOUT: "not within 10s"})
    generator = {"workers": 1, "worker_cpu_seconds": [0.5], "parent_cpu_seconds": 0.1, "share_of_machine": 0.1, "saturation": None}
    made = replace(made, generator=generator)
    return replace(made, groups=GroupResults(packages, packages, ()), receiver={"ungrouped": 1, "strangers": 0, "not_seen": {}})


def test_all_of_many_groups_are_shown() -> None:
    made = grouped()
    assert made.groups is not None
    packages = tuple(group(f"g{number}", 1, Counts(), Times()) for number in range(32))
    text = result_text(replace(made, groups=replace(made.groups, packages=packages)))
    assert [row[0] for row in table_of(text, "By packages")[1:33]] == [f"g{number}" for number in range(32)]


@WIDTHS
def test_no_line_is_wider_than_the_terminal_and_nothing_is_cut_off(width: int) -> None:
    text = result_text(failed_result(), width=width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text


@WIDTHS
def test_every_figure_is_there(width: int) -> None:
    words = " ".join(result_text(failed_result(), width=width).split())
    for figures in (
        "Verdict: invalid",
        "confirmation: strong, the target read every delivered report to its end",
        "due 1,234,567",
        "delivered 1,230,000 530 GB, 61,500 reports per second",
        "failed 4,000 0.32 % of due",
        "skipped 500",
        "unfinished 67",
        "reports 1,234,567 1,234,000 1,230,000",
        "P50 1.23 s 987 ms 1.23 ms",
        "P95 1.23 s 987 ms 1.23 ms",
        "P99 1.23 s 987 ms 1.23 ms",
        "P99.9 not delivered not delivered 1.23 ms",
        "max not delivered not delivered 1.23 ms",
        "mean not delivered not delivered 1.23 ms",
        "timeout 3,000 not delivered within 10s",
    ):
        assert figures in words


def test_the_verdict_is_the_first_line() -> None:
    assert result_text(failed_result()).startswith("Verdict: invalid\n  worker 1 was lost")


def test_markup_pictures_and_backslashes_in_messages_are_only_text() -> None:
    text = result_text(failed_result(), width=120)
    assert "worker 1 was lost: [red]its part[/] of the load was not sent [/]\n" in text
    assert "Connection reset by peer [bold]not markup[/] [/red] :100: \\\n" in text


@pytest.mark.parametrize("message", ["[/]", "[/bold]", "[", "]", "\\[", "[link=x]y", "\\", "[#fff on red]"])
def test_no_message_breaks_the_text(message: str) -> None:
    result = replace(failed_result(), errors={FailureClass.TIMEOUT: message})
    assert message in result_text(result)


def test_the_most_frequent_failure_comes_first_with_cause_and_remedy() -> None:
    failures = result_text(failed_result(), width=120).split("Failures")[1]
    assert failures.index("timeout") < failures.index("reset")
    assert "a read deadline, a concurrency limit or a crash" in " ".join(failures.split())


def test_a_clean_run_shows_no_failures_and_no_receiver_of_its_own() -> None:
    text = result_text(
        result_of(Counts(due=10, started=10, delivered=10), times_of(response=5_000, service=3_000, lag=2_000, count=10))
    )
    assert "Verdict: passed" in text
    assert "Failures" not in text
    assert "receiver" not in text
    assert "% of due" not in text
    assert "not delivered" not in text


def test_of_no_reports_nothing_is_confirmed() -> None:
    idle = replace(result_of(Counts(), Times()), verdict=Verdict("not judged", ("no report was due",), 0), confirmation="none")
    text = result_text(idle)
    assert text.startswith("Verdict: not judged\n")
    assert "confirmation: none, no report was delivered" in text


def test_whether_the_generator_was_the_limit_is_always_said() -> None:
    result = replace(
        result_of(Counts(due=10, started=10, delivered=10), times_of(5_000, 3_000, 2_000_000, 10)),
        config={"lagLimit": "50ms"},
        generator={"worker_cpu_seconds": [0.5, 1.0], "saturation": None},
        elapsed_ns=20 * SECOND,
    )
    line = "generator: not the limit (lag P99 2 ms, lagLimit 50ms; busiest worker 5 % of a processor)"
    assert line in result_text(result, width=120)
    late = replace(result, generator={"worker_cpu_seconds": [20.0], "saturation": {"t": 1}})
    assert "not the limit" not in result_text(late, width=120)


def test_a_run_in_which_nothing_was_due_has_dashes_for_times() -> None:
    text = result_text(result_of(Counts(), Times()))
    assert "P50                   -              -              -\n" in text


@pytest.mark.parametrize(
    ("confirmation", "proof"), [("weak", "vsock hides whether it had read it"), ("none", "written to the kernel")]
)
def test_the_verdict_states_its_confirmation(confirmation: Confirmation, proof: str) -> None:
    words = " ".join(result_text(replace(failed_result(), confirmation=confirmation)).split())
    assert f"confirmation: {confirmation}, " in words
    assert proof in words


@WIDTHS
def test_every_threshold_stands_with_what_was_found_before_the_accounts(width: int) -> None:
    thresholds = (
        JudgedThreshold("response_time.p99 < 500ms", None, "seconds", passed=False),
        JudgedThreshold("failed_percent <= 0.1%", 0.0213, "percent", passed=True),
        JudgedThreshold("reports_per_second > 4000", 61_500.0, "per_second", passed=True),
    )
    text = result_text(replace(failed_result(), thresholds=thresholds), width=width)
    words = " ".join(text.split())
    assert text.index("Thresholds") < text.index("Reports in")
    for row in (
        "response_time.p99 < 500ms not delivered missed",
        "failed_percent <= 0.1% 0.021 % met",
        "reports_per_second > 4000 61,500 per second met",
    ):
        assert row in words
    assert "Thresholds" not in result_text(failed_result())
