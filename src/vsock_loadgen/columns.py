"""Which columns of a table are shown if not all fit: columns are left out whole, so that figures never run together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def columns_that_fit(widths: Mapping[str, int], room: int, first_out: Sequence[str]) -> list[str]:
    """The columns that fit `room` cells, in their order. Those of `first_out` are left out first, one after another, then the
    others, last first.

    `widths` have a column's cells with the space beside it.
    """
    kept = dict(widths)
    for name in (*first_out, *reversed(list(widths))):
        if sum(kept.values()) <= room:
            break
        kept.pop(name, None)
    return list(kept)
