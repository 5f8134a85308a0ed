"""A result as terminal text: the verdict first, then the accounts, the times, and what the receiver saw."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from vsock_loadgen.results.measured import TimeSummary
from vsock_loadgen.results.result import UNJUDGED, Result
from vsock_loadgen.text.asked_text import Words, asked_parts, asked_words
from vsock_loadgen.text.console import grid, indented, rendered, table
from vsock_loadgen.text.figure_tables import FigureTable, figure_tables, time_text
from vsock_loadgen.text.group_text import group_parts
from vsock_loadgen.text.reconciliation_text import reconciliation_parts, sensor_parts
from vsock_loadgen.units import SECOND, format_bytes, format_number, format_seconds

PROOF = {
    "reconciled": "the target's own counters account for every delivered report",
    "receipt": "every asker showed that it had read each delivered report up to the last piece, which was written",
    "strong": "the target read every delivered report to its end (confirmed by the kernel)",
    "weak": "the target closed after every delivered report; vsock hides whether it had read it",
    "none": "delivered means written to the kernel; whether it was read is unknown",
}
NOTHING_TO_PROVE = "no report was delivered"


PUSH = Words(
    skipped="their VM's last report was still in flight",
    unfinished="still in flight or not started at the end",
    response="from due to delivered, every due report",
    service="from start to delivered, every started report",
    lag="from due to start: the generator's own lateness",
)


def result_text(result: Result, *, width: int = 80, color: bool = False) -> str:
    """The result for people."""
    status = result.verdict.status
    style = {"passed": "bold green", UNJUDGED: "bold yellow"}.get(status, "bold red")
    parts: list[RenderableType] = [f"[{style}]Verdict: {status}[/]"]
    parts += [indented(Text(reason)) for reason in result.verdict.reasons]
    proof = PROOF[result.confirmation] if result.counts.delivered else NOTHING_TO_PROVE
    parts += [indented(f"confirmation: {result.confirmation}, {proof}")]
    if line := _generator(result):
        parts += [indented(Text(line))]
    if result.ended and result.ended.by_signal and result.ended.is_whole:
        parts += [indented(Text(result.ended.by_signal))]
    parts += [indented(Text(f"warning: {warning}")) for warning in result.warnings]
    parts.append("")
    if result.thresholds:
        parts += _thresholds(result)
    words = PUSH if result.asked is None else asked_words(result.counts)
    parts += _accounts(result, words)
    if result.asked is not None:
        parts += asked_parts(result.counts, result.asked, result.response, (result.receiver or {}).get("reports"))
    parts += _times(result, words)
    if result.phases:
        parts += _phases(result, width)
    parts += group_parts(result, width=width)
    if result.counts.failures:
        parts += _failures(result)
    if result.reconciliation is not None:
        parts += reconciliation_parts(result.reconciliation)
    if result.sensor is not None:
        parts += sensor_parts(result.sensor)
    return rendered(parts, width=width, color=color)


def _generator(result: Result) -> str:
    """Whether the generator was the limit; empty if the verdict says that it was, or nothing is known."""
    limit, cpu = result.config.get("lagLimit"), result.generator.get("worker_cpu_seconds")
    if result.generator.get("saturation") or not isinstance(limit, str) or not isinstance(cpu, list) or result.lag.p99 is None:
        return ""
    busiest = 100 * max(cpu, default=0) * SECOND / max(result.elapsed_ns, 1)
    lag = format_seconds(result.lag.p99)
    return f"generator: not the limit (lag P99 {lag}, lagLimit {limit}; busiest worker {format_number(busiest)} % of a processor)"


def _thresholds(result: Result) -> list[RenderableType]:
    chart = table("Thresholds", "", "found", "")
    for threshold in result.thresholds:
        verdict = "" if threshold.passed is None else "[green]met[/]" if threshold.passed else "[bold red]missed[/]"
        chart.add_row(Text(f"{threshold.expression}{threshold.of_a_part}"), threshold.shown_value, verdict)
    return [chart, ""]


def _accounts(result: Result, words: Words) -> list[RenderableType]:
    counts = result.counts
    seconds = max(result.elapsed_ns, 1) / SECOND
    chart = grid("left", "right", "left")
    rows = [
        ("due", counts.due, ""),
        (
            "delivered",
            counts.delivered,
            f"{format_bytes(counts.bytes)}, {format_number(counts.delivered / seconds)} reports per second",
        ),
        ("failed", counts.failed, _share(counts.failed, counts.due)),
        ("skipped", counts.skipped, f"{_share(counts.skipped, counts.due)}, {words.skipped}"),
        ("unfinished", counts.unfinished, words.unfinished),
    ]
    for name, count, remark in rows:
        chart.add_row(name, f"{count:,}", remark if count else "")
    return [f"[bold]Reports in {format_seconds(result.elapsed_ns)}[/]", indented(chart), ""]


def _share(count: int, due: int) -> str:
    return f"{format_number(100 * count / max(1, due))} % of due"


def _times(result: Result, words: Words) -> list[RenderableType]:
    chart = table("Times", "", "response time", "service time", "schedule lag")
    chart.add_row("reports", *(f"{summary.count:,}" for summary in (result.response, result.service, result.lag)))
    columns = (_figures(result.response), _figures(result.service), _figures(result.lag))
    for name, *figures in zip(("P50", "P95", "P99", "P99.9", "max", "mean"), *columns, strict=True):
        chart.add_row(name, *figures)
    meaning = grid("left", "left")
    everything = result.counts.delivered == result.counts.due
    undelivered = "" if everything else "; one not delivered counts as longer than any"
    meaning.add_row("response time", f"{words.response}{undelivered if result.counts.unanswered or not result.asked else ''}")
    meaning.add_row("service time", f"{words.service}{undelivered}")
    meaning.add_row("schedule lag", words.lag)
    return [chart, indented(meaning), ""]


def _figures(summary: TimeSummary) -> list[str]:
    values: Sequence[float | None] = (summary.p50, summary.p95, summary.p99, summary.p999, summary.largest, summary.mean)
    return [time_text(summary, value) for value in values]


def _phases(result: Result, width: int) -> list[RenderableType]:
    counts = [phase.counts for phase in result.phases]
    response = [phase.response for phase in result.phases]
    columns = {
        "due": [f"{each.due:,}" for each in counts],
        "delivered": [f"{each.delivered:,}" for each in counts],
        "failed": [f"{each.failed:,}" for each in counts],
        "skipped": [f"{each.skipped:,}" for each in counts],
        "response P50": [time_text(summary, summary.p50) for summary in response],
        "P99": [time_text(summary, summary.p99) for summary in response],
    }
    table_of = FigureTable("Phases of load", "phase", [phase.name for phase in result.phases], columns)
    return [*figure_tables([table_of], width=width, first_out=("due", "response P50", "delivered")), ""]


def _failures(result: Result) -> list[RenderableType]:
    chart = table("Failures", "class", "reports", "last message")
    chart.columns[2].justify = "left"
    meaning = grid("left", "left")
    for failure, count in sorted(result.counts.failures.items(), key=lambda item: -item[1]):
        chart.add_row(str(failure), f"{count:,}", Text(result.errors.get(failure, "")))
        meaning.add_row(str(failure), failure.record.advice)
    return [chart, indented(meaning), ""]
