"""A fit for people: the block to paste, its error, and data against fit as a chart."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from statistics import fmean

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from vsock_loadgen.distributions.quantity import PACKAGES, Quantity
from vsock_loadgen.fitting.fit import Fit
from vsock_loadgen.grammar.scalars import flow
from vsock_loadgen.text.console import BAR, grid, indented, rendered, table
from vsock_loadgen.units import MILLISECOND, format_duration, format_number

_BAND_ENDS = (*range(0, 100, 10), 95, 99, 100)
"""Percent of the VMs."""
_DATA, _FIT = "\N{DARK SHADE}", "\N{LIGHT SHADE}"
_LEGEND = f"{BAR} both  {_DATA} data alone  {_FIT} fit alone (means, VMs in ascending order)"
_MOST_BAR_CELLS = 60
_BESIDE_BARS = 48
"""Cells that the widest band, two values and the error take up beside the bars."""


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
    parts: list[RenderableType] = [
        found,
        "",
        indented(_errors(fit, show)),
        "",
        indented(_chart(fit, show, width)),
        indented(Text(_LEGEND)),
    ]
    return rendered(parts, width=width, color=color)


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
    """Data and fit along the fleet, from its VMs with the smallest values to those with the largest: what a band of it has on
    average. If the bars of both are alike, one is shown."""
    pairs = [(fmean(fit.values[start:end]), fmean(fit.fitted[start:end])) for start, end in pairwise(_ranks(len(fit.values)))]
    most = max(max(pair) for pair in pairs)
    cells = max(5, min(_MOST_BAR_CELLS, width - _BESIDE_BARS))
    rows = grid("right", "right", "right", "right", "left")
    rows.add_row("[bold]of the VMs", "[bold]data", "[bold]fit", "[bold]error", "")
    for (start, end), (data, fitted) in zip(pairwise(_ranks(len(fit.values))), pairs, strict=True):
        band = f"{format_number(100 * start / len(fit.values))}-{format_number(100 * end / len(fit.values))} %"
        rows.add_row(
            band, show(data), show(fitted), f"{100 * (fitted / data - 1):+.1f} %", _bars(data / most, fitted / most, cells)
        )
    return rows


def _ranks(count: int) -> list[int]:
    """The bounds of the bands, as ranks of `count` values."""
    return sorted({round(count * percent / 100) for percent in _BAND_ENDS})


def _bars(data: float, fitted: float, cells: int) -> str:
    """Two bars, shares of a width in cells, one on the other."""
    common, longest = (max(1, round(share * cells)) for share in (min(data, fitted), max(data, fitted)))
    return BAR * common + (_DATA if data > fitted else _FIT) * (longest - common)
