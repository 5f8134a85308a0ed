"""The parent's side of the workers: starts them, gathers their snapshots, passes stop requests on, notices when one is lost."""

from __future__ import annotations

import multiprocessing
import selectors
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from multiprocessing.context import ForkProcess
from types import TracebackType
from typing import Self

from vsock_loadgen.engine.channel import Channel
from vsock_loadgen.engine.joining import Join, Progress, Walked
from vsock_loadgen.engine.loads import Load
from vsock_loadgen.engine.silence import PATIENCE_NS, Silence
from vsock_loadgen.engine.stopping import StopRequests
from vsock_loadgen.engine.worker import READY, Command, Orders, Start, work
from vsock_loadgen.errors import InternalError, how_it_ended
from vsock_loadgen.measures.ending import Stop
from vsock_loadgen.measures.snapshot import WorkerSnapshot
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.units import MILLISECOND, SECOND, format_duration

HEAD_START_NS = 20 * MILLISECOND  # between the word to begin and the start of the schedule, so that no worker gets it late
PROGRESS_NS = 250 * MILLISECOND
_READY_TIMEOUT_NS = 60 * SECOND
_LONGEST_END_SECONDS = 5.0
_SILENT = f"after {format_duration(PATIENCE_NS)} of silence"


class Supervisor:
    """The worker processes of one run, one per load. Enter it before any thread exists: workers are forked.

    Leaving it ends every worker, whatever happened. A worker that is silent for PATIENCE_NS when the run is to end is killed and
    counts as lost. So does one that still runs at a third request to stop.
    """

    def __init__(self, loads: Sequence[Load], orders: Orders, stop: StopRequests) -> None:
        self._stop = stop
        self._loads = loads
        self._orders = orders
        self._channels: list[Channel] = []
        self._processes: list[ForkProcess] = []
        self._final: set[int] = set()
        self._told = 0
        self._killed: dict[int, str] = {}

    def __enter__(self) -> Self:
        try:
            for number, load in enumerate(self._loads):
                self._fork(number, load)
            self._await_ready()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end()

    def _fork(self, number: int, load: Load) -> None:
        mine, theirs = Channel.pair()
        self._channels.append(mine)
        with closing(theirs):
            process = multiprocessing.get_context("fork").Process(
                target=self._become_worker, args=(number, load, theirs), name=f"worker-{number}"
            )
            process.start()
        self._processes.append(process)

    def _end(self) -> None:
        for channel in self._channels:
            channel.close()
        for process in self._processes:
            process.join(_LONGEST_END_SECONDS)
            if process.exitcode is None:
                process.kill()
                process.join()
            process.close()

    def _become_worker(self, number: int, load: Load, theirs: Channel) -> None:
        for channel in self._channels:
            channel.close()  # else a sibling would keep the parent's end open after the parent is gone
        work(number, load, self._orders, theirs)

    def _await_ready(self) -> None:
        deadline_ns = time.monotonic_ns() + _READY_TIMEOUT_NS
        for number, _ in self._heard_before_the_run():
            if time.monotonic_ns() > deadline_ns:
                raise self._not_ready(number)

    def join(self, say: Callable[[str], None]) -> None:
        """If the schedule has begun already, let every worker walk to its present; `say` is told how far they are."""
        start_at_ns, now_ns = self._orders.start_at_ns, time.time_ns()
        if start_at_ns is None or now_ns <= start_at_ns:
            return
        join_ns = now_ns - start_at_ns
        progress = Progress(sum(load.schedule.steps_to(join_ns) for load in self._loads), say)
        for channel in self._channels:
            channel.send(Join(start_at_ns, join_ns))
        for number, walked in self._heard_before_the_run():
            if walked is not None:
                progress.update(number, walked)

    def _heard_before_the_run(self) -> Iterator[tuple[int, Walked | None]]:
        """What workers say until each has said that it is ready, or there; None after too long a silence.

        Raises StoppedError at a signal.
        """
        waiting = set(range(len(self._channels)))
        with selectors.DefaultSelector() as selector:
            selector.register(self._stop, selectors.EVENT_READ)
            for number in waiting:
                selector.register(self._channels[number], selectors.EVENT_READ, number)
            while waiting:
                selector.select(1)
                self._stop.check()
                for number in sorted(waiting):
                    messages = self._channels[number].receive()
                    if self._channels[number].closed:
                        raise self._not_ready(number)
                    if any(message == READY or message.is_there for message in messages):
                        waiting.discard(number)
                    else:
                        yield number, messages[-1] if messages else None

    def _not_ready(self, number: int) -> InternalError:
        return InternalError(f"worker {number} did not get ready: {self._how_it_ended(number)}")

    def run(self, progress: Callable[[RunTotals], None]) -> RunTotals:
        """Give the word to begin, and gather snapshots until the last worker is done or lost. Calls `progress` about four times per
        second. Returns the totals; `totals.lost` tells whether a worker died.

        The schedule starts when the orders say, or else at once; one that has started already is joined.
        """
        stop, start = self._stop, _start(self._orders.start_at_ns)
        totals = RunTotals(len(self._channels), start.zero_wall_ns, self._loads[0].cells, start.join_ns)
        for channel in self._channels:
            channel.send(start)
        end_ns = start.zero_ns + self._orders.duration_ns if self._orders.duration_ns else None
        next_progress_ns = time.monotonic_ns() + PROGRESS_NS
        running = set(range(len(self._channels)))
        self._silence = Silence(running, time.monotonic_ns())
        with selectors.DefaultSelector() as selector:
            selector.register(stop, selectors.EVENT_READ)
            for number in running:
                selector.register(self._channels[number], selectors.EVENT_READ, number)
            while running:
                self._hear(selector, next_progress_ns, stop, totals, running)
                now_ns = time.monotonic_ns()
                is_over = end_ns is not None and now_ns >= end_ns
                if not is_over and totals.stopped is None:
                    totals.stopped = _stopped(stop, totals, now_ns - start.zero_ns)
                totals.is_ending = is_over or totals.stopped is not None
                self._pass_on(stop, totals, running)
                self._silence.look(now_ns)
                if self._told > 2:
                    self._kill(running, "at the third request to stop")
                elif self._told or is_over:
                    self._kill(self._silence.beyond_patience(running), _SILENT)
                if running and now_ns >= next_progress_ns:
                    next_progress_ns = now_ns + PROGRESS_NS
                    progress(totals)
        return totals

    def _hear(
        self, selector: selectors.BaseSelector, until_ns: int, stop: StopRequests, totals: RunTotals, running: set[int]
    ) -> None:
        """Wait for workers and stop requests, and take in their messages; a worker that is done is removed from `running`."""
        for key, _ in selector.select(max(0, until_ns - time.monotonic_ns()) / SECOND):
            if key.data is None:
                stop.clear()
            elif not self._gather(key.data, totals):
                selector.unregister(self._channels[key.data])
                running.discard(key.data)

    def _gather(self, number: int, totals: RunTotals) -> bool:
        """Take in what a worker has sent; False when it will send no more."""
        channel = self._channels[number]
        for message in channel.receive():
            self._silence.end(number)
            if isinstance(message, WorkerSnapshot):
                totals.add(message)
                if message.final:
                    self._final.add(number)
        if channel.closed and number not in self._final:
            is_silent = self._killed.get(number) == _SILENT
            totals.lose(number, self._how_it_ended(number), "silence" if is_silent else "worker")
        return not channel.closed

    def _pass_on(self, stop: StopRequests, totals: RunTotals, running: set[int]) -> None:
        """Tell the workers what is wanted of them, unless they have been told."""
        wanted = max(stop.count, 1 if totals.lost else 0)
        if wanted > self._told:
            self._told = wanted
            totals.abandoned = wanted > 1
            for number in running:
                self._channels[number].send(Command.ABANDON if totals.abandoned else Command.STOP)

    def _kill(self, numbers: Iterable[int], why: str) -> None:
        """End workers that would hold up the end of the run; the EOF of their channels comes next."""
        for number in numbers:
            self._killed.setdefault(number, why)
            self._processes[number].kill()

    def _how_it_ended(self, number: int) -> str:
        self._processes[number].join(_LONGEST_END_SECONDS)
        if number in self._killed:
            return f"ended by this run {self._killed[number]}"
        return how_it_ended(self._processes[number].exitcode)


def _stopped(stop: StopRequests, totals: RunTotals, at_ns: int) -> Stop | None:
    """What ends the schedule at this moment of it, if anything does."""
    if totals.lost_by:
        return Stop(totals.lost_by, at_ns)
    if stop.first_signal:
        return Stop("signal", at_ns, stop.first_signal.name)
    return Stop("abort", at_ns) if stop.count else None


def _start(start_at_ns: int | None) -> Start:
    """The word to begin, from both clocks as they are now."""
    now_ns, wall_ns = time.monotonic_ns(), time.time_ns()
    away_ns = HEAD_START_NS if start_at_ns is None else start_at_ns - wall_ns
    return Start(now_ns + away_ns, wall_ns + away_ns, max(0, -away_ns))
