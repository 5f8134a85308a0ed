"""The send loop in virtual time: what is due, when it starts, and that every report ends in exactly one place."""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_network import FakeClock, FakeNetwork, Peer
from fake_schedule import schedule
from vsock_loadgen.engine.agenda import Agenda
from vsock_loadgen.engine.joining import STEPS_BETWEEN_LOOKS
from vsock_loadgen.engine.ledger import Ledger, new_books
from vsock_loadgen.engine.loads import Load
from vsock_loadgen.engine.sender import LEAST_FROM_FILE, RETRY_BATCH, START_BATCH, START_PAUSE_NS, Sender
from vsock_loadgen.measures.cells import Cells
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.snapshot import Counts, Share, Times
from vsock_loadgen.plan.schedule import Schedule
from vsock_loadgen.units import MILLISECOND, MINUTE, SECOND

FILE = bytes(number % 251 for number in range(2 * LEAST_FROM_FILE))


class Reports:
    """Reports of as many bytes as packages, that name their VM. The bytes are at two places of the file."""

    file = 3

    def buffers(self, index: int, cid: int, packages: int) -> list[bytes | memoryview]:
        return [f"{index}/{cid}:".encode(), *(memoryview(FILE[start:end]) for start, end in self.spans(index, packages))]

    def spans(self, index: int, packages: int) -> list[tuple[int, int]]:
        return [(index, index + 10), (100, 90 + packages)]


def report(index: int, packages: int = 50) -> bytes:
    """The whole report of a VM."""
    return b"".join(Reports().buffers(index, 3 + index, packages))


@dataclass(frozen=True)
class Final:
    """Everything that was counted, book by book and in sum."""

    shares: Mapping[int, Share]
    counts: Counts
    times: Times
    errors: Mapping[FailureClass, str]


class World:
    """A sender, its ledger and its network, driven to the end of a run."""

    def __init__(
        self,
        plan: Schedule,
        script: Callable[[int], Peer],
        *,
        confirmed: bool = True,
        timeout_ns: int = SECOND,
        zero_wall_ns: int = 0,
        approach_ns: int = 0,
        join_ns: int = 0,
        sender: Callable[..., Sender] = Sender,
        packages: int = 50,
        **network: Any,
    ) -> None:
        self.clock = FakeClock()
        self.clock.now_ns = join_ns
        self.network = FakeNetwork(self.clock, script, **network)
        self.ledger = Ledger(new_books(2))
        vms = len(plan.indices)
        cells = Cells((), {"packages": ("a", "b")}, {"packages": (vms, vms)}, {}, {"packages": (0, 1)})
        load = Load(plan, range(3, 3 + vms), [packages] * vms, [vm % 2 for vm in range(vms)], cells)
        self.agenda = Agenda(load, self.ledger.books)
        self.load = load
        self.sender = sender(
            load,
            self.agenda,
            Reports(),
            self.network,
            self.network,
            self.ledger,
            self.clock,
            request_timeout_ns=timeout_ns,
            confirmed=confirmed,
        )
        if approach_ns:
            self.agenda.approach(zero_wall_ns, approach_ns)
        self.agenda.begin(0, zero_wall_ns, join_ns)

    @property
    def counts(self) -> Counts:
        """The counts of all books now."""
        return sum((book.counts for book in self.ledger.books), Counts())

    def run(self, end_ns: int) -> Final:
        """Step to `end_ns`, stop, drain; the final state. Balanced all the way."""
        while self.clock() < end_ns:
            self.sender.step(end_ns)
        self.sender.stop(end_ns)
        for _ in range(100_000):
            if self.sender.idle:
                break
            self.sender.step(self.clock() + SECOND)
        assert self.sender.idle
        snapshot = self.ledger.snapshot(0, self.clock(), 0, final=True)
        shares = snapshot.shares
        counts = sum((share.counts for share in shares.values()), Counts())
        return Final(shares, counts, sum((share.times for share in shares.values()), Times()), snapshot.errors)


_MOST = 1_000_000
_SLICES = st.integers(1, _MOST) | st.integers(0, 19).flatmap(lambda bits: st.integers(1 << bits, min(_MOST, (1 << bits) + 1)))
_INSTANTS = st.integers(0, (1 << 62) - 1)


@given(vms=_SLICES, due=st.tuples(_INSTANTS, _INSTANTS), data=st.data())
def test_an_entry_of_the_agenda_holds_any_position_of_a_slice_beside_any_instant_and_orders_by_both(
    vms: int, due: tuple[int, int], data: st.DataObject
) -> None:
    bits = Load(replace(schedule([SECOND]), indices=range(vms)), (), (), (), Cells()).position_bits
    positions = [data.draw(st.integers(0, vms - 1) | st.just(vms - 1)) for _ in due]
    entries = [due_ns << bits | position for due_ns, position in zip(due, positions, strict=True)]
    assert [(entry >> bits, entry & ((1 << bits) - 1)) for entry in entries] == list(zip(due, positions, strict=True))
    assert (entries[0] < entries[1]) == ((due[0], positions[0]) < (due[1], positions[1]))
    assert vms == 1 or 1 << bits - 1 < vms, "no more bits than it takes"


def test_vms_far_apart_in_a_large_slice_are_told_apart() -> None:
    """Of so many that 17 bits would not do, those that are due are the first, the last and two that these bits would mix up."""
    vms, senders = (1 << 17) + 2, (0, 1, 1 << 17, (1 << 17) + 1)
    first_ns = [60 * SECOND] * vms
    for number, position in enumerate(senders):
        first_ns[position] = number * MILLISECOND
    world = World(schedule([60 * SECOND] * vms, first_ns), lambda number: Peer())
    final = world.run(SECOND)
    assert final.counts.due == final.counts.delivered == len(senders)
    assert [sent.partition(b"/")[0] for sent in world.network.completed] == [str(position).encode() for position in senders]


def test_every_due_report_is_delivered_on_time_when_the_peer_is_well() -> None:
    plan = schedule([100 * MILLISECOND, 30 * MILLISECOND], [5 * MILLISECOND, 0])
    world = World(plan, lambda number: Peer())
    final = world.run(SECOND)
    assert final.counts.due == final.counts.delivered == 10 + 34
    assert final.times.lag.largest == 0
    assert final.times.response.largest == final.times.service.largest == 1_000
    assert world.network.open == 0
    assert sorted(set(world.network.completed)) == [report(0), report(1)]
    assert final.counts.bytes == sum(map(len, world.network.completed))


def test_a_vm_whose_last_report_is_under_way_skips_and_the_others_do_not_notice() -> None:
    plan = schedule([100 * MILLISECOND, 100 * MILLISECOND], [0, MILLISECOND])
    slow_first = Peer(closes_after_ns=250 * MILLISECOND)
    final = World(plan, lambda number: slow_first if number == 0 else Peer()).run(SECOND)
    assert (final.counts.due, final.counts.delivered, final.counts.skipped) == (20, 18, 2)
    assert final.times.lag.largest == 0


def test_a_stalled_peer_never_moves_the_schedule() -> None:
    plan = schedule([100 * MILLISECOND] * 3, [0, 10 * MILLISECOND, 20 * MILLISECOND])
    final = World(plan, lambda number: Peer(closes_after_ns=None), timeout_ns=300 * MILLISECOND).run(SECOND)
    counts = final.counts
    assert counts.due == 30
    assert counts.failures == {FailureClass.TIMEOUT: counts.due - counts.skipped}
    assert counts.delivered == 0
    assert final.times.lag.largest == 0


def test_what_fell_due_while_the_machine_stood_still_is_due_and_late_or_skipped_and_then_all_is_as_it_was() -> None:
    """A clock that jumps: a process that was stopped, or a machine that gave it no time."""
    world = World(schedule([100 * MILLISECOND] * 3, [0, 10 * MILLISECOND, 20 * MILLISECOND]), lambda number: Peer())
    while world.clock() < 300 * MILLISECOND:
        world.sender.step(300 * MILLISECOND)
    world.clock.now_ns += 5 * SECOND
    final = world.run(10 * SECOND)
    counts = final.counts
    assert counts.due == 300
    assert counts.delivered + counts.skipped == 300
    assert counts.skipped >= 3 * 49
    assert 4_900 * MILLISECOND < (final.times.lag.largest or 0) <= 5 * SECOND
    assert final.times.lag.quantile(0.95) == 0


def test_written_delivery_does_not_wait_for_the_peer() -> None:
    final = World(schedule([100 * MILLISECOND]), lambda number: Peer(closes_after_ns=None), confirmed=False).run(SECOND)
    assert final.counts.delivered == final.counts.due == 10


def test_a_full_backlog_is_waited_out_and_is_no_lag_of_the_generator() -> None:
    full_for_a_while = Peer(connect_codes=(errno.EAGAIN, errno.EAGAIN, errno.EAGAIN, 0))
    world = World(schedule([SECOND]), lambda number: full_for_a_while)
    final = world.run(SECOND)
    assert final.counts.delivered == 1
    assert final.times.lag.largest == 0
    assert final.times.service.largest == (1 + 2 + 4) * MILLISECOND + 1_000


def test_those_who_wait_for_a_backlog_try_again_in_batches_between_which_others_start() -> None:
    vms = 4 * RETRY_BATCH
    plan = schedule([SECOND] * (vms + 1), [0] * vms + [2 * MILLISECOND])
    world = World(plan, lambda number: Peer())
    world.network.next_connection = lambda: (Peer(), errno.EAGAIN if world.clock() < MILLISECOND else 0)  # type: ignore[method-assign]
    world.sender.step(0)
    assert world.network.open == 0
    world.clock.now_ns = 2 * MILLISECOND
    world.sender.step(2 * MILLISECOND)
    assert world.network.open == RETRY_BATCH + 1
    final = world.run(SECOND)
    assert final.counts.delivered == vms + 1


def test_a_backlog_that_stays_full_fails_as_connect_at_the_request_timeout() -> None:
    world = World(schedule([SECOND]), lambda number: Peer(connect_codes=(errno.EAGAIN,)), timeout_ns=500 * MILLISECOND)
    final = world.run(SECOND)
    assert final.counts.failures == {FailureClass.CONNECT: 1}
    assert world.network.open == 0


def test_a_vsock_peer_that_is_busy_says_so_late_and_is_tried_again() -> None:
    late_reset = Peer(connect_codes=(errno.ECONNRESET, errno.ECONNRESET, 0), connect_takes_ns=2_000)
    world = World(schedule([SECOND]), lambda number: late_reset, busy=frozenset({errno.ECONNRESET}))
    assert world.run(SECOND).counts.delivered == 1
    assert world.network.open == 0


def test_each_way_to_fail_has_its_class() -> None:
    ways = {
        FailureClass.CONNECT: Peer(connect_codes=(errno.ECONNREFUSED,)),
        FailureClass.CLOSED_EARLY: Peer(send_error=errno.EPIPE),
        FailureClass.WRITE: Peer(send_error=errno.ENOBUFS),
        FailureClass.RESET: Peer(end_error=errno.ECONNRESET),
        FailureClass.TIMEOUT: Peer(closes_after_ns=None),
    }
    for failure, peer in ways.items():
        world = World(schedule([SECOND]), lambda number, peer=peer: peer)  # type: ignore[misc]
        final = world.run(SECOND)
        assert final.counts.failures == {failure: 1}, failure
        assert set(final.errors) == {failure}
        assert world.network.open == 0


def test_running_out_of_descriptors_is_counted_and_not_fatal() -> None:
    world = World(schedule([SECOND] * 5), lambda number: Peer(), most_open=3)
    final = world.run(SECOND)
    assert final.counts.failures == {FailureClass.DESCRIPTORS: 2}
    assert final.counts.delivered == 3


def test_what_the_peer_says_before_its_end_of_file_is_ignored() -> None:
    final = World(schedule([SECOND]), lambda number: Peer(chatter=b"thanks" * 2000)).run(SECOND)
    assert final.counts.delivered == 1


def test_a_report_larger_than_the_socket_buffer_goes_in_pieces_and_arrives_whole() -> None:
    world = World(schedule([SECOND]), lambda number: Peer(takes_bytes_at_once=7))
    assert world.run(SECOND).counts.delivered == 1
    assert world.network.completed == [report(0)]


@pytest.mark.parametrize("at_once", [3, 8_191, 1 << 30])
@pytest.mark.parametrize("packages", [LEAST_FROM_FILE - 1_000, LEAST_FROM_FILE])
def test_the_contents_of_a_large_report_come_from_the_file_and_arrive_whole(packages: int, at_once: int) -> None:
    world = World(
        schedule([SECOND]), lambda number: Peer(takes_bytes_at_once=at_once), packages=packages, file=FILE, timeout_ns=MINUTE
    )
    final = world.run(SECOND)
    sent = report(0, packages)
    assert (final.counts.delivered, final.counts.bytes) == (1, len(sent))
    assert world.network.completed == [sent]


def test_a_herd_is_started_in_batches_so_that_answers_get_their_turn() -> None:
    vms = 5 * START_BATCH
    world = World(schedule([SECOND] * vms), lambda number: Peer(closes_after_ns=0))
    final = world.run(SECOND)
    assert final.counts.delivered == vms
    assert world.network.most_ever_open <= 2 * START_BATCH


def test_what_was_due_but_not_started_at_the_end_is_unfinished() -> None:
    vms = 3 * START_BATCH
    world = World(schedule([SECOND] * vms), lambda number: Peer())
    world.sender.step(0)
    world.sender.stop(1)
    while not world.sender.idle:
        world.sender.step(world.clock() + SECOND)
    counts = world.counts
    assert (counts.due, counts.delivered, counts.unfinished) == (vms, 2 * START_BATCH, vms - 2 * START_BATCH)
    assert counts.balanced


def test_what_a_machine_fell_far_behind_with_is_counted_bit_by_bit_to_the_last_report() -> None:
    """So that whoever waits for the end hears of it meanwhile: no step counts more than a few thousand."""
    world = World(schedule([MILLISECOND] * 3), lambda number: Peer())
    world.clock.now_ns = 100 * SECOND
    world.sender.stop(100 * SECOND)
    seen = [world.counts.due]
    while not world.sender.idle:
        world.sender.step(world.clock() + SECOND)
        seen.append(world.counts.due)
    assert seen[-1] == 300_000
    assert max(after - before for before, after in pairwise([0, *seen])) <= START_BATCH + STEPS_BETWEEN_LOOKS
    assert world.counts.balanced


def test_what_the_pause_between_wake_ups_held_back_is_started_at_the_end() -> None:
    """Two VMs a fifth of a millisecond apart: the second is due within the pause after the first, just before the end."""
    plan = schedule([SECOND, SECOND], [0, 200_000])
    final = World(plan, lambda number: Peer(closes_after_ns=0)).run(300_000)
    assert (final.counts.due, final.counts.delivered, final.counts.unfinished) == (2, 2, 0)


def test_abandoning_leaves_what_is_under_way_unfinished_and_closes_it() -> None:
    world = World(schedule([SECOND] * 4), lambda number: Peer(closes_after_ns=None))
    world.sender.step(0)
    world.sender.stop(1)
    world.sender.abandon()
    counts = world.counts
    assert (counts.due, counts.unfinished, counts.in_flight) == (4, 4, 0)
    assert world.network.open == 0


def test_an_end_that_comes_before_the_peer_took_everything_is_no_delivery() -> None:
    final = World(schedule([SECOND]), lambda number: Peer(ends_too_soon=True)).run(SECOND)
    assert (final.counts.delivered, final.counts.failures) == (0, {FailureClass.CLOSED_EARLY: 1})


def test_a_loop_that_wakes_after_the_end_starts_nothing_that_was_due_later() -> None:
    world = World(schedule([30 * MILLISECOND]), lambda number: Peer())
    world.agenda.begin(0, 0, 0, end_ns=100 * MILLISECOND)
    world.clock.now_ns = 200 * MILLISECOND
    world.sender.step(200 * MILLISECOND)
    assert world.run(100 * MILLISECOND).counts.due == 4


@given(
    intervals_ms=st.lists(st.integers(20, 400), min_size=1, max_size=6),
    approach_ms=st.integers(0, 2_000),
    rest_ms=st.integers(0, 500),
    zero_wall_ns=st.integers(0, SECOND),
    jitter=st.sampled_from([Fraction(0), Fraction(1, 20)]),
    synchronized=st.booleans(),
)
def test_who_joins_late_sends_what_is_due_from_then_on_whether_it_had_come_near_before_or_not(
    intervals_ms: list[int], approach_ms: int, rest_ms: int, zero_wall_ns: int, jitter: Fraction, synchronized: bool
) -> None:
    plan = schedule([interval * MILLISECOND for interval in intervals_ms], jitter=jitter, synchronized=synchronized)
    join_ns = (approach_ms + rest_ms) * MILLISECOND
    end_ns = join_ns + SECOND
    advance = plan.advance(zero_wall_ns)
    instants = [due_ns for position in range(len(intervals_ms)) for due_ns in plan.instants(position, end_ns, advance)]
    for approach_ns in (approach_ms * MILLISECOND, 0):
        world = World(plan, lambda number: Peer(), zero_wall_ns=zero_wall_ns, approach_ns=approach_ns, join_ns=join_ns)
        final = world.run(end_ns)
        assert final.counts.due == len([due_ns for due_ns in instants if due_ns >= join_ns])
        assert (final.times.lag.largest or 0) < START_PAUSE_NS


def test_a_worker_without_vms_has_nothing_to_do() -> None:
    assert World(schedule([]), lambda number: Peer()).run(SECOND).counts.due == 0


peers = st.builds(
    Peer,
    connect_codes=st.sampled_from(
        [(0,), (errno.EAGAIN, 0), (errno.EAGAIN,), (errno.ECONNREFUSED,), (errno.EAGAIN, errno.ECONNREFUSED)]
    ),
    connect_takes_ns=st.sampled_from([0, 0, 1_000, 20 * MILLISECOND, 3 * SECOND]),
    takes_bytes_at_once=st.sampled_from([1 << 30, 1 << 30, 20, 10_000]),
    send_error=st.sampled_from([0, 0, 0, errno.EPIPE, errno.ECONNRESET, errno.ENOBUFS]),
    closes_after_ns=st.sampled_from([0, 1_000, 150 * MILLISECOND, None]),
    end_error=st.sampled_from([0, 0, 0, errno.ECONNRESET]),
    ends_too_soon=st.sampled_from([False, False, False, True]),
    chatter=st.sampled_from([b"", b"hello"]),
)


@given(
    intervals_ms=st.lists(st.integers(1, 400), min_size=1, max_size=8),
    script=st.lists(peers, min_size=1, max_size=12),
    timeout_ms=st.integers(1, 500),
    end_ms=st.integers(1, 1500),
    confirmed=st.booleans(),
    most_open=st.integers(1, 6),
    jitter=st.sampled_from([Fraction(0), Fraction(1, 20), Fraction(1, 2)]),
    is_large=st.booleans(),
)
def test_whatever_the_peers_do_the_accounts_balance_and_the_schedule_holds(
    intervals_ms: list[int],
    script: list[Peer],
    timeout_ms: int,
    end_ms: int,
    confirmed: bool,
    most_open: int,
    jitter: Fraction,
    is_large: bool,
) -> None:
    plan = schedule([interval * MILLISECOND for interval in intervals_ms], jitter=jitter)
    world = World(
        plan,
        lambda number: script[number % len(script)],
        confirmed=confirmed,
        timeout_ns=timeout_ms * MILLISECOND,
        most_open=most_open,
        packages=LEAST_FROM_FILE if is_large else 50,
        file=FILE if is_large else None,
    )
    final = world.run(end_ms * MILLISECOND)
    counts = final.counts
    advance = plan.advance(0)
    due = sum(1 for position in range(len(intervals_ms)) for _ in plan.instants(position, end_ms * MILLISECOND, advance))
    assert counts.due == due
    assert counts.balanced
    assert counts.in_flight == 0
    assert counts.started == counts.delivered + counts.failed
    assert final.times.lag.count == counts.started
    assert final.times.response.count == final.times.service.count == counts.delivered
    assert all(share.counts.balanced for share in final.shares.values())
    assert world.network.open == 0
    if confirmed:
        assert counts.bytes == sum(map(len, world.network.completed))
