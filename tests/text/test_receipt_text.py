"""A receipt for people."""

from __future__ import annotations

import pytest

from vsock_loadgen.results.receipt import Receipt, VmReceipt
from vsock_loadgen.text.receipt_text import receipt_text

VMS = tuple(VmReceipt(str(3 + number), 3, 500 + number % 25, 0.0, 60.0) for number in range(50))
RECEIPT = Receipt(
    connections=1_510,
    reports=1_500,
    bytes=1_000_000_000,
    malformed=3,
    empty=2,
    rejections={"no_handler": 3, "too_large": 1},
    unfinished=1,
    formats={"indexReport": 1_000, "vmReport": 500},
    vms=VMS,
)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal_and_every_figure_is_there(width: int) -> None:
    text = receipt_text(RECEIPT, width=width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    words = " ".join(text.split())
    for figures in (
        "Received 1 GB from 50 VMs",
        "reports 1,500 1,000 indexReport, 500 vmReport",
        "malformed 3",
        "rejected 4 3 no free handler (--max-connections), 1 larger than --max-bytes",
        "empty 2 connections without a byte",
        "unfinished 1",
        "connections 1,510",
        "519 2 ",
        "and 5 more counts (--format json has them all)",
    ):
        assert figures in words


def test_nothing_received_is_said_without_a_chart() -> None:
    text = receipt_text(Receipt())
    assert text.startswith("Received 0 B from 0 VMs\n")
    assert "packages" not in text
