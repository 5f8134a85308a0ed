"""The running count adds up at any moment."""

from __future__ import annotations

from collections import Counter

from fake_reports import TextReport
from vsock_loadgen.receiver.tally import Tally
from vsock_loadgen.results.receipt import Rejection


def test_cids_are_in_numeric_order() -> None:
    tally = Tally(connections=3)
    for cid in ("10", "9", "10003"):
        tally.count_report(TextReport(cid, 1), 10, 0.0)
    assert [vm.cid for vm in tally.receipt().vms] == ["9", "10", "10003"]


def test_reports_are_counted_by_packages_and_a_vm_by_its_last() -> None:
    tally = Tally(connections=3)
    for packages, arrival in ((500, 1.0), (700, 2.0), (700, 4.0)):
        tally.count_report(TextReport("7", packages), 10, arrival)
    receipt = tally.receipt()
    assert receipt.packages == {500: 1, 700: 2}
    assert receipt.vms_by_packages() == {700: 1}
    assert (receipt.vms[0].first_arrival, receipt.vms[0].last_arrival, receipt.bytes) == (1.0, 4.0, 30)


def test_what_has_no_fate_yet_is_unfinished() -> None:
    tally = Tally(connections=10, malformed=1, empty=2, rejections=Counter[Rejection]({"no_handler": 3}))
    tally.count_report(TextReport("7", 1), 10, 0.0)
    assert tally.receipt().unfinished == 3
