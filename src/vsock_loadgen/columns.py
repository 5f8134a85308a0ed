"""Which columns of a table are shown where not all fit: what is left out is left out whole, so that figures never run together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def columns_that_fit(widths: Mapping[str, int], room: int, first_out: Sequence[str]) -> list[str]:
    """The columns that stand in `room` cells, in their order. Those of `first_out` go first, one after another, then the others
    from the last one on.

    `widths` have a column's cells with the space beside it.
    """
    kept = dict(widths)
    for name in (*first_out, *reversed(list(widths))):
        if sum(kept.values()) <= room:
            break
        kept.pop(name, None)
    return list(kept)
