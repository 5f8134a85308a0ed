"""How stale is what the scanner knows, by the accounts of a fleet that Sensor's schedule asks, against renewal theory."""

from __future__ import annotations

import heapq
import random

import pytest

from vsock_loadgen.answering.accounts import Accounts
from vsock_loadgen.answering.books import AskedLedger
from vsock_loadgen.measures.askings import Asked
from vsock_loadgen.measures.histogram import Histogram
from vsock_loadgen.plan.polling import Release, Settings
from vsock_loadgen.plan.staleness import Recurrence
from vsock_loadgen.scraper.pacing import Pacer

VMS, SCANS = 200, 100
SHARES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.99)


def response_times(settings: Settings, scan_ns: int) -> Histogram:
    """Those of VMs that scan at moments of their own, about every `scan_ns`, from when the asker is in its stride; the clock is the
    list of moments."""
    ledger = AskedLedger(1, VMS)
    accounts, pacer = Accounts(VMS, ledger), Pacer(VMS, settings, now_ns=0)
    book, draw = ledger.books[0], random.Random(4).random
    stride_ns = 20 * (settings.poll_ns + settings.spread_ns)
    moments = [(0, -1)] + [(stride_ns + int(draw() * scan_ns), vm) for vm in range(VMS)]
    scans = 0
    while scans < VMS * SCANS:
        now_ns, vm = heapq.heappop(moments)
        if vm < 0:
            for due in pacer.due(now_ns):
                asking = accounts.ask(due, now_ns, book)
                if report := accounts.report(due):
                    accounts.answer_with(asking, report)
                    accounts.end(asking, Asked.UNCHANGED if report.is_delivered else Asked.WHOLE, now_ns)
                else:
                    accounts.end(asking, Asked.NOT_READY, now_ns)
                pacer.settle(due, now_ns)
            heapq.heappush(moments, (now_ns + settings.tick_ns, -1))
        else:
            scans += 1
            accounts.scan(vm, now_ns, book)
            heapq.heappush(moments, (now_ns + int(2 * draw() * scan_ns), vm))
    return book.share().times.response


@pytest.mark.parametrize("release", ["september", "august"])
@pytest.mark.parametrize("polls", [0.25, 2.25])
def test_reports_wait_the_residual_time_of_the_askers_renewal_process(release: Release, polls: float) -> None:
    """However often a VM scans: a report that a newer one has overtaken is answered when that one is taken."""
    settings = Settings.of(release)
    found = response_times(settings, int(polls * settings.poll_ns))
    theory = Recurrence(settings.poll_ns, settings.spread_ns)
    assert found.count > VMS * SCANS * 0.9
    for share, value in zip(SHARES, found.quantiles(SHARES), strict=True):
        assert value == pytest.approx(theory.quantile(share), abs=0.03 * theory.most), share
