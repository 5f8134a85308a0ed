"""The live view's rows for a fleet that is asked: what the scanner knows, and how askings ended."""

from __future__ import annotations

from rich.segment import Segment

from vsock_loadgen.measures.askings import KINDS
from vsock_loadgen.units import format_age
from vsock_loadgen.watching.drawing import BAD, BOLD, CAUTION, DIM, GOOD, LABEL_CELLS, MOST_SPACE, PLAIN, Figures, Line, padded
from vsock_loadgen.watching.scene import Scene

ACCOUNTS = {"in flight": "waiting"}
"""The names of the accounts if reports wait to be asked for, by their usual names."""
_STYLES = {"whole": GOOD, "errors": CAUTION, "failed": BAD, "refused": CAUTION}
_FIRST_OUT = ("cut", "unchanged", "again", "refused", "errors", "in flight")


def asked_rows(scene: Scene, width: int) -> list[Line]:
    """Askings by how they ended."""
    counts = scene.looked.counts
    values = {"whole": counts.asked_of("whole"), "again": counts.again}
    values |= {kind: counts.asked_of(kind) for kind in KINDS if kind not in values}
    values["in flight"] = scene.counts.asking
    if not values["cut"]:
        del values["cut"]  # of those that the end of the run finds
    figures = Figures(
        {name: [Segment(f"{value:,}", _STYLES.get(name, PLAIN) if value else PLAIN)] for name, value in values.items()}
    )
    heads, row = figures.lines(width - LABEL_CELLS, _FIRST_OUT, MOST_SPACE)
    return [[Segment(padded(" Askings", LABEL_CELLS), BOLD), *heads], [Segment(" " * LABEL_CELLS), *row]]


def known_row(scene: Scene, width: int) -> list[Line]:
    """What the scanner knows, as one sentence that fits; nothing before anything was counted."""
    known = scene.knowledge
    if known is None:
        return []
    vms = f"{known.known_vms:,} of {known.vms:,} VMs" if known.known_after_ns is None else f"all {known.vms:,} VMs"
    texts = [vms]
    if old := _oldest(scene):
        texts = [f"{vms}; what the scanner knows is up to {old[0]} old ({old[1]})", f"{vms}; up to {old[0]} old", vms]
    fits = next((text for text in texts if LABEL_CELLS + 1 + len(text) <= width), "")
    return [[Segment(padded(" Known", LABEL_CELLS), BOLD), Segment(f" {fits}", DIM)]] if fits else []


def _oldest(scene: Scene) -> tuple[str, str] | None:
    """The age of what is known at the highest percentile up to P99 that has one, and which that is."""
    p50, p95, p99, *_ = next(clock.figures for clock in scene.clocks if clock.name == "response")
    return next(((format_age(value), name) for value, name in ((p99, "P99"), (p95, "P95"), (p50, "P50")) if value), None)
