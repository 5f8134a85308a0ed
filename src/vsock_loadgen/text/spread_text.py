"""Several runs of one config, and how much they differ: the spread that a difference has to exceed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from vsock_loadgen.results.comparison import COMPARED, Compared, Figure, Side
from vsock_loadgen.results.result import Named
from vsock_loadgen.text.comparison_sheet import figure_text
from vsock_loadgen.text.console import grid, indented, rendered, table
from vsock_loadgen.text.markdown import escaped, markdown_table

_SHOWN = (
    *("offered_per_second", "reports_per_second", "response_time.p50", "response_time.p95", "response_time.p99", "lag.p99"),
    *("failed_percent", "skipped_percent"),
)
_HEADINGS = ("median", "smallest", "largest", "spread")


def spread_text(runs: Sequence[Named], *, width: int = 80, color: bool = False) -> str:
    """The runs and their spread for people."""
    verdicts = grid("left", "left")
    for run in runs:
        verdicts.add_row(Text(run.name), run.result.verdict.status)
    parts: list[RenderableType] = [f"[bold]{len(runs)} runs[/]", indented(verdicts), ""]
    chart = table("Spread of the runs", "", *_HEADINGS)
    for row in spread_rows(runs):
        chart.add_row(*row)
    return rendered([*parts, chart], width=width, color=color)


def spread_markdown(runs: Sequence[Named]) -> str:
    """The same for a pull request, as a document of its own."""
    verdicts = [(run.name, run.result.verdict.status, "; ".join(run.result.verdict.reasons)) for run in runs]
    statuses = dict.fromkeys(run.result.verdict.status for run in runs)
    return (
        "\n\n".join(
            (
                f"## Load test: {len(runs)} runs, {escaped(', '.join(statuses))}",
                markdown_table(("run", "verdict", ""), verdicts),
                markdown_table(("figure", *_HEADINGS), spread_rows(runs)),
            )
        )
        + "\n"
    )


def spread_document(runs: Sequence[Named]) -> dict[str, object]:
    """For each figure the runs' values, for a log: in seconds, percent or reports per second."""
    return {metric.name: figure.to_json() for metric, figure in _figures(runs)}


def spread_rows(runs: Sequence[Named]) -> list[tuple[str, ...]]:
    """For each figure its median, its smallest and largest value, and the distance between those."""
    rows = []
    for metric, figure in _figures(runs):
        known = [value for value in figure.values if value is not None]
        values = (figure.middle, min(known, default=None), max(known, default=None), figure.spread)
        rows.append((metric.name, *(figure_text(metric, value) for value in values)))
    return rows


def _figures(runs: Sequence[Named]) -> Iterator[tuple[Compared, Figure]]:
    side = Side("", tuple(runs))
    for name in _SHOWN:
        yield COMPARED[name], side.figure(COMPARED[name])
