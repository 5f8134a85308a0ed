"""The accounts of a fleet that is asked: each report has one end, each asking is counted once, and time is handed in."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsock_loadgen.answering.accounts import Accounts, Asking
from vsock_loadgen.answering.books import AskedBook, AskedLedger
from vsock_loadgen.answering.sampled_accounts import SampledAccounts
from vsock_loadgen.engine.sampled_sender import Rows
from vsock_loadgen.measures.askings import Asked
from vsock_loadgen.measures.histogram import Histogram
from vsock_loadgen.measures.knowledge import Ages, Knowledge
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.snapshot import Counts, Times

VMS = 3


@dataclass
class World:
    """VMs whose accounts are driven by hand."""

    vms: int = 1
    rows: Rows | None = None
    ledger: AskedLedger = field(init=False)
    accounts: Accounts = field(init=False)

    def __post_init__(self) -> None:
        self.ledger = AskedLedger(1, self.vms)
        rows = self.rows
        self.accounts = Accounts(self.vms, self.ledger) if rows is None else SampledAccounts(self.vms, self.ledger, rows)
        self.accounts.begin(0)

    @property
    def book(self) -> AskedBook:
        return self.ledger.books[0]

    def scan(self, at: int, vm: int = 0, *, is_initial: bool = False) -> None:
        self.accounts.scan(vm, at, self.book, is_initial=is_initial)

    def ask(self, at: int, vm: int = 0) -> Asking:
        """Somebody asks, and is answered with the report that there is."""
        asking = self.accounts.ask(vm, at, self.book)
        report = self.accounts.report(vm)
        if report is not None:
            self.accounts.answer_with(asking, report)
        return asking

    def asked(self, how: Asked, at: int, vm: int = 0) -> None:
        """An asking from its beginning to its end, a moment later."""
        self.accounts.end(self.ask(at, vm), how, at + 1, 100)

    def finish(self, at: int) -> Counts:
        self.accounts.finish(at)
        counts = self.counts()
        assert counts.balanced
        assert counts.in_flight == counts.asking == 0
        assert counts.due == counts.delivered + counts.failed + counts.skipped + counts.unfinished
        assert counts.asked.get(Asked.WHOLE, 0) == counts.delivered + counts.again
        return counts

    def counts(self) -> Counts:
        return sum((book.counts for book in self.ledger.books), Counts())

    def knowledge(self) -> Knowledge:
        return self.ledger.knowledge


def times(world: World) -> Times:
    return world.book.share().times


def test_a_report_that_is_taken_whole_is_delivered_and_its_response_time_begins_when_it_was_due() -> None:
    world = World()
    world.scan(10)
    world.asked(Asked.WHOLE, 30)
    assert world.finish(50).delivered == 1
    share = world.book.share()
    assert (share.times.response.total, share.times.service.total) == (21, 1)
    assert share.ages is not None
    assert (share.ages.taken.total, share.ages.open) == (21, 0)


def test_a_report_that_is_taken_once_more_is_counted_as_an_asking_only() -> None:
    world = World()
    world.scan(10)
    world.asked(Asked.WHOLE, 30)
    world.asked(Asked.WHOLE, 40)
    counts = world.finish(50)
    assert (counts.due, counts.delivered, counts.again) == (1, 1, 1)
    assert counts.asked[Asked.WHOLE] == 2


def test_unchanged_ends_no_report_and_is_claimed_where_that_was_never_delivered_here() -> None:
    world = World()
    world.scan(10)
    world.asked(Asked.UNCHANGED, 20)
    assert (world.counts().in_flight, world.counts().claimed) == (1, 1)
    world.asked(Asked.WHOLE, 30)
    world.asked(Asked.UNCHANGED, 40)
    counts = world.finish(50)
    assert (counts.delivered, counts.claimed, counts.asked[Asked.UNCHANGED]) == (1, 1, 2)


def test_what_nobody_asked_for_before_the_next_scan_is_skipped_and_has_a_response_time_all_the_same() -> None:
    world = World()
    world.scan(10)
    world.scan(20)
    world.asked(Asked.WHOLE, 29)
    clocks = times(world)
    counts = world.finish(50)
    assert (counts.skipped, counts.delivered, dict(counts.ended_by)) == (1, 1, {"replaced": 1})
    assert (clocks.response.count, clocks.response.total) == (2, 20 + 10)
    assert counts.unanswered == 0


@pytest.mark.parametrize(
    ("how", "failure"),
    [
        (Asked.BROKEN_OFF, FailureClass.BROKEN_OFF),
        (Asked.STOPPED_READING, FailureClass.STOPPED_READING),
        (Asked.NO_RECEIPT, FailureClass.NO_RECEIPT),
        (Asked.NO_REQUEST, FailureClass.NO_REQUEST),
        (Asked.INTERNAL, FailureClass.REFUSED),
        (Asked.NO_HANDLER, FailureClass.REFUSED),
    ],
)
@pytest.mark.parametrize("is_replaced", [True, False])
def test_what_was_asked_for_in_vain_has_failed_by_the_last_of_these_askings(
    how: Asked, failure: FailureClass, is_replaced: bool
) -> None:
    world = World()
    world.scan(10)
    world.asked(Asked.BROKEN_OFF, 12)
    world.asked(how, 15)
    if is_replaced:
        world.scan(20)
        world.asked(Asked.WHOLE, 25)
    counts = world.finish(50)
    assert dict(counts.failures) == {failure: 1}
    assert counts.skipped == counts.unfinished == 0


def test_a_broken_asking_does_not_end_a_report_that_is_taken_later() -> None:
    world = World()
    world.scan(10)
    world.asked(Asked.BROKEN_OFF, 12)
    world.asked(Asked.WHOLE, 15)
    counts = world.finish(50)
    assert (counts.delivered, counts.failed) == (1, 0)


def test_a_second_asker_who_is_told_that_the_agent_is_busy_leaves_nothing_behind() -> None:
    world = World()
    world.scan(10)
    first = world.ask(11)
    world.accounts.end(world.accounts.ask(0, 12, world.book), Asked.BUSY, 13)
    world.accounts.end(first, Asked.WHOLE, 14, 100)
    counts = world.finish(50)
    assert (counts.delivered, counts.failed, counts.asked[Asked.BUSY]) == (1, 0, 1)


@pytest.mark.parametrize("how", [Asked.WHOLE, Asked.NO_RECEIPT])
def test_the_end_of_a_report_that_is_replaced_while_it_is_taken_is_that_of_the_taking(how: Asked) -> None:
    world = World()
    world.scan(10)
    asking = world.ask(11)
    world.scan(20)
    assert world.counts().in_flight == 2
    world.accounts.end(asking, how, 21, 100)
    assert world.counts().in_flight == 1
    counts = world.finish(50)
    assert (counts.delivered, counts.failed) == ((1, 0) if how is Asked.WHOLE else (0, 1))
    assert counts.unfinished == 1


def test_a_report_that_is_taken_after_a_newer_one_had_its_response_time_by_then() -> None:
    world = World()
    world.scan(10)
    first = world.ask(11)
    world.scan(20)
    world.asked(Asked.WHOLE, 24)
    world.accounts.end(first, Asked.WHOLE, 40, 100)
    clocks = times(world)
    counts = world.finish(50)
    assert (counts.delivered, counts.overtaken) == (2, 0)
    assert clocks.response.total == (25 - 10) + (25 - 20)


def test_a_vm_that_is_switched_off_while_its_report_waits_skips_it_and_comes_back_as_a_new_agent() -> None:
    world = World()
    world.scan(10)
    world.accounts.withdraw(0, "off")
    assert world.accounts.report(0) is None
    world.asked(Asked.NOT_READY, 12)
    world.accounts.start_agent(0, 15)
    world.scan(20)
    report = world.accounts.report(0)
    assert report is not None
    assert (report.generation, report.epoch_ns) == (1, 15)
    counts = world.finish(50)
    assert dict(counts.ended_by) == {"off": 1}
    assert (counts.skipped, counts.unfinished) == (1, 1)


def test_reports_of_before_the_run_are_accounted_for_and_have_no_response_time() -> None:
    world = World(3)
    for vm in range(3):
        world.scan(-100, vm, is_initial=True)
    world.asked(Asked.WHOLE, 5, 0)
    world.scan(10, 1)
    clocks = times(world)
    counts = world.finish(20)
    assert (counts.due, counts.initial, counts.delivered, counts.skipped, counts.unfinished) == (4, 3, 1, 1, 2)
    assert clocks.response.count == 0
    assert counts.unanswered == 0
    assert times(world).response.total == 10  # the one that is open, as old as it is


def test_what_is_open_at_the_end_counts_with_its_age_so_far() -> None:
    world = World()
    world.scan(10)
    world.scan(30)
    world.finish(50)
    share = world.book.share()
    assert (share.times.response.count, share.times.response.total) == (2, 40 + 20)
    assert share.ages == Ages(Histogram(), 2, 20)
    assert world.book.share().ages == Ages()


def test_the_fleet_is_known_once_every_vm_has_delivered() -> None:
    world = World(2)
    world.scan(0, 0)
    world.scan(0, 1)
    world.asked(Asked.WHOLE, 5, 0)
    assert (world.knowledge().known_vms, world.knowledge().known_after_ns) == (1, None)
    world.asked(Asked.WHOLE, 8, 1)
    world.asked(Asked.WHOLE, 20, 1)
    assert (world.knowledge().known_vms, world.knowledge().known_after_ns) == (2, 9)


def test_who_asks_for_a_vm_that_there_is_not_is_counted_and_belongs_to_no_group() -> None:
    world = World()
    world.accounts.refuse_stranger()
    assert world.counts().asked == {Asked.NOT_FOUND: 1}
    assert world.book.counts == Counts()


STEPS = st.lists(
    st.tuples(st.sampled_from(["scan", "ask", "end", "off", "on"]), st.integers(0, VMS - 1), st.sampled_from(list(Asked))),
    max_size=60,
)


def played(world: World, steps: list[tuple[str, int, Asked]]) -> Counts:
    """The accounts after a run in which these steps happen, one at each instant."""
    under_way: list[Asking] = []
    for vm in range(VMS):
        world.scan(-5, vm, is_initial=True)
    for at, (step, vm, how) in enumerate(steps):
        if step == "scan":
            world.scan(at, vm)
        elif step == "ask":
            under_way.append(world.ask(at, vm))
        elif step == "end" and under_way:
            asking = under_way.pop(vm % len(under_way))
            world.accounts.end(asking, how if asking.report or how is not Asked.WHOLE else Asked.NOT_READY, at, 100)
        elif step == "off":
            world.accounts.withdraw(vm, "off")
        elif step == "on":
            world.accounts.withdraw(vm, "restarted")
            world.accounts.start_agent(vm, at)
        counts = world.counts()
        assert counts.balanced
        assert counts.asking == len(under_way)
    for asking in under_way:
        world.accounts.end(asking, Asked.CUT, len(steps))
    return world.finish(len(steps))


@given(STEPS)
def test_whatever_happens_in_whatever_order_the_accounts_balance(steps: list[tuple[str, int, Asked]]) -> None:
    world = World(VMS)
    counts = played(world, steps)
    assert counts.initial == VMS
    assert times(world).response.count == counts.delivered - counts.initial + counts.overtaken
    assert counts.unanswered == 0
    assert sum(counts.ended_by.values()) == counts.skipped
