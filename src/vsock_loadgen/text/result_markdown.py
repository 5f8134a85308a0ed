"""A result in Markdown, short enough for a pull request: the verdict, the thresholds with their margin, the groups of VMs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vsock_loadgen.measures.cells import are_several
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.results.conditions import shown_difference, signed
from vsock_loadgen.results.groups import DIMENSIONS
from vsock_loadgen.results.measured import Measured
from vsock_loadgen.results.result import Result
from vsock_loadgen.results.thresholds import JudgedThreshold
from vsock_loadgen.text.figure_tables import time_text
from vsock_loadgen.text.markdown import escaped, markdown_table
from vsock_loadgen.units import SECOND, format_number, format_seconds

_MOST_GROUPS = 20
_MOST_LINES = 5
_LONGEST_MESSAGE = 200


def result_markdown(result: Result) -> str:
    """The result as a document of its own."""
    verdict = result.verdict
    parts = [f"## Load test: {verdict.status}", _bullets(verdict.reasons), escaped(_accounts(result))]
    if result.thresholds:
        parts.append(thresholds_table(result.thresholds))
    parts.append(_figures(result))
    parts.append(_bullets([*_failures(result), *(f"warning: {warning}" for warning in result.warnings)]))
    return "\n\n".join(filter(None, parts)) + "\n"


def thresholds_table(thresholds: Sequence[JudgedThreshold]) -> str:
    """Each threshold with what was found, and how far that is within the limit."""
    rows = [(f"{each.expression}{each.of_a_part}", each.shown_value, margin_text(each), _mark(each)) for each in thresholds]
    return markdown_table(("threshold", "found", "margin", ""), rows)


def margin_text(threshold: JudgedThreshold) -> str:
    """How far what was found is within the limit, with a minus beyond it, and in percent of the limit."""
    margin = threshold.margin
    if margin is None:
        return "-"
    relative = f" ({signed(100 * margin / threshold.limit)} %)" if threshold.limit else ""
    return f"{shown_difference(threshold.unit, margin)}{relative}"


def _mark(threshold: JudgedThreshold) -> str:
    return "" if threshold.passed is None else "met" if threshold.passed else "missed"


def _bullets(sentences: Sequence[str]) -> str:
    shown = [f"- {escaped(sentence)}" for sentence in sentences[:_MOST_LINES]]
    more = len(sentences) - len(shown)
    return "\n".join([*shown, *([f"- and {more:,} more"] if more else [])])


def _accounts(result: Result) -> str:
    counts, target = result.counts, result.config.get("target")
    where = f" to {target}" if isinstance(target, str) and result.asked is None else ""
    rate = format_number(counts.delivered * SECOND / max(result.elapsed_ns, 1))
    return (
        f"{counts.delivered:,} of {counts.due:,} due reports delivered{where} in {format_seconds(result.elapsed_ns)} "
        f"({rate} per second; confirmation: {result.confirmation})"
    )


def _figures(result: Result) -> str:
    """The whole run, and below it the groups of each dimension that has several."""
    rows: list[tuple[str, int, Measured]] = [("all", result.slice["vms"], result)]
    for name in DIMENSIONS:
        groups = result.groups.of(name) if result.groups else ()
        if are_several(groups):
            rows += [(f"{name.replace('_', ' ')} {group.name}", group.vms, group) for group in groups]
    shown = rows[: 1 + _MOST_GROUPS]
    headings = ("group", "VMs", "due", "delivered", "failed", "skipped", "unfinished", "P50", "P99", "P99.9")
    table = markdown_table(headings, (_row(name, vms, measured) for name, vms, measured in shown))
    more = len(rows) - len(shown)
    return f"{table}\n\n{more:,} more groups are in the result." if more else table


def _row(name: str, vms: int, measured: Measured) -> tuple[str, ...]:
    counts: Counts = measured.counts
    accounts = (vms, counts.due, counts.delivered, counts.failed, counts.skipped, counts.unfinished)
    response = measured.response
    times = [time_text(response, value) for value in (response.p50, response.p99, response.p999)]
    return (name, *(f"{count:,}" for count in accounts), *times)


def _failures(result: Result) -> Iterator[str]:
    for failure, count in sorted(result.counts.failures.items(), key=lambda item: -item[1]):
        message = result.errors.get(failure, "")
        yield f"{count:,} {failure}: {message[:_LONGEST_MESSAGE]}{'...' if len(message) > _LONGEST_MESSAGE else ''}"
