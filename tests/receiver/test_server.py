"""What the receiver makes of its connections, and when it reads, accepts and closes."""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from command import TIMEOUT_SECONDS
from fake_reports import decode_text, encode_text
from receiver.driven_receiver import MS, SECOND, Stand, is_closed, stand
from vsock_loadgen.config.address import TcpAddress, UnixAddress
from vsock_loadgen.receiver.behaviour import Behaviour
from vsock_loadgen.receiver.delays import Delays
from vsock_loadgen.receiver.server import Receiver
from vsock_loadgen.transport.listening import listen

Opened = Callable[..., Stand]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """Opens a stand on a unix socket; keyword arguments are its behaviour."""
    with ExitStack() as stack:
        yield lambda **how: stack.enter_context(stand(UnixAddress(str(tmp_path / "sock")), Behaviour(**how)))


def test_a_whole_report_is_counted_and_confirmed_by_the_close(opened: Opened) -> None:
    it = opened()
    client = it.client(encode_text(7, 500, 1000), ends=True)
    it.turn()
    assert is_closed(client)
    receipt = it.receiver.receipt()
    assert (receipt.connections, receipt.reports, receipt.bytes) == (1, 1, 1000)
    assert receipt.packages == {500: 1}
    assert receipt.formats == {"text": 1}


def test_a_connection_that_has_not_ended_is_kept_open_and_unfinished(opened: Opened) -> None:
    it = opened()
    client = it.client(encode_text(7, 500))
    it.turn()
    assert not is_closed(client)
    assert it.receiver.receipt().unfinished == 1
    client.shutdown(socket.SHUT_WR)
    it.turn()
    assert is_closed(client)
    assert (it.receiver.receipt().unfinished, it.receiver.receipt().reports) == (0, 1)


def test_arrivals_are_kept_by_cid(opened: Opened) -> None:
    it = opened()
    for cid, packages, after in ((10, 500, 0), (9, 700, 1), (10, 600, 2)):
        it.clock.now_ns += after * SECOND
        it.client(encode_text(cid, packages), ends=True)
        it.turn()
    start = 1_700_000_005
    rows = [(vm.cid, vm.reports, vm.packages, vm.first_arrival - start) for vm in it.receiver.receipt().vms]
    assert rows == [("9", 1, 700, 1), ("10", 2, 600, 0)]
    assert it.receiver.receipt().vms[1].mean_gap == 3


def test_a_report_larger_than_the_socket_buffer_arrives_whole(opened: Opened) -> None:
    it = opened()
    data = encode_text(7, 500, 3_000_000)
    client = it.client()
    sent = 0
    while sent < len(data):
        sent += client.send(data[sent:])
        it.turn(turns=1)
    client.shutdown(socket.SHUT_WR)
    it.turn()
    assert is_closed(client)
    assert it.receiver.receipt().bytes == 3_000_000


def test_malformed_and_empty_connections_are_counted_apart_and_harm_no_other(opened: Opened) -> None:
    it = opened()
    clients = [it.client(data, ends=True) for data in (b"rubbish", b"", encode_text(3, 1), b"\xff\xfe")]
    it.turn()
    assert all(is_closed(client) for client in clients)
    receipt = it.receiver.receipt()
    assert (receipt.malformed, receipt.empty, receipt.reports, receipt.connections) == (2, 1, 1, 4)


def test_a_peer_that_breaks_off_is_unfinished_and_harms_no_other() -> None:
    with stand(TcpAddress("127.0.0.1", 0)) as it:
        broken = it.client(encode_text(3, 1))
        it.turn()
        broken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        broken.close()
        it.client(encode_text(4, 1), ends=True)
        it.turn()
        receipt = it.receiver.receipt()
    assert (receipt.unfinished, receipt.reports, receipt.malformed) == (1, 1, 0)


@pytest.mark.parametrize(("size", "reports", "rejected"), [(1000, 1, 0), (1001, 0, 1), (5000, 0, 1)])
def test_a_report_above_the_size_limit_is_rejected_and_one_at_the_limit_taken(
    opened: Opened, size: int, reports: int, rejected: int
) -> None:
    it = opened(most_bytes=1000)
    it.client(encode_text(7, 1, size), ends=True)
    it.turn()
    receipt = it.receiver.receipt()
    assert (receipt.reports, receipt.rejections.get("too_large", 0)) == (reports, rejected)


def test_a_late_close_comes_after_its_delay_and_the_report_counts_at_its_end(opened: Opened) -> None:
    it = opened(close_delay=Delays(300 * MS))
    client = it.client(encode_text(7, 1), ends=True)
    it.turn()
    assert it.receiver.receipt().reports == 1
    it.turn(after_ns=299 * MS)
    assert not is_closed(client)
    it.turn(after_ns=1 * MS)
    assert is_closed(client)


@pytest.mark.parametrize(
    ("read_after", "closed_after"), [(0, 100), (9_999, 100), (10_000, 300), (19_999, 300), (20_000, 0), (86_400_000, 0)]
)
def test_a_late_close_is_as_late_as_the_time_since_the_start_says(opened: Opened, read_after: int, closed_after: int) -> None:
    it = opened(close_delay=Delays(100 * MS, ((10 * SECOND, 300 * MS), (20 * SECOND, 0))))
    it.turn(after_ns=read_after * MS)
    client = it.client(encode_text(7, 1), ends=True)
    it.turn()
    if closed_after:
        it.turn(after_ns=closed_after * MS - 1)
        assert not is_closed(client)
        it.turn(after_ns=1)
    assert is_closed(client)


def test_the_delay_of_a_connection_is_the_one_that_holds_when_it_was_read_to_its_end(opened: Opened) -> None:
    it = opened(close_delay=Delays(0, ((10 * SECOND, 300 * MS),)))
    client = it.client(encode_text(7, 1))
    it.turn()
    client.shutdown(socket.SHUT_WR)
    it.turn(after_ns=10 * SECOND)
    assert not is_closed(client)
    it.turn(after_ns=300 * MS)
    assert is_closed(client)


def test_a_slow_reader_takes_as_long_as_its_pace_says(opened: Opened) -> None:
    it = opened(read_bytes_per_second=2000)
    it.client(encode_text(7, 1, 1000), ends=True)
    started_ns = it.clock.now_ns
    while it.receiver.receipt().reports == 0:
        it.turn(after_ns=10 * MS, turns=1)
    assert abs(it.clock.now_ns - started_ns - SECOND // 2) <= 20 * MS


def test_an_early_close_at_accept_is_a_clean_end(opened: Opened) -> None:
    it = opened(close_after_bytes=0)
    client = it.client(encode_text(7, 1, 100))
    it.turn()
    assert is_closed(client)
    assert it.receiver.receipt().rejected == 1


def test_an_early_close_within_a_report_is_a_clean_end_and_refuses_the_rest(opened: Opened) -> None:
    it = opened(close_after_bytes=50)
    client = it.client(encode_text(7, 1, 100))
    it.turn()
    assert is_closed(client)
    with pytest.raises(BrokenPipeError):
        client.send(b"more")
    assert it.receiver.receipt().rejections == {"closed_early": 1}


def test_an_early_close_leaves_shorter_reports_alone(opened: Opened) -> None:
    it = opened(close_after_bytes=50)
    client = it.client(encode_text(7, 1, 49), ends=True)
    it.turn()
    assert is_closed(client)
    assert it.receiver.receipt().reports == 1


@pytest.mark.parametrize("after", [0, 50])
def test_an_abortive_close_is_a_reset_on_unix(opened: Opened, after: int) -> None:
    it = opened(close_after_bytes=after, reset=True)
    client = it.client(encode_text(7, 1, 100))
    it.turn()
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    assert it.receiver.receipt().rejected == 1


def test_an_abortive_close_is_a_reset_on_tcp() -> None:
    with stand(TcpAddress("127.0.0.1", 0), Behaviour(close_after_bytes=50, reset=True)) as it:
        client = it.client(encode_text(7, 1, 100))
        it.turn()
        client.settimeout(TIMEOUT_SECONDS)
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_an_abortive_close_waits_for_data_to_leave_unread(opened: Opened) -> None:
    it = opened(close_after_bytes=50, reset=True)
    waiting = it.client(encode_text(7, 1, 50))
    ended = it.client(encode_text(7, 1, 50), ends=True)
    it.turn()
    assert not is_closed(waiting)
    assert is_closed(ended)
    waiting.send(b"more")
    it.turn()
    with pytest.raises(ConnectionResetError):
        waiting.recv(1)


def test_a_receiver_that_refuses_leaves_further_connections_in_the_backlog(opened: Opened) -> None:
    it = opened(refuse_after=2)
    clients = [it.client(encode_text(cid, 1), ends=True) for cid in range(4)]
    it.turn(turns=5)
    assert [is_closed(client) for client in clients] == [True, True, False, False]
    assert it.receiver.receipt().connections == 2


def test_a_receiver_that_refuses_from_the_start_accepts_nothing(opened: Opened) -> None:
    it = opened(refuse_after=0)
    it.client(encode_text(7, 1), ends=True)
    it.turn()
    assert it.receiver.receipt().connections == 0


def test_a_stall_stops_accepting_and_reading_for_its_length(opened: Opened) -> None:
    it = opened(stall=(100 * MS, 500 * MS))
    half = it.client(b"7:")
    it.turn()
    it.turn(after_ns=100 * MS)
    half.send(b"500:")
    half.shutdown(socket.SHUT_WR)
    it.client(encode_text(8, 1), ends=True)
    it.turn(after_ns=499 * MS)
    assert (it.receiver.receipt().connections, it.receiver.receipt().reports) == (1, 0)
    it.turn(after_ns=1 * MS)
    assert (it.receiver.receipt().connections, it.receiver.receipt().reports) == (2, 2)


def test_a_late_close_that_falls_into_a_stall_waits_for_its_end(opened: Opened) -> None:
    it = opened(stall=(100 * MS, 500 * MS), close_delay=Delays(150 * MS))
    client = it.client(encode_text(7, 1), ends=True)
    it.turn()
    it.turn(after_ns=160 * MS)
    assert not is_closed(client)
    it.turn(after_ns=440 * MS)
    assert is_closed(client)


def test_connections_above_the_limit_wait_for_a_handler_in_order(opened: Opened) -> None:
    it = opened(most_connections=2, wait_for_handler_ns=SECOND)
    busy = [it.client(encode_text(cid, 1)) for cid in range(2)]
    waiting = [it.client(encode_text(cid, 1), ends=True) for cid in range(2, 4)]
    it.turn()
    assert it.receiver.receipt().reports == 0
    busy[0].shutdown(socket.SHUT_WR)
    it.turn(after_ns=999 * MS)
    assert [vm.cid for vm in it.receiver.receipt().vms] == ["0", "2", "3"]
    assert all(is_closed(client) for client in waiting)


def test_a_connection_that_waited_too_long_is_closed_unread(opened: Opened) -> None:
    it = opened(most_connections=1, wait_for_handler_ns=SECOND)
    it.client(encode_text(1, 1))
    late = it.client(encode_text(2, 1), ends=True)
    it.turn()
    it.turn(after_ns=SECOND)
    with pytest.raises(ConnectionResetError):
        late.recv(1)
    assert (it.receiver.receipt().rejections, it.receiver.receipt().unfinished) == ({"no_handler": 1}, 1)


def test_without_another_wait_a_connection_waits_for_a_handler_as_long_as_at_the_relay(opened: Opened) -> None:
    it = opened(most_connections=1)
    it.client(encode_text(1, 1))
    late = it.client(encode_text(2, 1), ends=True)
    it.turn()
    it.turn(after_ns=4_999 * MS)
    assert not is_closed(late)
    it.turn(after_ns=1 * MS)
    assert it.receiver.receipt().rejections == {"no_handler": 1}


def test_a_connection_that_misses_the_read_deadline_is_rejected_and_others_are_not(opened: Opened) -> None:
    it = opened(read_deadline_ns=SECOND, close_delay=Delays(2 * SECOND))
    late = it.client(encode_text(1, 1))
    in_time = it.client(encode_text(2, 1), ends=True)
    it.turn()
    it.turn(after_ns=SECOND)
    assert is_closed(late)
    assert not is_closed(in_time)
    assert (it.receiver.receipt().rejections, it.receiver.receipt().reports) == ({"read_deadline": 1}, 1)


def test_without_a_free_descriptor_connections_stay_in_the_backlog_until_there_is_one(tmp_path: Path) -> None:
    class Short(socket.socket):
        failures = 1

        def accept(self) -> tuple[socket.socket, object]:
            if self.failures:
                self.failures -= 1
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            return super().accept()

    with stand(UnixAddress(str(tmp_path / "sock"))) as it:
        it.receiver.close()
        listener = Short(fileno=listen(UnixAddress(str(tmp_path / "sock"))).detach())
        listener.setblocking(False)
        it.receiver = Receiver(listener, decode=decode_text, clock_ns=it.clock)
        it.client(encode_text(1, 1), ends=True)
        it.turn()
        assert it.receiver.receipt().connections == 0
        it.turn(after_ns=10 * MS)
        assert it.receiver.receipt().reports == 1


def test_run_takes_what_is_in_the_backlog_when_it_is_told_to_stop(tmp_path: Path) -> None:
    path = tmp_path / "sock"
    with stand(UnixAddress(str(path))) as it:
        clients = [it.client(encode_text(cid, 1), ends=True) for cid in range(200)]
        stop, stopper = socket.socketpair()
        with stop, stopper:
            stopper.send(b"x")
            receipt = it.receiver.run(stop.fileno(), drain_ns=3600 * SECOND)
        assert receipt.reports == 200
        assert all(is_closed(client) for client in clients)
        assert not path.exists()


def test_run_closes_what_does_not_end_within_the_drain_time(tmp_path: Path) -> None:
    listener = listen(UnixAddress(str(tmp_path / "sock")))
    receiver = Receiver(listener, decode=decode_text)
    stop, stopper = socket.socketpair()
    with stop, stopper, socket.socket(socket.AF_UNIX) as client:
        client.connect(str(tmp_path / "sock"))
        client.send(b"7:")
        stopper.send(b"x")
        receipt = receiver.run(stop.fileno(), drain_ns=20 * MS)
        assert client.recv(1) == b""
    assert (receipt.connections, receipt.unfinished) == (1, 1)


@pytest.mark.parametrize("how", [{"close_delay": Delays(2**63 - 1)}, {"stall": (0, 2**63 - 1)}], ids=["a late close", "a stall"])
def test_a_wait_of_any_length_does_not_end_the_receiver(opened: Opened, how: dict[str, Any]) -> None:
    it = opened(**how)
    it.client(encode_text(7, 1), ends=True)
    it.turn()
    stop, stopper = socket.socketpair()
    with stop, stopper:
        stopper.send(b"x")
        it.receiver.serve(stop.fileno())
    assert it.receiver.receipt().connections == 1


def test_a_stop_is_heard_during_a_stall(tmp_path: Path) -> None:
    receiver = Receiver(
        listen(UnixAddress(str(tmp_path / "sock"))), decode=decode_text, behaviour=Behaviour(stall=(0, 3600 * SECOND))
    )
    stop, stopper = socket.socketpair()
    with stop, stopper, socket.socket(socket.AF_UNIX) as client:
        client.connect(str(tmp_path / "sock"))
        receiver.turn()
        receiver.turn()
        stopper.send(b"x")
        assert receiver.run(stop.fileno(), drain_ns=1 * MS).connections == 1


_FATES = st.sampled_from(["report", "malformed", "empty", "open", "broken", "large"])


@settings(max_examples=30, deadline=None)
@given(st.lists(_FATES, max_size=20))
def test_every_connection_has_exactly_one_fate(fates: list[str]) -> None:
    sent = {"report": b"7:5:", "malformed": b"rubbish", "empty": b"", "large": b"7:5:".ljust(200, b"."), "open": b"7:"}
    with TemporaryDirectory() as folder, stand(UnixAddress(f"{folder}/sock"), Behaviour(most_bytes=100)) as it:
        for fate in fates:
            if fate == "broken":
                it.client(b"7:").close()
            else:
                it.client(sent[fate], ends=fate != "open")
            it.turn(turns=1)
        it.turn()
        receipt = it.receiver.receipt()
    assert receipt.connections == len(fates)
    assert receipt.reports == fates.count("report")
    assert receipt.malformed == fates.count("malformed") + fates.count("broken")  # on unix a break is an early end
    assert receipt.empty == fates.count("empty")
    assert receipt.rejected == fates.count("large")
    assert receipt.unfinished == fates.count("open")
