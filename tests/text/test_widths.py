"""No line of any text is wider than the terminal, however narrow that is."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from rich.cells import cell_len

from fleet_example import EXAMPLE, plan_of
from run_example import failed_result, result_of, times_of
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.results.receipt import Receipt, VmReceipt
from vsock_loadgen.text.plan_text import plan_text
from vsock_loadgen.text.receipt_text import receipt_text
from vsock_loadgen.text.result_text import result_text
from vsock_loadgen.units import MILLISECOND

VMS = tuple(VmReceipt(str(3 + number), 10, 100 * number, 1.0, 2.0) for number in range(30))
SOUND = result_of(
    Counts(due=4_000, started=4_000, delivered=4_000, bytes=10**9), times_of(9 * MILLISECOND, MILLISECOND, 412, 4_000)
)
TEXTS = {
    "result": lambda width: result_text(failed_result(), width=width),
    "sound result": lambda width: result_text(SOUND, width=width),
    "plan": lambda width: plan_text(plan_of(EXAMPLE), width=width),
    "plan of nodes": lambda width: plan_text(plan_of(replace(EXAMPLE, node_count=4)), width=width),
    "receipt": lambda width: receipt_text(Receipt(connections=300, reports=300, bytes=10**8, vms=VMS), width=width),
}


@pytest.mark.parametrize("text", TEXTS)
def test_no_line_is_wider_than_the_terminal_and_no_two_figures_touch(text: str) -> None:
    for width in (*range(20, 50), *range(50, 201, 15)):
        lines = TEXTS[text](width).splitlines()
        assert max(map(cell_len, lines)) <= width, (width, max(lines, key=cell_len))
        assert not [line for line in lines if re.search(r"\d (?:ns|us|ms|s)\d", line)]
