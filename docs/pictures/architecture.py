"""Draws architecture.svg, the stages and the records between them: run `make docs`, or with --check to have it only compared."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from html import escape
from pathlib import Path

PICTURE = Path(__file__).with_suffix(".svg")
WIDTH, HEIGHT = 1020, 560
FONT = "ui-sans-serif, system-ui, sans-serif"
INK, LINE, PAPER = "#1b2430", "#5b6b7f", "#ffffff"
PURE, WAITING, EDGE = "#e3f1e4", "#fde8d7", "#eef1f5"
"""What imports no socket, clock or thread; what waits for sockets or people; what reads input and puts parts together."""


@dataclass(frozen=True, slots=True)
class Box:
    """A stage: where it is, what it is called, what it does, line by line."""

    x: int
    y: int
    width: int
    height: int
    name: str
    lines: tuple[str, ...]
    color: str

    def svg(self) -> str:
        """The box with its words."""
        middle = self.x + self.width / 2
        words = [_text(middle, self.y + 22, self.name, size=15, weight="bold")]
        words += [_text(middle, self.y + 42 + 16 * number, line, size=12) for number, line in enumerate(self.lines)]
        frame = (
            f'<rect x="{self.x}" y="{self.y}" width="{self.width}" height="{self.height}" rx="6" '
            f'fill="{self.color}" stroke="{LINE}"/>'
        )
        return "\n".join([frame, *words])


@dataclass(frozen=True, slots=True)
class Arrow:
    """A record on its way, in a straight line; its name stands in the middle of it, moved by (`dx`, `dy`)."""

    start: tuple[int, int]
    end: tuple[int, int]
    record: str = ""
    dx: int = 0
    dy: int = -7

    def svg(self) -> str:
        """The line, its head and its name."""
        (x1, y1), (x2, y2) = self.start, self.end
        line = f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{LINE}" stroke-width="1.5" marker-end="url(#head)"/>'
        name = _text((x1 + x2) / 2 + self.dx, (y1 + y2) / 2 + self.dy, self.record, size=11, style="italic") if self.record else ""
        return line + name


def _text(
    x: float, y: float, words: str, *, size: int, weight: str = "normal", style: str = "normal", anchor: str = "middle"
) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size}" font-weight="{weight}" font-style="{style}" '
        f'text-anchor="{anchor}" fill="{INK}">{escape(words)}</text>'
    )


BOXES = (
    Box(20, 20, 980, 60, "cli", ("one file per verb: arguments in, exit code out",), EDGE),
    Box(20, 95, 980, 60, "app", ("composition root: builds the real parts, hands each what it needs, runs them",), EDGE),
    Box(20, 205, 120, 80, "config", ("words of the user", "-> frozen Config"), EDGE),
    Box(215, 205, 125, 80, "plan", ("fleet, schedule,", "forecast"), PURE),
    Box(
        430,
        190,
        175,
        110,
        "engine",
        ("supervisor (parent)", "workers: one heap, one", "epoll each; no thread,", "task or timer per VM"),
        WAITING,
    ),
    Box(715, 175, 125, 75, "telemetry", ("log, live view,", "metrics, files"), WAITING),
    Box(715, 265, 125, 60, "summary", ("totals -> result",), EDGE),
    Box(885, 205, 115, 80, "report", ("text, HTML,", "comparison"), PURE),
    Box(215, 365, 125, 70, "cluster", ("which node am I,", "which slice"), EDGE),
    Box(385, 365, 125, 70, "payloads", ("catalogue -> ring", "-> report bytes"), PURE),
    Box(550, 365, 125, 70, "transport", ("sockets, preflight,", "errno -> class"), WAITING),
    Box(730, 365, 130, 70, "receiver", ("reads, verifies,", "counts, misbehaves"), WAITING),
    Box(20, 475, 640, 60, "measures", ("pure records that cross stages: counts, histograms, snapshot, receipt, result",), PURE),
    Box(680, 475, 320, 60, "units, errors, printable", ("what everybody may use",), PURE),
)
ARROWS = (
    Arrow((140, 245), (213, 245), "Config"),
    Arrow((340, 245), (428, 245), "Plan, Load"),
    Arrow((605, 215), (713, 212), "RunTotals"),
    Arrow((605, 285), (713, 292), "RunTotals", dy=14),
    Arrow((840, 285), (883, 262), "Result", dx=4, dy=22),
    Arrow((277, 363), (277, 287), "Identity", dx=30, dy=4),
    Arrow((447, 363), (470, 302), "bytes", dx=-24, dy=4),
    Arrow((612, 363), (580, 302), "Endpoint", dx=38, dy=4),
    Arrow((675, 400), (728, 400), "reports"),
    Arrow((795, 363), (780, 327), "Receipt", dx=36, dy=4),
)


def picture() -> str:
    """The picture, which loads nothing from elsewhere."""
    shape = f'<path d="M0 0L9 4L0 8z" fill="{LINE}"/>'
    head = f'<marker id="head" markerWidth="9" markerHeight="8" refX="8" refY="4" orient="auto">{shape}</marker>'
    keys = ((PURE, "pure: no socket, clock or thread"), (WAITING, "talks to the world"), (EDGE, "reads input, puts together"))
    legend = [
        f'<rect x="{120 + 300 * number}" y="447" width="14" height="14" fill="{color}" stroke="{LINE}"/>'
        + _text(142 + 300 * number, 459, words, size=12, anchor="start")
        for number, (color, words) in enumerate(keys)
    ]
    parts = [box.svg() for box in BOXES] + [arrow.svg() for arrow in ARROWS] + legend
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="{FONT}" role="img" '
            'aria-label="The stages of vsock-loadgen and the records between them">',
            f"<defs>{head}</defs>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>',
            *parts,
            "</svg>\n",
        ]
    )


if __name__ == "__main__":
    if "--check" not in sys.argv[1:]:
        PICTURE.write_text(picture())
    elif PICTURE.read_text() != picture():
        sys.exit(f"{PICTURE.name} is not what its script draws: run make docs")
