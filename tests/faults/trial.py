"""One fault on one transport: a run of the real engine against a target that has it, and the accounts of both ends."""

from __future__ import annotations

import io
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest import mock

from command import TIMEOUT_SECONDS
from faults.peers import Hostile, HostilePeer, Peer, StandIn, let_rest
from vsock_loadgen import app
from vsock_loadgen.asking import target_counters
from vsock_loadgen.config.address import Address
from vsock_loadgen.config.model import Config
from vsock_loadgen.config.thresholds import parse_threshold
from vsock_loadgen.distributions.constant import Constant
from vsock_loadgen.distributions.kind import Distribution
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.payloads.decode import decode
from vsock_loadgen.receiver.behaviour import Behaviour
from vsock_loadgen.receiver.tally import Decoded
from vsock_loadgen.results.receipt import Receipt, Rejection
from vsock_loadgen.stage import Outputs
from vsock_loadgen.text.console import Streams
from vsock_loadgen.units import MILLISECOND, SECOND

FEW_PACKAGES = Constant(5)
"""Packages of a report that fits every buffer."""

Entry = Mapping[str, Any]
"""An entry of the run's log: what happens and how far it is."""
OnEntry = Callable[[Entry], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A small fleet: each VM reports once in every interval, so that `vms` * `rounds` reports fall due, no more and no fewer."""

    vms: int = 20
    packages: Distribution = FEW_PACKAGES
    interval_ns: int = 150 * MILLISECOND
    rounds: int = 1
    timeout_ns: int = TIMEOUT_SECONDS * SECOND

    @property
    def due(self) -> int:
        """Reports that fall due."""
        return self.vms * self.rounds

    def config(self, target: Address, reconcile_url: str | None) -> Config:
        """The config of a run that fails where not every report is delivered."""
        return Config(
            vm_count=self.vms,
            packages=self.packages,
            report_interval=Constant(self.interval_ns),
            jitter=Fraction(0),
            report_format="vmReport",
            target=target,
            request_timeout_ns=self.timeout_ns,
            duration_ns=self.interval_ns * self.rounds,
            stats_interval_ns=50 * MILLISECOND,
            metrics_port=0,
            node_index=0,
            node_count=1,
            workers=1,
            lag_limit_ns=600 * SECOND,
            reconcile_url=reconcile_url,
            thresholds=(parse_threshold("delivered_percent >= 100"),),
            log_format="json",
        )


class Stage:
    """Where a trial takes place: one address, and the peers that listen on it one after the other."""

    def __init__(self, address: Address, *, metrics_port: int = 0) -> None:
        self.address = address
        self._metrics_port = metrics_port
        self._present: Peer | None = None
        self._receipts: list[Receipt] = []

    def stand_in(self, behaviour: Behaviour | None = None, *, decode: Callable[[bytes], Decoded] = decode) -> None:
        """Let the stand-in relay listen."""
        peer = StandIn(self.address, behaviour or Behaviour(), decode, metrics_port=self._metrics_port)
        self._present, self.address = peer, peer.address

    def hostile(self, hostile: Hostile, *, backlog: int = 4096) -> None:
        """Let a hostile peer listen."""
        peer = HostilePeer(self.address, hostile, backlog=backlog)
        self._present, self.address = peer, peer.address

    def let_rest(self) -> None:
        """Wait until whoever listens has taken what there is to take."""
        if self._present is not None:
            let_rest(self._present)

    def leave(self) -> None:
        """End whoever listens, but not before they have taken what there is to take; nobody listens then."""
        if self._present is not None:
            self.let_rest()
            self._receipts.append(self._present.end())
            self._present = None

    def receipt(self) -> Receipt:
        """What all peers together counted."""
        names = ("connections", "reports", "bytes", "malformed", "empty", "unfinished")
        rejections = sum((Counter(receipt.rejections) for receipt in self._receipts), Counter[Rejection]())
        return Receipt(rejections=rejections, **{name: sum(getattr(receipt, name) for receipt in self._receipts) for name in names})


@dataclass(frozen=True, slots=True)
class Accounts:
    """What both ends of a run counted. `hides` says that the transport hides a close with unread data."""

    result: Mapping[str, Any]
    receipt: Receipt
    exit_code: int
    hides: bool

    @property
    def totals(self) -> Mapping[str, int]:
        """The sender's totals."""
        totals: Mapping[str, int] = self.result["totals"]
        return totals

    @property
    def failures(self) -> dict[str, int]:
        """Failed reports by class, where there are any."""
        return {name: count for name, count in self.result["failures"].items() if count}

    @property
    def read(self) -> int:
        """Reports that the target read to their end, whether or not it took them in."""
        return self.receipt.reports + self.receipt.malformed

    @property
    def unread(self) -> int:
        """Connections that the target or its death ended before their end had come."""
        return self.receipt.rejected + self.receipt.unfinished

    @property
    def hidden(self) -> int:
        """Reports that count as delivered although the target closed them unread; possible on vsock alone."""
        return min(max(0, self.totals["delivered"] - self.read), self.unread) if self.hides else 0

    @property
    def given_up(self) -> int:
        """Reports that the sender gave up and the target took all the same."""
        uncertain = self.failures.get(FailureClass.TIMEOUT, 0) + self.totals["unfinished"]
        return min(max(0, self.read - self.totals["delivered"]), uncertain)

    @property
    def unexplained(self) -> int:
        """Reports that only one end knows of: neither read, nor hidden, nor given up."""
        return abs(self.totals["delivered"] - self.hidden + self.given_up - self.read)


class _Watched(io.StringIO):
    """The run's log; whoever watches it hears of every entry before the run goes on."""

    def __init__(self, on_entry: OnEntry | None) -> None:
        super().__init__()
        self._on_entry = on_entry

    def write(self, text: str) -> int:
        """Hand the entry on."""
        if self._on_entry is not None:
            self._on_entry(json.loads(text))
        return len(text)


def run_trial(
    load: Load, stage: Stage, enter: Callable[[Stage], OnEntry | None], *, hides: bool, reconcile_url: str | None = None
) -> Accounts:
    """Let the target enter, run the fleet against it, and return the accounts. Raises TargetError where the run is refused."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stack.callback(stage.leave)
        log = _Watched(enter(stage))
        # Counters that never account for everything would be asked for seconds on end.
        stack.enter_context(mock.patch.object(target_counters, "SETTLE_SECONDS", 0.0))
        stack.enter_context(mock.patch.dict(target_counters.scrape.__kwdefaults__ or {}, timeout_seconds=TIMEOUT_SECONDS))
        # How the plan looks is not at issue, and takes a third of a trial in a guest.
        stack.enter_context(mock.patch.object(app, "plan_text", return_value=""))
        exit_code = app.run(load.config(stage.address, reconcile_url), Streams(log, io.StringIO()), Outputs(folder / "result.json"))
        result = json.loads((folder / "result.json").read_text())
    return Accounts(result, stage.receipt(), exit_code, hides)
