"""Every line of the page's charts stands out from the card that it is drawn on, in daylight and in the dark."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

PAGE = files("vsock_loadgen.text") / "page"
LEAST_CONTRAST = 3.0
"""What the Web Content Accessibility Guidelines ask of graphics (1.4.11)."""
NO_LINES = ("grid", "band", "text")
SCALES = ("heat", "lost")
"""From few to many: many have to stand out."""


def cards() -> dict[str, str]:
    """The background of charts by mode: the style sheet has that of daylight first."""
    light, dark = re.findall(r"--card: (#\w{6})", (PAGE / "page.css").read_text(encoding="utf-8"))
    return {"LIGHT": light, "DARK": dark}


def lines_of(mode: str) -> list[tuple[str, str]]:
    script = (PAGE / "plotting.js").read_text(encoding="utf-8")
    (body,) = re.findall(rf"const {mode} = \{{(.*?)\}};", script, re.DOTALL)
    named = re.findall(r"(\w+): (\[[^]]*\]|\"#\w{6}\")", body)
    found = [(name, re.findall(r"#\w{6}", colors)) for name, colors in named if name not in NO_LINES]
    return [(name, color) for name, colors in found for color in (colors[-1:] if name in SCALES else colors)]


def luminance(color: str) -> float:
    shares = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("mode", ["LIGHT", "DARK"])
def test_every_line_stands_out_from_its_card(mode: str) -> None:
    card, lines = luminance(cards()[mode]), lines_of(mode)
    assert {"quantiles", "offered", "achieved", "service", "lag", "limit", "heat"} <= {name for name, _ in lines}
    for name, color in lines:
        lighter, darker = sorted((luminance(color), card), reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= LEAST_CONTRAST, (mode, name, color)
