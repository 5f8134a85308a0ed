"""What the stand-in does with a report that arrived whole: the relay's CID check and its limit for each VM."""

from __future__ import annotations

import pytest

from vsock_loadgen.receiver.behaviour import Behaviour
from vsock_loadgen.receiver.forwarding import Forwarding
from vsock_loadgen.units import SECOND


def test_everything_is_forwarded_unless_asked_otherwise() -> None:
    forwarding = Forwarding(Behaviour())
    assert {forwarding.fate(str(cid), 1, 0) for cid in range(3, 20)} == {"forwarded"}


def test_a_report_must_carry_the_cid_of_its_connection_or_the_one_that_was_named() -> None:
    by_peer, by_number = Forwarding(Behaviour(checked_cid="peer")), Forwarding(Behaviour(checked_cid=7))
    assert [by_peer.fate(cid, 7, 0) for cid in ("7", "8", "07")] == ["forwarded", "mismatching_cid", "mismatching_cid"]
    assert [by_number.fate(cid, None, 0) for cid in ("7", "8")] == ["forwarded", "mismatching_cid"]


def test_a_vm_may_report_again_once_its_minute_share_is_over() -> None:
    forwarding = Forwarding(Behaviour(most_reports_a_minute=2.0))
    moments = [0, 29, 30, 31, 59, 60, 200]
    fates = [forwarding.fate("3", None, second * SECOND) for second in moments]
    assert [second for second, fate in zip(moments, fates, strict=True) if fate == "forwarded"] == [0, 30, 60, 200]
    assert forwarding.fate("4", None, 31 * SECOND) == "forwarded"


def test_a_report_with_a_wrong_cid_does_not_use_up_the_share() -> None:
    forwarding = Forwarding(Behaviour(checked_cid=3, most_reports_a_minute=1.0))
    assert [forwarding.fate(cid, None, 0) for cid in ("4", "3", "3")] == ["mismatching_cid", "forwarded", "rate_limited"]


def test_a_negative_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="most_reports_a_minute is negative"):
        Behaviour(most_reports_a_minute=-1.0)


def test_at_a_rate_next_to_nothing_a_vm_reports_once() -> None:
    forwarding = Forwarding(Behaviour(most_reports_a_minute=1e-320))
    assert [forwarding.fate("3", None, moment) for moment in (0, 2**63)] == ["forwarded", "rate_limited"]
