"""What each kind of fault does to the receivers and the metrics port of a run, and how it is taken back."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass

from soak.faults import Fault
from soak.receivers import Receivers
from soak.visitors import Visitors

_READ_RATE = "300000"
_LATE = "1s"
_RESET_AFTER_BYTES = "100000"
_LARGEST_BYTES = "600000"
_TINY_BACKLOG = "16"
_HANDLING_MS = 100
_HANDLER_WAIT = "500ms"
_GATHER_SECONDS = 0.5
_READ_ON_SECONDS = 0.05

Wait = Callable[[float], object]
"""Waits so many seconds, or less where the soak is broken off."""


@dataclass(frozen=True, slots=True)
class Injector:
    """Puts faults in and takes them back: after `inject` a well-behaved receiver stands and has caught up."""

    receivers: Receivers
    visitors: Visitors
    reports_per_second: float
    wait: Wait

    def inject(self, fault: Fault) -> None:
        """One fault from its beginning to its end."""
        receivers = self.receivers
        match fault.kind:
            case "restart":
                receivers.end(receivers.standing)
                self.wait(fault.seconds)
                receivers.start_again()
            case "kill":
                self._kill(fault.seconds)
            case "stall":
                self._stop_and_go_on(fault.seconds)
            case "backlog":
                receivers.take_over("--backlog", _TINY_BACKLOG, mortal=True)
                self._stop_and_go_on(fault.seconds)
                receivers.take_over()
            case "crowd":
                self.visitors.crowd(fault.seconds, self.wait)
            case "slow":
                self._misbehave(fault.seconds, "--read-rate", _READ_RATE)
            case "late":
                self._misbehave(fault.seconds, "--close-delay", _LATE)
            case "reset":
                self._misbehave(fault.seconds, "--close-after", _RESET_AFTER_BYTES, "--reset")
            case "size":
                self._misbehave(fault.seconds, "--max-bytes", _LARGEST_BYTES)
            case "limit":
                handlers = max(1, round(self.reports_per_second / 2 * _HANDLING_MS / 1000))
                limit = ("--max-connections", str(handlers), "--handler-wait", _HANDLER_WAIT)
                self._misbehave(fault.seconds, *limit, "--close-delay", f"{_HANDLING_MS}ms")
        receivers.settle(receivers.standing)

    def _misbehave(self, seconds: float, *options: str) -> None:
        self.receivers.take_over(*options)
        self.wait(seconds)
        self.receivers.take_over()

    def _stop_and_go_on(self, seconds: float) -> None:
        """Stop the receiver for some seconds."""
        self.receivers.standing.send(signal.SIGSTOP)
        try:
            self.wait(seconds)
        finally:
            self.receivers.standing.send(signal.SIGCONT)

    def _kill(self, seconds: float) -> None:
        """Kill a receiver that has reports half read and others in its backlog; another one starts later."""
        mortal = self.receivers.take_over(mortal=True)
        self.wait(seconds / 2)
        self._stop_and_go_on(_GATHER_SECONDS)
        self.wait(_READ_ON_SECONDS)
        self.receivers.end(mortal, signal.SIGUSR1)
        self.wait(seconds / 2)
        self.receivers.start_again()
