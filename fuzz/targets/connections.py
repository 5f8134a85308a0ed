"""Clients of the receiver that dribble, stall, break off or send what is no report, in any order, under a clock that is moved."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress

from fuzz.confinement import confined
from fuzz.draws import Draws
from fuzz.oracle import hold
from fuzz.wire import message, reports
from receiver.driven_receiver import MS, SECOND, Stand, stand
from vsock_loadgen.config.address import UnixAddress
from vsock_loadgen.payloads.decode import decode
from vsock_loadgen.receiver.behaviour import Behaviour
from vsock_loadgen.receiver.delays import Delays
from vsock_loadgen.results.receipt import Receipt

_MOST_STEPS = 64
_MOST_CLIENTS = 48
_STEPS_NS = (0, MS, 10 * MS, SECOND, 11 * SECOND, 60 * SECOND)
_LONG_NS = 10**12
_TIMES_NS = (0, MS, SECOND, 5 * SECOND, 3_600 * SECOND, 26 * 86_400 * SECOND, 2**63 - 1)
_LATER_DELAYS = ((SECOND, 5 * SECOND), (60 * SECOND, 0), (3_600 * SECOND, 2**63 - 1))
_CLOSE_DELAYS = tuple(Delays(first_ns, later) for later in ((), _LATER_DELAYS) for first_ns in _TIMES_NS)


def check(data: bytes) -> None:
    """The receiver stays up, each connection has one fate, and a report that is sent afterwards is counted."""
    draws = Draws(data)
    behaviour = _behaviour(draws) if draws.flag() else Behaviour()
    with confined() as folder, stand(UnixAddress(str(folder / "s")), behaviour, decode) as it:
        play = _Play(it, draws, is_plain=behaviour == Behaviour())
        for _ in range(_MOST_STEPS):
            if draws.is_over:
                break
            play.step()
        it.turn()
        _hold_sums(it.receiver.receipt(), play.made)
        if play.is_plain:
            play.hold_fates()
        _hold_still_up(it, behaviour)


class _Play:
    """The clients and what the receiver should make of them where it behaves."""

    def __init__(self, it: Stand, draws: Draws, *, is_plain: bool) -> None:
        self._it = it
        self._draws = draws
        self.is_plain = is_plain
        self.made = 0
        self._open: list[tuple[socket.socket, bytearray]] = []
        self._ended: list[bytes] = []

    def step(self) -> None:
        """One thing that a client does, or that time does."""
        steps: tuple[Callable[[], None], ...] = (self._connect, self._send, self._end, self._break_off, self._wait, self._many)
        self._draws.pick(steps)()

    def hold_fates(self) -> None:
        """Without any misbehaviour what was sent decides: a report, nothing, or neither; and who has not ended is unfinished."""
        receipt = self._it.receiver.receipt()
        taken = [data for data in self._ended if _is_report(data)]
        hold(receipt.reports == len(taken), "every report is counted", receipt.reports, len(taken))
        hold(receipt.bytes == sum(map(len, taken)), "their bytes are counted", receipt.bytes)
        hold(receipt.empty == self._ended.count(b""), "connections without a byte are empty", receipt.empty)
        hold(
            receipt.malformed == sum(map(bool, self._ended)) - len(taken),
            "whatever else came to its end is malformed",
            receipt.malformed,
        )
        hold(receipt.unfinished == len(self._open), "whoever has not ended is unfinished", receipt.unfinished, len(self._open))

    def _connect(self) -> None:
        if self.made < _MOST_CLIENTS:
            self.made += 1
            self._open.append((self._it.client(), bytearray()))

    def _many(self) -> None:
        for _ in range(self._draws.number(20)):
            self._connect()

    def _send(self) -> None:
        if not self._open:
            self._connect()
        if self._open:
            client, sent = self._draws.pick(self._open)
            data = self._draws.data(40) if self._draws.flag() else message(self._draws)
            with suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
                sent += data[: client.send(data)] if data else b""

    def _end(self) -> None:
        self._finish(lambda client: client.shutdown(socket.SHUT_WR))

    def _break_off(self) -> None:
        self._finish(socket.socket.close)

    def _finish(self, how: Callable[[socket.socket], None]) -> None:
        if self._open:
            client, sent = self._open.pop(self._draws.number(len(self._open) - 1))
            with suppress(OSError):
                how(client)
            self._ended.append(bytes(sent))

    def _wait(self) -> None:
        self._it.turn(after_ns=self._draws.pick(_STEPS_NS), turns=1 + self._draws.number(2))


def _behaviour(draws: Draws) -> Behaviour:
    close_after = draws.pick((None, 0, 1, 50, 5_000))
    most = draws.pick((0, 1, 2, 50))
    return Behaviour(
        close_delay=draws.pick(_CLOSE_DELAYS),
        read_bytes_per_second=draws.pick((0, 1, 100, 10**6)),
        close_after_bytes=close_after,
        reset=close_after is not None and draws.flag(),
        refuse_after=draws.pick((None, 0, 1, 10)),
        stall=(draws.pick(_TIMES_NS), draws.pick(_TIMES_NS)) if draws.flag() else None,
        most_connections=most,
        wait_for_handler_ns=draws.pick(_TIMES_NS) if most else None,
        most_bytes=draws.pick((Behaviour().most_bytes, 1, 100, 2**62)),
        read_deadline_ns=draws.pick(_TIMES_NS),
        checked_cid=draws.pick((None, "peer", 10_003, 0)),
        most_reports_a_minute=draws.pick((0.0, 1.0, 0.001, 1e300)),
    )


def _is_report(data: bytes) -> bool:
    try:
        decode(data)
    except ValueError:
        return False
    return True


def _hold_sums(receipt: Receipt, made: int) -> None:
    fates = (receipt.reports, receipt.malformed, receipt.empty, receipt.rejected, receipt.unfinished)
    hold(min(fates) >= 0, "no count is negative", receipt)
    hold(sum(fates) == receipt.connections <= made, "every connection has one fate", receipt, made)
    hold(
        sum(receipt.packages.values()) == sum(receipt.formats.values()) == receipt.reports, "every report is counted once", receipt
    )
    hold(sum(vm.reports for vm in receipt.vms) == receipt.reports, "every report is of one VM", receipt)
    hold(receipt.mismatching_cid + receipt.rate_limited <= receipt.reports, "no report is thrown away twice", receipt)


def _hold_still_up(it: Stand, behaviour: Behaviour) -> None:
    """A report that is sent after all that is counted, unless the receiver was told not to."""
    before = it.receiver.receipt()
    if behaviour.refuse_after is None:
        it.client(reports()[0], ends=True)
    it.turn(after_ns=_LONG_NS, turns=5)
    after = it.receiver.receipt()
    _hold_sums(after, after.connections)
    if behaviour == Behaviour():
        hold(after.reports == before.reports + 1, "a report sent afterwards is counted", after)
    stop, stopper = socket.socketpair()
    with stop, stopper:
        stopper.send(b"x")
        it.receiver.serve(stop.fileno())  # waits as it does in earnest, but has been told to stop
