"""The askers of a soak, one after the other, and the sum of what they counted: each is `vsock-loadgen scrape`."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench.running import PRODUCT

from soak.faults import Fault
from soak.injecting import Wait
from soak.receivers import CONFIG, Counted, SoakError
from soak.visitors import Visitors

VM_TIMEOUT = "2s"
"""An asker's patience for one VM: a tick waits for the slowest, and some agents say nothing."""
_OPTIONS = {
    "slow": ("--read-rate", "300000"),
    "reset": ("--break-off-after", "100000"),
    "deaf": ("--stop-reading-after", "100000"),
    "twice": ("--ask-twice",),
    "rubbish": ("--rubbish", "50"),
    "open": ("--never-close",),
    "nack": ("--nack", "50"),
    "hasty": ("--vm-timeout", "20ms"),
}
_READY_SECONDS, _END_SECONDS, _LOOK_SECONDS = 30.0, 60.0, 0.02
_NICENESS = "5"  # an asker stands for another machine: it must not take the processor from the generator


@dataclass(slots=True)
class Askers:
    """Starts askers in a private folder and keeps their books."""

    folder: Path
    url: str
    counted: Counted = field(default_factory=Counted)
    _number: int = 0
    _running: list[tuple[subprocess.Popen[bytes], Path]] = field(default_factory=list)

    @property
    def pid(self) -> int:
        """The process that asks; 0 where nobody does."""
        return self._running[-1][0].pid if self._running else 0

    def start(self, *options: str) -> None:
        """Let another one ask."""
        self._number += 1
        stem = self.folder / f"asker-{self._number}"
        output = stem.with_suffix(".out")
        command: list[str | Path] = [
            PRODUCT,
            "scrape",
            self.url,
            "--config",
            self.folder / CONFIG,
            "--vm-timeout",
            VM_TIMEOUT,
            *options,
        ]
        with output.open("wb") as out, stem.with_suffix(".err").open("wb") as err:
            process = subprocess.Popen(
                ["nice", "-n", _NICENESS, *command, "--duration", "0", "--format", "json"],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        self._running.append((process, output))
        deadline = time.monotonic() + _READY_SECONDS
        while "asking" not in (said := stem.with_suffix(".err").read_text()):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SoakError(f"an asker said {said[-500:]!r}, expected 'asking'")
            time.sleep(_LOOK_SECONDS)

    def end_all(self) -> Counted:
        """End whoever asks, and add what was counted; the sum so far. Raises SoakError."""
        for process, output in self._running:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(_END_SECONDS)
                said = json.loads(output.read_text())
            except (subprocess.TimeoutExpired, ValueError) as error:
                raise SoakError(f"an asker left no count: {output.with_suffix('.err').read_text()[-500:]!r}") from error
            failures = said["failures"]
            self.counted += Counted(said["reports"], said["askings"], 1, failures.get("timeout", 0), failures.get("dial_error", 0))
        self._running.clear()
        return self.counted

    def kill_all(self) -> None:
        """Leave nothing running, whatever happened."""
        for process, _ in self._running:
            if process.poll() is None:
                process.kill()
            process.wait()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to whoever asks."""
        self._running[-1][0].send_signal(number)


@dataclass(frozen=True, slots=True)
class AskerInjector:
    """Puts faults in and takes them back: after `inject` a well-behaved asker asks."""

    askers: Askers
    visitors: Visitors
    wait: Wait

    def inject(self, fault: Fault) -> None:
        """One fault from its beginning to its end."""
        askers = self.askers
        match fault.kind:
            case "crowd":
                self.visitors.crowd(fault.seconds, self.wait)
            case "stall":
                askers.send(signal.SIGSTOP)
                try:
                    self.wait(fault.seconds)
                finally:
                    askers.send(signal.SIGCONT)
            case kind:
                askers.end_all()
                if kind in _OPTIONS:
                    askers.start(*_OPTIONS[kind])
                self.wait(fault.seconds)
                if kind in _OPTIONS:
                    askers.end_all()
                askers.start()
