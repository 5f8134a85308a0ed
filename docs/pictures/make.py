"""Draws plan.svg, what `vsock-loadgen plan` shows for the example fleet in a terminal: run `make docs`."""

from __future__ import annotations

import io
import re
from pathlib import Path

from rich.console import Console
from rich.text import Text

from vsock_loadgen.app import prepare
from vsock_loadgen.config.load import load
from vsock_loadgen.report.plan_text import plan_text

PICTURES = Path(__file__).resolve().parent
EXAMPLE = PICTURES.parents[1] / "examples" / "fleet-200.yaml"
WIDTH = 80
FONTS = "ui-monospace, Menlo, Consolas, monospace"


def plan_picture() -> str:
    """The plan of the example as an SVG that loads nothing from elsewhere."""
    config = load(EXAMPLE, environment={"LOADGEN_TARGET": "embedded"}).config
    shown = plan_text(prepare(config)[0], width=WIDTH, color=True)
    console = Console(record=True, width=WIDTH, file=io.StringIO(), color_system="standard", force_terminal=True)
    console.print(Text.from_ansi(shown.rstrip("\n")))
    picture = console.export_svg(title="vsock-loadgen plan --config examples/fleet-200.yaml --target embedded", unique_id="plan")
    without_fonts = re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL)  # they would be fetched from a server
    return re.sub(r"font-family: (?:Fira Code|arial)[^;]*;", f"font-family: {FONTS};", without_fonts)


if __name__ == "__main__":
    (PICTURES / "plan.svg").write_text(plan_picture())
