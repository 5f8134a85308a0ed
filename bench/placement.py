"""Where sender and receiver run: which pairs of processors share caches decides what a report costs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

Pairing = Literal["apart", "together", "free"]
"""`apart`: sender on one processor, receiver on another; `together`: both on the same one; `free`: where the kernel puts them."""


@dataclass(frozen=True, slots=True)
class Placement:
    """The processors of each side."""

    sender: frozenset[int]
    sink: frozenset[int]


def place(pairing: Pairing, available: frozenset[int] | None = None) -> Placement:
    """The processors for a pairing. Raises ValueError where `apart` has less than two to choose from."""
    cpus = sorted(os.sched_getaffinity(0) if available is None else available)
    match pairing:
        case "free":
            return Placement(frozenset(cpus), frozenset(cpus))
        case "together":
            return Placement(frozenset(cpus[:1]), frozenset(cpus[:1]))
        case "apart":
            if len(cpus) < 2:
                raise ValueError(f"found {len(cpus)} processor, expected 2 for sender and receiver apart")
            return Placement(frozenset(cpus[:1]), frozenset(cpus[1:2]))
