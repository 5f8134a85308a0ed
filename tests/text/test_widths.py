"""No line of any text is wider than the terminal, however narrow that is."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from rich.cells import cell_len

from comparison_example import two_sides
from fleet_example import EXAMPLE, plan_of
from run_example import failed_result, result_of, times_of
from vsock_loadgen.distributions.quantity import PACKAGES
from vsock_loadgen.fitting.fit import fit_block
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.plan.polling import Settings
from vsock_loadgen.results.receipt import Receipt, VmReceipt
from vsock_loadgen.text.comparison_text import comparison_text
from vsock_loadgen.text.fit_text import fit_text
from vsock_loadgen.text.plan_text import plan_text
from vsock_loadgen.text.receipt_text import receipt_text
from vsock_loadgen.text.result_text import result_text
from vsock_loadgen.units import MILLISECOND

WIDTHS = (*range(20, 44, 3), *range(44, 201, 26))
VMS = tuple(VmReceipt(str(3 + number), 10, 100 * number, 1.0, 2.0) for number in range(30))
SOUND = result_of(
    Counts(due=4_000, started=4_000, delivered=4_000, bytes=10**9), times_of(9 * MILLISECOND, MILLISECOND, 412, 4_000)
)
TEXTS = {
    "result": lambda width: result_text(failed_result(), width=width),
    "sound result": lambda width: result_text(SOUND, width=width),
    "plan": lambda width: plan_text(plan_of(EXAMPLE), width=width),
    "plan of nodes": lambda width: plan_text(plan_of(replace(EXAMPLE, node_count=4)), width=width),
    "plan of a fleet that is asked": lambda width: plan_text(plan_of(EXAMPLE, asker=Settings()), width=width),
    "fit": lambda width: fit_text(
        fit_block(list(range(1, 500)), "percentile", 12, PACKAGES.grain), PACKAGES, width=width, color=False
    ),
    "comparison": lambda width: comparison_text(two_sides(), width=width),
    "receipt": lambda width: receipt_text(Receipt(connections=300, reports=300, bytes=10**8, vms=VMS), width=width),
}


@pytest.mark.parametrize("text", TEXTS)
def test_no_line_is_wider_than_the_terminal_and_no_two_figures_touch(text: str) -> None:
    for width in WIDTHS:
        lines = TEXTS[text](width).splitlines()
        assert max(map(cell_len, lines)) <= width, (width, max(lines, key=cell_len))
        assert not [line for line in lines if re.search(r"\d (?:ns|us|ms|s)\d", line)]


@pytest.mark.parametrize("text", ["fit", "receipt", "sound result"])
def test_a_figure_is_there_whole_or_not_at_all(text: str) -> None:
    wide = figures(TEXTS[text](400))
    for width in WIDTHS:
        assert figures(TEXTS[text](width)) <= wide, width


def figures(text: str) -> set[str]:
    """Numbers with their units: one that was cut, or that runs into another, is not among those of a text with room for all."""
    return set(re.findall(r"(?<!\S)[+-]?\d[\d,.]*(?: %| [num]?s| [kMG]?B)?(?!\S)", text))
