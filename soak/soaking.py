"""One soak from its beginning to its end: the run, its receivers, the faults, the samples."""

from __future__ import annotations

import http.client
import json
import math
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.processes import end, tree
from bench.running import free_port
from ruamel.yaml import YAML

from soak.evidence import Evidence, Injected
from soak.faults import Fault, schedule
from soak.receivers import CONFIG, SoakError
from soak.samples import Sampler, read_samples, roles
from soak.sides import Asked, Called, Puts, Side
from soak.visitors import Visitors, fetch, totals_of
from vsock_loadgen.config.load import load
from vsock_loadgen.plan.fleet import build_fleet
from vsock_loadgen.plan.schedule import schedule_of
from vsock_loadgen.units import SECOND, format_duration

_WARM_UP_SHARE, _LONGEST_WARM_UP_SECONDS = 1 / 3, 600.0
_FAULTS_SHARE, _FIRST_FAULT_SECONDS = 1 / 5, 60.0
_CALM_SHARE, _LONGEST_CALM_SECONDS = 1 / 200, 2.0
_SAMPLE_SHARE, _LONGEST_SAMPLE_SECONDS = 1 / 100, 2.0
_PROGRESS_SECONDS = 60.0
_PATIENCE_SECONDS = 120.0
_LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Settings:
    """What to soak: a fleet of `vm_count` VMs with the distributions of the example, its intervals divided by `time_scale`.

    `is_asked` is whether the fleet is asked for its reports instead of sending them. `folder` gets everything that the soak writes,
    `say` the lines of its progress.
    """

    vm_count: int
    duration_ns: int
    seed: int
    folder: Path
    time_scale: float = 1.0
    is_asked: bool = False
    say: Callable[[str], None] = print

    @property
    def seconds(self) -> float:
        """How long the schedule goes on."""
        return self.duration_ns / SECOND

    @property
    def warm_up_seconds(self) -> float:
        """Until when memory and descriptors are not judged: a third of the soak, at most ten minutes. By then caches are full."""
        return min(_LONGEST_WARM_UP_SECONDS, self.seconds * _WARM_UP_SHARE)

    @property
    def faultless_seconds(self) -> float:
        """Until when no fault is put in: a fifth of the soak, at most a minute."""
        return min(_FIRST_FAULT_SECONDS, self.seconds * _FAULTS_SHARE)

    def config(self, side: Side, port: int) -> dict[str, Any]:
        """The run's config document."""
        document: dict[str, Any] = YAML(typ="safe").load(side.example.read_text())
        document["loadgen"] |= {
            "vmCount": self.vm_count,
            "seed": self.seed,
            "timeScale": self.time_scale,
            "duration": format_duration(self.duration_ns),
            "metricsPort": port,
            "metricsAddress": "127.0.0.1",
            "logFormat": "json",
            "afterRun": "wait",
            **side.keys(),
        }
        return document


def planned_reports(config: Path) -> int:
    """How many instants the plan of a config file has before its end, counted one by one."""
    loaded = load(config, environment={}).config
    plan = schedule_of(build_fleet(loaded), range(loaded.vm_count), seed=loaded.seed, time_scale=loaded.time_scale)
    advance = plan.advance(0)
    return sum(sum(1 for _ in plan.instants(position, loaded.duration_ns, advance)) for position in range(loaded.vm_count))


class Soak:
    """Runs once; `run` returns what is to be judged. Ctrl-C or SIGTERM ends it early, with what there is until then."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = settings.folder
        self._side: Side = (Asked if settings.is_asked else Called)(settings.folder)
        self._result = settings.folder / "result.json"
        self._log = settings.folder / "run.log"
        self._broken_off = threading.Event()
        self._injected: list[Injected] = []
        self._fault_is_on = False
        self._calm_at = 0.0
        self._zero = 0.0
        self._port = free_port()

    def run(self) -> Evidence:
        """The whole soak. Raises SoakError where it could not go on."""
        settings = self._settings
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for old in (self._result, *self._folder.glob("receiver-*"), *self._folder.glob("asker-*")):
            old.unlink(missing_ok=True)
        config = self._folder / CONFIG
        config.write_text(json.dumps(settings.config(self._side, self._port), indent=1))
        with ExitStack() as stack:
            self._take_signals(stack)
            planned = self._side.due(planned_reports(config), settings.vm_count)
            settings.say(f"{settings.vm_count:,} VMs, {planned:,} reports in {settings.seconds:g} s, seed {settings.seed}")
            stack.callback(self._side.kill_all)
            self._side.stand()
            run = self._start_run(config)
            stack.callback(end, run)
            self._await_schedule(run)
            self._side.begin()
            pids = roles(run.pid)
            with self._sampler(pids), Visitors(self._port) as visitors:
                self._inject(run, visitors, planned / settings.seconds)
                self._await_end(run)
            scraped = self._last_scrape(run)
            run.send_signal(signal.SIGTERM)
            exit_code = run.wait(_PATIENCE_SECONDS)
            counted = self._side.end_all()
        return Evidence(
            vm_count=settings.vm_count,
            seconds=settings.seconds,
            warm_up_seconds=settings.warm_up_seconds,
            seed=settings.seed,
            interrupted=self._broken_off.is_set(),
            result=json.loads(self._result.read_text()),
            scraped=scraped,
            planned=planned,
            counted=counted,
            exit_code=exit_code,
            log=self._log.read_text(),
            left_behind=self._left_behind(pids.values()),
            injected=self._injected,
            samples=list(read_samples(self._folder / "samples.csv")),
            visits=visitors.visits,
        )

    def _take_signals(self, stack: ExitStack) -> None:
        """The first signal breaks the soak off in order, the second one at once."""

        def break_off(number: int, _: object) -> None:
            if self._broken_off.is_set():
                raise SoakError(f"broken off by a second {signal.Signals(number).name}")
            self._broken_off.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            stack.callback(signal.signal, number, signal.signal(number, break_off))

    def _start_run(self, config: Path) -> subprocess.Popen[bytes]:
        command = [*self._side.command(config), "--result", self._result]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("LOADGEN_") and key != "NODE_NAME"}
        with (self._folder / "run.out").open("wb") as out, self._log.open("wb") as log:
            # A session of its own: Ctrl-C in the terminal is for the soak alone.
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=log, start_new_session=True, env=environment
            )

    def _await_schedule(self, run: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not self._is_ready():
            self._check_alive(run)
            if time.monotonic() > deadline:
                raise SoakError(f"the run's schedule did not start within {_PATIENCE_SECONDS:.0f} s, expected it to")
            time.sleep(_LOOK_SECONDS)
        self._zero = time.monotonic()

    def _is_ready(self) -> bool:
        try:
            return bool(fetch(self._port, "/readyz"))
        except (OSError, http.client.HTTPException):
            return False

    def _check_alive(self, run: subprocess.Popen[bytes]) -> None:
        if run.poll() is not None:
            raise SoakError(
                f"the run ended with exit code {run.returncode}, expected it to go on:\n{self._log.read_text()[-2000:]}"
            )

    def _sampler(self, pids: dict[str, int]) -> Sampler:
        return Sampler(
            self._folder / "samples.csv",
            pids,
            self._side.pid,
            lambda: not self._fault_is_on and time.monotonic() > self._calm_at,
            self._result,
            every_seconds=min(_LONGEST_SAMPLE_SECONDS, self._settings.seconds * _SAMPLE_SHARE),
            zero=self._zero,
        )

    def _now(self) -> float:
        return time.monotonic() - self._zero

    def _inject(self, run: subprocess.Popen[bytes], visitors: Visitors, reports_per_second: float) -> None:
        """Put in every fault at its moment; one that is still on at the moment of the next delays that, maybe beyond the end."""
        settings = self._settings
        injector = self._side.injector(visitors, reports_per_second, self._broken_off.wait)
        with (self._folder / "faults.csv").open("w", buffering=1) as table:
            table.write("planned_seconds,kind,seconds,began_seconds,ended_seconds\n")
            for fault in schedule(settings.seed, settings.seconds, settings.faultless_seconds, self._side.kinds):
                self._wait_until(fault.at_seconds, run)
                if self._broken_off.is_set() or self._now() + fault.seconds > settings.seconds:
                    return
                injected = self._inject_one(injector, fault)
                self._injected.append(injected)
                began, ended = injected.began_seconds, injected.ended_seconds
                table.write(f"{fault.at_seconds},{fault.kind},{fault.seconds},{began:.2f},{ended:.2f}\n")
                settings.say(f"{began:8.1f} s  {fault.kind} for {fault.seconds:.1f} s, over and caught up at {ended:.1f} s")

    def _inject_one(self, injector: Puts, fault: Fault) -> Injected:
        began, self._fault_is_on = self._now(), True
        try:
            injector.inject(fault)
        finally:
            self._calm_at = time.monotonic() + min(_LONGEST_CALM_SECONDS, self._settings.seconds * _CALM_SHARE)
            self._fault_is_on = False
        return Injected(fault, began, self._now())

    def _wait_until(self, seconds: float, run: subprocess.Popen[bytes]) -> None:
        """Wait for a moment of the soak, with a word about the run now and then."""
        while (left := seconds - self._now()) > 0 and not self._broken_off.is_set():
            until_word = _PROGRESS_SECONDS - math.fmod(self._now(), _PROGRESS_SECONDS)
            self._broken_off.wait(min(left, until_word))
            self._check_alive(run)
            if until_word < left:
                self._report()

    def _report(self) -> None:
        try:
            totals = totals_of(fetch(self._port, "/metrics"))
        except (OSError, http.client.HTTPException) as error:
            self._settings.say(f"{self._now():8.1f} s  no metrics: {error}")
            return
        figures = ", ".join(f"{name} {totals[name]:,}" for name in ("due", "delivered", "failed", "skipped") if name in totals)
        self._settings.say(f"{self._now():8.1f} s  {figures}")

    def _await_end(self, run: subprocess.Popen[bytes]) -> None:
        """Wait until the run has ended by itself and its last figures stand, unless the soak is broken off."""
        self._wait_until(self._settings.seconds, run)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not self._broken_off.is_set() and not self._has_ended():
            self._check_alive(run)
            if time.monotonic() > deadline:
                raise SoakError(f"the run did not end within {_PATIENCE_SECONDS:.0f} s of its duration")
            self._broken_off.wait(_LOOK_SECONDS)

    def _has_ended(self) -> bool:
        """Whether the run has written its result: its last line in the log says so."""
        with self._log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - 1000))
            return b'"event": "waiting"' in log.read()

    def _last_scrape(self, run: subprocess.Popen[bytes]) -> dict[str, int] | None:
        return None if self._broken_off.is_set() or run.poll() is not None else totals_of(fetch(self._port, "/metrics"))

    def _left_behind(self, pids: Iterable[int]) -> list[str]:
        """Processes of the run that still live, and files of it that are neither its result nor its log."""
        processes = [f"process {pid}" for pid in pids if Path(f"/proc/{pid}").exists()]
        files = [file.name for pattern in (".result.json.*", "receiver-*.sock") for file in self._folder.glob(pattern)]
        return processes + files + [f"process {pid}" for pid in tree(os.getpid())[1:]]
