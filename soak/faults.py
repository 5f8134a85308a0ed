"""Which fault happens when: a pure function of the seed, so that a soak can be run again exactly.

Times are seconds since the start of the schedule. Kinds come in shuffled rounds, each round with every kind once: a short soak is
as varied as it can be, and a long one leaves none out.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["restart", "kill", "stall", "slow", "late", "reset", "limit", "size", "backlog", "crowd"]
AskerKind = Literal["gone", "stall", "slow", "reset", "deaf", "twice", "rubbish", "open", "nack", "hasty", "crowd"]
KINDS: tuple[Kind, ...] = get_args(Kind)
ASKER_KINDS: tuple[AskerKind, ...] = get_args(AskerKind)
ASKER_MEANING: dict[AskerKind, str] = {
    "gone": "the asker gets SIGTERM, ends, and nobody asks until another one starts",
    "stall": "the asker is stopped (SIGSTOP) and goes on later (SIGCONT)",
    "slow": "the asker reads each report at 300 kB/s",
    "reset": "the asker breaks every connection off after 100 kB",
    "deaf": "the asker reads 100 kB of each report and no more, until its time for one VM is over",
    "twice": "the asker connects to each agent a second time while the first connection is open",
    "rubbish": "half of what the asker sends is no request",
    "open": "the asker closes no connection",
    "nack": "the asker refuses half of the reports, and asks for them again",
    "hasty": "the asker has 20 ms for one VM",
    "crowd": "40 clients take all places of the metrics port and say nothing",
}
MEANING: dict[Kind, str] = {
    "restart": "the receiver gets SIGTERM, ends, and nothing is listening until another one starts",
    "kill": "the receiver dies of SIGKILL in the middle of reports, and nothing is listening until another one starts",
    "stall": "the receiver is stopped (SIGSTOP) and goes on later (SIGCONT)",
    "slow": "the receiver reads each connection at 300 kB/s",
    "late": "the receiver reads at once, and closes one second later",
    "reset": "the receiver resets every connection after 100 kB",
    "limit": "the receiver handles half of what comes, and closes unread what has waited for 500 ms",
    "size": "the receiver takes no report above 600 kB",
    "backlog": "a receiver with a backlog of 16 is stopped: connections are refused as busy until it goes on",
    "crowd": "40 clients take all places of the metrics port and say nothing",
}
LONGEST_SECONDS = 6.0
_MOST_PAUSE_SECONDS = 30.0
_PAUSES_A_SOAK = 8


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: it starts `at_seconds` and lasts `seconds`, and what it leaves behind until the receiver has caught up."""

    at_seconds: float
    kind: Kind | AskerKind
    seconds: float


def schedule(
    seed: int, duration_seconds: float, faultless_seconds: float, kinds: Sequence[Kind | AskerKind] = KINDS
) -> list[Fault]:
    """The faults of a soak, in order, none before `faultless_seconds` are over and each with quiet before and after it.

    The pauses between them are random around 30 s (an eighth of a short soak); a fault lasts up to a fifth of a mean pause, at most
    LONGEST_SECONDS. Raises ValueError for times that make no soak.
    """
    if not 0 <= faultless_seconds < duration_seconds:
        raise ValueError(f"found {faultless_seconds:g} s without a fault in a soak of {duration_seconds:g} s, expected fewer")
    # Draws of `random()` alone: no other method of the module promises the same values in every version of Python.
    draw = random.Random(f"{seed}/faults").random
    mean_pause = min(_MOST_PAUSE_SECONDS, duration_seconds / _PAUSES_A_SOAK)
    longest = min(LONGEST_SECONDS, mean_pause / 5)
    faults: list[Fault] = []
    round_of_kinds: list[Kind | AskerKind] = []
    at = faultless_seconds
    while True:
        at += mean_pause * (0.5 + draw())
        seconds = longest * (0.2 + 0.8 * draw())
        if at + seconds + mean_pause / 2 > duration_seconds:
            return faults
        round_of_kinds = round_of_kinds or sorted(kinds, key=lambda _: draw())
        faults.append(Fault(round(at, 3), round_of_kinds.pop(), round(seconds, 3)))
        at += seconds
