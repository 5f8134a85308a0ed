"""Measures what docs/reliability.md says of every fault on every transport, in the cells that the tests check, and writes it there.

    PYTHONPATH=tests .venv/bin/python -m docs.scripts.reliability

The cells over AF_VSOCK run inside a user-mode Linux kernel (Debian's package user-mode-linux), never on this machine's own vsock.
It takes one minute. A wrong cell ends the program, and nothing is written.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from docs.scripts.generated import renew, table

from faults.cells import FAULTS, TRANSPORTS, Transport
from faults.matrix import accounts_of, check
from functional.in_uml import run_in_guest

PAGE = Path(__file__).resolve().parents[1] / "reliability.md"
_IN_GUEST = "--in-guest"
_HEADINGS = (
    "the target",
    "due",
    "delivered",
    "failed",
    "skipped",
    "unfinished",
    "read",
    "ended unread",
    "hidden",
    "unexplained",
    "exit",
)


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one cell; `failed` is how many reports of each class."""

    does: str
    due: int
    delivered: int
    failed: dict[str, int]
    skipped: int
    unfinished: int
    read: int
    unread: int
    hidden: int
    unexplained: int
    exit_code: int

    def cells(self) -> tuple[str, ...]:
        """The row as the page shows it."""
        failed = ", ".join(f"{count} `{failure}`" for failure, count in sorted(self.failed.items())) or "0"
        behind = (self.skipped, self.unfinished, self.read, self.unread, self.hidden, self.unexplained, self.exit_code)
        return (self.does, str(self.due), str(self.delivered), failed, *map(str, behind))


def measure(transport: Transport) -> list[Row]:
    """Run every cell of a transport that this kernel has. Raises AssertionError if one is wrong."""
    rows = []
    for fault in FAULTS:
        accounts = accounts_of(fault, transport)
        check(accounts, fault.load, fault.on[transport])
        totals = accounts.totals
        rows.append(
            Row(
                fault.does,
                totals["due"],
                totals["delivered"],
                accounts.failures,
                totals["skipped"],
                totals["unfinished"],
                accounts.read,
                accounts.unread,
                accounts.hidden,
                accounts.unexplained,
                accounts.exit_code,
            )
        )
    return rows


def measure_in_guest() -> list[Row]:
    """The same over AF_VSOCK, in another kernel. Ends with the guest's output if that fails."""
    said: list[str] = []
    if run_in_guest([sys.executable, "-m", "docs.scripts.reliability", _IN_GUEST], timeout_seconds=180, sink=said.append):
        sys.exit("".join(said))
    return [Row(**row) for row in json.loads(said[-1])]


def matrix(rows: Sequence[Row]) -> str:
    """The table of one transport."""
    return table(_HEADINGS, [row.cells() for row in rows])


def total(rows: Sequence[Row]) -> str:
    """The sentence that adds all cells up."""
    due, delivered, hidden, unexplained = (
        sum(getattr(row, name) for row in rows) for name in ("due", "delivered", "hidden", "unexplained")
    )
    failed = sum(sum(row.failed.values()) for row in rows)
    skipped, unfinished = sum(row.skipped for row in rows), sum(row.unfinished for row in rows)
    return (
        f"In the {len(rows)} cells below, {due:,} reports were due: {delivered:,} delivered, {failed:,} failed, "
        f"{skipped:,} skipped,\n{unfinished:,} unfinished. Of the delivered ones, {hidden:,} were closed unread, hidden by vsock. "
        f"Unexplained: {unexplained:,}."
    )


def main(arguments: Sequence[str]) -> None:
    """Measure here and in the guest, and write the page; in the guest, print the rows."""
    if _IN_GUEST in arguments:
        sys.stdout.write(json.dumps([asdict(row) for row in measure("vsock")]) + "\n")
        return
    found = {transport: measure_in_guest() if transport == "vsock" else measure(transport) for transport in TRANSPORTS}
    parts = {f"faults over {transport}": partial(matrix, rows) for transport, rows in found.items()}
    parts["faults in total"] = partial(total, [row for rows in found.values() for row in rows])
    renew(PAGE, parts, "python -m docs.scripts.reliability", check=False)


if __name__ == "__main__":
    main(sys.argv[1:])
