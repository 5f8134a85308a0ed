"""The curves of a soak as one SVG that loads nothing from elsewhere, readable on light and on dark pages."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from soak.checks import LAG_LIMIT_SECONDS
from soak.evidence import Evidence
from soak.samples import RECEIVER, Look

Point = tuple[float, float]
"""Seconds since the start of the schedule, value."""

_WIDTH, _LEFT, _RIGHT, _TOP = 860, 70, 130, 46
_PANEL, _GAP, _BELOW = 110, 34, 30
_MOST_POINTS = 240
_ROUND_STEPS = (1, 2, 5, 10, 20)
_NEXT_TO_NOTHING = 1e-6
_STYLE = """
  text { font: 11px ui-sans-serif, system-ui, sans-serif; fill: #333; }
  .title { font-weight: 600; }
  .grid { stroke: #ccc; stroke-width: 0.5; }
  .fault { fill: #d97706; fill-opacity: 0.25; }
  .limit { stroke: #c00; stroke-width: 1; stroke-dasharray: 4 3; }
  .curve { fill: none; stroke-width: 1.2; stroke-linejoin: round; }
  .c0 { stroke: #1f5fbf; } .c1 { stroke: #0f8a5f; } .c2 { stroke: #a03fa0; } .c3 { stroke: #8a6d00; } .c4 { stroke: #666; }
  text.c0 { stroke: none; fill: #1f5fbf; } text.c1 { stroke: none; fill: #0f8a5f; } text.c2 { stroke: none; fill: #a03fa0; }
  text.c3 { stroke: none; fill: #8a6d00; } text.c4 { stroke: none; fill: #666; }
  @media (prefers-color-scheme: dark) {
    text { fill: #ddd; }
    .grid { stroke: #555; }
    .fault { fill: #fbbf24; }
    .limit { stroke: #f66; }
    .c0 { stroke: #7fb0ff; } .c1 { stroke: #4fd1a0; } .c2 { stroke: #e08fe0; } .c3 { stroke: #e0c040; } .c4 { stroke: #aaa; }
    text.c0 { fill: #7fb0ff; } text.c1 { fill: #4fd1a0; } text.c2 { fill: #e08fe0; }
    text.c3 { fill: #e0c040; } text.c4 { fill: #aaa; }
  }
"""
_COLOURS = 5


@dataclass(frozen=True, slots=True)
class Panel:
    """Curves by name over one axis that starts at 0; `limit` is a value to draw across."""

    title: str
    curves: dict[str, Sequence[Point]]
    limit: float | None = None

    @property
    def top(self) -> float:
        """The end of the axis: a round number that no value passes."""
        largest = max([value for points in self.curves.values() for _, value in points], default=0.0)
        return round_up(max(largest, self.limit or 0.0))


def draw(evidence: Evidence) -> str:
    """The picture of a soak."""
    panels = panels_of(evidence)
    height = _TOP + len(panels) * (_PANEL + _GAP) + _BELOW
    title = f"{evidence.vm_count:,} VMs for {evidence.seconds / 60:g} minutes; shaded: a fault is on, or its backlog is worked off"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="Curves of a soak">',
        f"<style>{_STYLE}</style>",
        f'<text class="title" x="{_LEFT}" y="18">{title}</text>',
    ]
    for number, panel in enumerate(panels):
        parts += _panel(panel, _TOP + number * (_PANEL + _GAP), evidence)
    bottom = _TOP + len(panels) * (_PANEL + _GAP)
    parts += [
        f'<text x="{_x(evidence.seconds * share, evidence.seconds):.1f}" y="{bottom:.1f}" text-anchor="middle">'
        f"{evidence.seconds * share / 60:.3g} min</text>"
        for share in (0, 0.25, 0.5, 0.75, 1)
    ]
    return "\n".join([*parts, "</svg>"]) + "\n"


def panels_of(evidence: Evidence) -> list[Panel]:
    """What is shown, from the samples and from the result's rows."""
    rows = evidence.result["series"]
    first = rows[0]["t"] if rows else 0
    width = evidence.result["series_width_seconds"]
    names = list(dict.fromkeys(name for sample in evidence.samples for name in sample.looks))
    generator = [name for name in names if name != RECEIVER]
    found = [(row["t"] - first, row["lag_seconds"]["p99"]) for row in rows]
    lag = [(at, 1000 * seconds) for at, seconds in found if seconds is not None]

    def rate(name: str) -> list[Point]:
        return thinned([(row["t"] - first, row[name] / width) for row in rows], statistics.fmean)

    def of_samples(name: str, value: Callable[[Look], float]) -> list[Point]:
        points = [(sample.seconds, value(sample.looks[name])) for sample in evidence.samples if name in sample.looks]
        return thinned(points, max)

    return [
        Panel("memory of the generator, MB (PSS)", {name: of_samples(name, _megabytes) for name in generator}),
        Panel(
            f"memory of the {'asker' if evidence.is_asked else 'receiver'}, MB (PSS)", {RECEIVER: of_samples(RECEIVER, _megabytes)}
        ),
        Panel("open descriptors", {name: of_samples(name, lambda look: look.descriptors) for name in names}),
        Panel("reports a second", {name: rate(name) for name in ("due", "delivered", "failed")}),
        Panel("schedule lag p99, ms", {"lag p99": thinned(lag, max)}, 1000 * LAG_LIMIT_SECONDS),
    ]


def _megabytes(look: Look) -> float:
    return look.pss_bytes / 1e6


def thinned(points: Sequence[Point], pick: Callable[[Sequence[float]], float], most: int = _MOST_POINTS) -> list[Point]:
    """At most so many points in place of many: each the first moment of its stretch, with what `pick` makes of the values in it."""
    stretch = max(1, -(-len(points) // most))
    starts = range(0, len(points), stretch)
    return [(points[start][0], pick([value for _, value in points[start : start + stretch]])) for start in starts]


def round_up(value: float) -> float:
    """The smallest of 1, 2, 5, 10 times a power of ten that is not below a value; 1 for next to nothing."""
    power = 10.0 ** math.floor(math.log10(value)) if value > _NEXT_TO_NOTHING else 1.0
    return next(step * power for step in _ROUND_STEPS if step * power >= value)


def _x(seconds: float, duration: float) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * min(1.0, max(0.0, seconds / duration))


def _panel(panel: Panel, top: float, evidence: Evidence) -> list[str]:
    def y(value: float) -> float:
        return top + _PANEL * (1 - value / panel.top)

    duration, right = evidence.seconds, _WIDTH - _RIGHT
    parts = [f'<text x="{_LEFT}" y="{top - 6}">{panel.title}</text>']
    for each in evidence.injected:
        begin, finish = _x(each.began_seconds, duration), _x(each.ended_seconds, duration)
        parts.append(
            f'<rect class="fault" x="{begin:.1f}" y="{top}" width="{max(finish - begin, 0.7):.1f}" height="{_PANEL}">'
            f"<title>{each.fault.kind}</title></rect>"
        )
    for value in (0.0, panel.top / 2, panel.top):
        parts.append(f'<path class="grid" d="M{_LEFT} {y(value):.1f}H{right}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{value:,g}</text>')
    if panel.limit is not None:
        parts.append(f'<path class="limit" d="M{_LEFT} {y(panel.limit):.1f}H{right}"/>')
    for number, (name, points) in enumerate(panel.curves.items()):
        colour = f"c{number % _COLOURS}"
        line = "".join(f"{'L' if at else 'M'}{_x(x, duration):.1f} {y(value):.1f}" for at, (x, value) in enumerate(points))
        parts.append(f'<path class="curve {colour}" d="{line}"/>')
        parts.append(f'<text class="{colour}" x="{right + 8}" y="{top + 12 + 15 * number}">{name}</text>')
    return parts
