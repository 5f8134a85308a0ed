"""Draws plan.svg, what `vsock-loadgen plan` shows for the example fleet in a terminal: run `make docs`."""

from __future__ import annotations

from pathlib import Path

from docs.pictures.svg import terminal_svg

from vsock_loadgen.app import prepare
from vsock_loadgen.config.load import load
from vsock_loadgen.report.plan_text import plan_text

PICTURES = Path(__file__).resolve().parent
EXAMPLE = PICTURES.parents[1] / "examples" / "fleet-200.yaml"
WIDTH = 80


def plan_picture() -> str:
    """The plan of the example."""
    config = load(EXAMPLE, environment={"LOADGEN_TARGET": "embedded"}).config
    shown = plan_text(prepare(config)[0], width=WIDTH, color=True)
    return terminal_svg(
        shown, width=WIDTH, title="vsock-loadgen plan --config examples/fleet-200.yaml --target embedded", name="plan"
    )


if __name__ == "__main__":
    (PICTURES / "plan.svg").write_text(plan_picture())
