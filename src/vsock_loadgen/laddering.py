"""Composition root of `capacity --ladder`: runs the trials of this node's VMs, each in its slot of the wall clock."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace

from vsock_loadgen.capacity.amounts import Asked
from vsock_loadgen.capacity.files import write_capacity
from vsock_loadgen.capacity.ladder import READY_NS, RECOVERY_NS, Climb, Ladder
from vsock_loadgen.capacity.node_document import LadderPart, TrialKept, kept_of, write_part
from vsock_loadgen.capacity.outcome import Capacity, Frame, capacity_of
from vsock_loadgen.capacity.search import Step
from vsock_loadgen.capacity.timing import Expected
from vsock_loadgen.capacity.trial import Trial
from vsock_loadgen.capacity.watch import TrialWatch
from vsock_loadgen.cluster.identity import Identity, identify, settled
from vsock_loadgen.cluster.nodes import read_worker_nodes
from vsock_loadgen.config.model import Config
from vsock_loadgen.engine.probing import recovered_after_ns
from vsock_loadgen.engine.stopping import StopRequests
from vsock_loadgen.errors import ConfigError, StoppedError
from vsock_loadgen.log import Log
from vsock_loadgen.results.ended import instant
from vsock_loadgen.searching import Attempt, Target, both, frame_of, reached, sent, shown_on
from vsock_loadgen.stage import Outputs
from vsock_loadgen.text.console import Streams
from vsock_loadgen.trials import Bench, prepared
from vsock_loadgen.units import SECOND, format_duration
from vsock_loadgen.watching.trials import TrialsView, UnderWay


@dataclass(frozen=True, slots=True)
class Tried:
    """A ladder with everything that can be known before its target is touched."""

    config: Config
    identity: Identity
    bench: Bench
    ladder: Ladder


def ladder_asked(config: Config, asked: Asked) -> Tried:
    """The ladder of a config, as this node is to try it. Raises ConfigError, or ClusterError if nothing says which node it is."""
    identity = identify(config.node_index, config.node_count, os.environ, lambda: read_worker_nodes(os.environ))
    config = settled(config, identity)
    bench = prepared(config, asked, node=identity.index)
    return Tried(config, identity, bench, bench.ladder())


def climb(tried: Tried, asked: Asked, streams: Streams, outputs: Outputs, *, go_on: bool = False) -> LadderPart:
    """Try the loads of a ladder with this node's VMs, from the preflight check to the last slot; returns what they have seen.

    Raises LoadgenError if nothing was sent, or if the tool broke one of its own promises.
    """
    config, identity = tried.config, tried.identity
    log = Log(streams.log, style=config.log_format)
    if config.start_at_ns is not None and config.start_at_ns <= time.time_ns():
        ago = format_duration((time.time_ns() - config.start_at_ns) // SECOND * SECOND)
        raise ConfigError([config.problem("startAt", f"was {ago} ago; expected one in the future: a missed slot stays missed")])
    with StopRequests() as stop, reached(tried.bench, log, stop, go_on=go_on) as target:
        zero_wall_ns = config.start_at_ns if config.start_at_ns is not None else time.time_ns() + READY_NS
        slot, count = format_duration(tried.ladder.slot_ns), len(tried.ladder.loads)
        log.line(
            f"node {identity.index} of {identity.count} ({identity.source}): {count} {'load' if count == 1 else 'loads'} in slots "
            f"of {slot}, from {instant(zero_wall_ns)} on",
            "ladder",
            {"node_index": identity.index, "node_count": identity.count, "loads": list(tried.ladder.loads)},
        )
        frame = frame_of(config, asked, target, instant(zero_wall_ns))
        climbing = _Climbing(tried, target, stop, log, zero_wall_ns)
        with shown_on(streams, tried.bench, log) as view:
            return climbing.run(view, frame, outputs)


class _Climbing:
    """A running ladder."""

    def __init__(self, tried: Tried, target: Target, stop: StopRequests, log: Log, zero_wall_ns: int) -> None:
        self._tried = tried
        self._bench, self._ladder = tried.bench, tried.ladder
        self._target = target
        self._stop = stop
        self._log = log
        self._zero_wall_ns = zero_wall_ns
        self._trials: list[Trial] = []
        self._kept: list[TrialKept] = []

    def run(self, view: TrialsView, frame: Frame, outputs: Outputs) -> LadderPart:
        """Run the trials until the last, until a stop, or until the target does not recover. What is known is written after
        each."""
        while True:
            found = Climb(self._bench.terms, self._trials)
            complete = len(self._trials) == len(self._ladder.loads) or not found.recovered
            capacity = capacity_of(found, frame, probes=self._target.prober.sent, complete=complete)
            part = self._part(capacity)
            self._write(part, outputs)
            if complete:
                return part
            try:
                trial, kept = self._trial(len(self._trials) + 1, view, capacity)
            except StoppedError as error:
                self._log.alert(f"stopped by a signal ({error.exit_code - 128}): the rest of the ladder was not tried", "stopped")
                return part
            self._trials.append(trial)
            self._kept.append(kept)
            view.end(trial)

    def _part(self, capacity: Capacity) -> LadderPart:
        identity, ladder = self._tried.identity, self._ladder
        return LadderPart(
            node_index=identity.index,
            node_count=identity.count,
            begins_at=instant(self._zero_wall_ns),
            slot_ns=ladder.slot_ns,
            loads=ladder.loads,
            outcome=capacity,
            kept=tuple(self._kept),
        )

    def _write(self, part: LadderPart, outputs: Outputs) -> None:
        """The part of this node, or the outcome if there is no other node."""
        if outputs.result is None:
            return
        try:
            if part.node_count > 1:
                write_part(part, outputs.result)
            else:
                write_capacity(part.outcome, outputs.result)
        except OSError as error:
            self._log.alert(f"--result: cannot be written: {error}", "result_file")

    def _trial(self, number: int, view: TrialsView, so_far: Capacity) -> tuple[Trial, TrialKept]:
        """Run one trial in its slot, and wait until the target has recovered. Raises StoppedError if a signal arrived."""
        bench, ladder = self._bench, self._ladder
        step, begins_ns = Step(ladder.loads[number - 1], "ladder"), ladder.begins_ns(number, self._zero_wall_ns)
        level, left = bench.level(step), ladder.seconds_from(number)
        expected = (len(ladder.loads) - number + 1, left)
        left_over = Expected(expected, expected, expected)
        view.begin(UnderWay(number, step, level, ladder.lengths, left_over, so_far.holds, so_far.misses), self._trials)
        with StopRequests() as stop:
            # The rate is that of the whole fleet: a miss is certain only if no other node can make up for it.
            watch = TrialWatch(bench.terms, step, level, ladder.lengths, level.reports_per_second, stop.request)
            attempt = Attempt(number, step, ladder.lengths, begins_ns)
            thrown_away, totals = sent(bench, self._target, attempt, both(watch.update, view.update), stop)
            if stop.first_signal:
                raise StoppedError(stop.first_signal.name, stop.first_signal)
        if number < len(ladder.loads):
            bench.level(Step(ladder.loads[number], "ladder"))  # plans the next fleet, while there is time
        view.wait("waiting until no node has a report in flight and the target has recovered")
        with self._stop.at_once():
            time.sleep(max(0, begins_ns + ladder.drained_ns - time.time_ns()) / SECOND)
            recovered_ns = recovered_after_ns(self._target.prober, self._target.idle_ns, longest_ns=RECOVERY_NS)
        trial = watch.trial(
            number,
            totals,
            lag_limit_ns=bench.config.lag_limit_ns,
            thrown_away=thrown_away,
            recovered_after=None if recovered_ns is None else recovered_ns / SECOND,
        )
        if totals.joined_ns:
            late = format_duration(totals.joined_ns)
            self._log.alert(f"trial {number} shows nothing: this node was ready {late} after its slot began", "late")
            trial = replace(trial, generator_late=True, verdict="late")
        return trial, kept_of(number, bench.terms.goals, totals)
