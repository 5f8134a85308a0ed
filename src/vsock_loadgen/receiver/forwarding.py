"""What the relay does with a report that it has read: whether it would pass it on, and why not."""

from __future__ import annotations

from typing import Literal

from vsock_loadgen.receiver.behaviour import Behaviour
from vsock_loadgen.units import MINUTE

Fate = Literal["forwarded", "mismatching_cid", "rate_limited"]


class Forwarding:
    """Decides for every report that arrived whole, and remembers when a VM's last one was forwarded.

    The relay's limiter is a bucket of one token for each VM: a report passes if the last that passed is long enough ago.
    """

    def __init__(self, behaviour: Behaviour) -> None:
        self._checked_cid = behaviour.checked_cid
        rate = behaviour.most_reports_a_minute
        self._least_gap_ns = MINUTE / rate if rate else 0.0  # for a rate next to nothing it is infinite
        self._last_forwarded_ns: dict[str, int] = {}

    def fate(self, reported_cid: str, peer_cid: int | None, now_ns: int) -> Fate:
        """What becomes of a report with this CID that arrived over a connection from `peer_cid` (None: not a vsock one)."""
        expected = peer_cid if self._checked_cid == "peer" else self._checked_cid
        if expected is not None and reported_cid != str(expected):
            return "mismatching_cid"
        if self._least_gap_ns:
            last_ns = self._last_forwarded_ns.get(reported_cid)
            if last_ns is not None and now_ns - last_ns < self._least_gap_ns:
                return "rate_limited"
            self._last_forwarded_ns[reported_cid] = now_ns
        return "forwarded"
