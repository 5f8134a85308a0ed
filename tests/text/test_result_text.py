"""A result for people: the verdict first, every figure, at any width, and hostile messages are only text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fleet_example import EXAMPLE, plan_of
from run_example import failed_result, result_of, times_of
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.snapshot import Counts, Times
from vsock_loadgen.results.receipt import Receipt, VmReceipt
from vsock_loadgen.results.result import Confirmation, Verdict
from vsock_loadgen.results.seen import seen_by_receiver
from vsock_loadgen.results.thresholds import JudgedThreshold
from vsock_loadgen.text.result_text import result_text
from vsock_loadgen.units import SECOND

WIDTHS = pytest.mark.parametrize("width", [60, 80, 120])
SEEN = seen_by_receiver(
    Receipt(vms=(VmReceipt("3", 3, 500, 0.0, 60.0), VmReceipt("4", 1, 500, 0.0, 0.0), VmReceipt("5", 2, 77, 0.0, 59.0))),
    plan_of(EXAMPLE),
    range(200),
)


@WIDTHS
def test_no_line_is_wider_than_the_terminal_and_nothing_is_cut_off(width: int) -> None:
    text = result_text(failed_result(), SEEN, width=width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text


@WIDTHS
def test_every_figure_is_there(width: int) -> None:
    words = " ".join(result_text(failed_result(), SEEN, width=width).split())
    for figures in (
        "Verdict: invalid",
        "confirmation: strong, the target read every delivered report to its end",
        "due 1,234,567",
        "delivered 1,230,000 530 GB, 61,500 reports a second",
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
        "500 140 2",
        "30s 100 1",
        "1m 60 1",
        "1 VMs sent fewer than two reports",
        "1 VMs arrived with a number of packages that is not in the plan",
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
    assert "look for a read deadline, a concurrency limit or a crash of the target" in " ".join(failures.split())


def test_a_clean_run_shows_no_failures_and_no_receiver_of_its_own() -> None:
    text = result_text(
        result_of(Counts(due=10, started=10, delivered=10), times_of(response=5_000, service=3_000, lag=2_000, count=10))
    )
    assert "Verdict: passed" in text
    assert "Failures" not in text
    assert "receiver" not in text
    assert "% of due" not in text
    assert "not delivered" not in text


def test_a_run_that_lost_reports_and_was_asked_nothing_is_not_judged() -> None:
    """Its exit code is that of a run that is done; its headline must not say more."""
    counts = Counts(due=10, started=10, delivered=9, failures={FailureClass.TIMEOUT: 1})
    lost = replace(result_of(counts, times_of(5_000, 3_000, 2_000, 9)), verdict=Verdict("passed", ("no threshold is set",), 0))
    assert result_text(lost).startswith("Verdict: not judged\n")
    asked = replace(lost, thresholds=(JudgedThreshold("failed_percent < 50", 10.0, "percent", True),))
    assert result_text(asked).startswith("Verdict: passed\n")


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
    ("confirmation", "proof"), [("weak", "vsock hides whether it had read it"), ("none", "nobody looked whether it was read")]
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
        "reports_per_second > 4000 61,500 a second met",
    ):
        assert row in words
    assert "Thresholds" not in result_text(failed_result())
