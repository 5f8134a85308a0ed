"""A fit for people: the block to paste, its error, and data against fit as a chart."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence

from rich.table import Table

from vsock_loadgen.distributions.quantity import PACKAGES, Quantity
from vsock_loadgen.fitting.fit import Fit
from vsock_loadgen.grammar.scalars import flow
from vsock_loadgen.text.console import bar, grid, indented, rendered, table
from vsock_loadgen.units import MILLISECOND, format_duration, format_number

_MOST_ROWS = 12
_MOST_BAR_CELLS = 24
_BESIDE_BARS = 48
"""Cells that the widest range and two percentages take up beside the bars."""


def fit_yaml(fit: Fit, quantity: Quantity) -> str:
    """The block as it stands below `loadgen:` in a config."""
    shown = fit.distribution.show(quantity)
    if "buckets" not in shown:
        return f"  {quantity.key}: {flow(shown)}\n"
    lines = [f"  {quantity.key}:", "    buckets:", *(f"      - {flow(bucket)}" for bucket in shown["buckets"])]
    return "\n".join(lines) + "\n"


def fit_text(fit: Fit, quantity: Quantity, *, width: int, color: bool) -> str:
    """How well the block fits, and data against fit."""
    show = format_number if quantity is PACKAGES else _interval
    pieces = "buckets" if fit.distribution.buckets_of else "quantiles between the ends"
    found = f"{fit.count:,} values, {fit.distinct:,} of them different, as {fit.pieces} {pieces}:"
    return rendered([found, "", indented(_errors(fit, show)), "", indented(_chart(fit, show, width))], width=width, color=color)


def _errors(fit: Fit, show: Callable[[float], str]) -> Table:
    made = table("", "", "data", "fit", "error")
    for name, error in fit.errors.items():
        made.add_row(name, show(getattr(fit.data, name)), show(getattr(fit.fit, name)), f"{100 * error:+.1f} %")
    made.add_row("a value, on average", "", "", f"{100 * fit.deviation:.1f} %")
    made.add_row("KS distance", "", "", f"{fit.distance:.3f}")
    return made


def _interval(nanoseconds: float) -> str:
    return format_duration(round(nanoseconds / MILLISECOND) * MILLISECOND)


def _chart(fit: Fit, show: Callable[[float], str], width: int) -> Table:
    """Shares of data and of fit in equally wide ranges up to p99; what is above is one range more."""
    edges = _edges(fit)
    pairs = list(zip(_shares(fit.values, edges), _shares(fit.fitted, edges), strict=True))
    most = max(max(pair) for pair in pairs)
    cells = max(5, min(_MOST_BAR_CELLS, (width - _BESIDE_BARS) // 2))
    rows = grid("right", "right", "left", "right", "left")
    rows.add_row("[bold]up to", "[bold]data", "", "[bold]fit", "")
    for edge, (data, fitted) in zip(edges, pairs, strict=True):
        rows.add_row(show(edge), f"{100 * data:.1f} %", bar(data / most, cells), f"{100 * fitted:.1f} %", bar(fitted / most, cells))
    return rows


def _edges(fit: Fit) -> list[int]:
    """Upper ends of the ranges, in ascending order; the last holds the largest value of either side."""
    low, high = fit.data.minimum, fit.data.p99
    edges = sorted({low + (high - low) * number // _MOST_ROWS for number in range(1, _MOST_ROWS + 1)})
    largest = max(fit.values[-1], fit.fitted[-1])
    return [*(edge for edge in edges if edge < largest), largest]


def _shares(ascending: Sequence[int], edges: Sequence[int]) -> list[float]:
    ends = [bisect_left(ascending, edge + 1) for edge in edges]
    return [(end - start) / len(ascending) for start, end in zip([0, *ends], ends, strict=False)]
