"""One sender, one run: starts a fresh receiver and the sender beside it, and reads the figures off."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.figures import Figures, SenderName
from bench.placement import place
from bench.processes import BenchError, CpuByPid, CpuTime, Watched, cpu_between, watch
from bench.references import References, SinkReceipt, last_json_line, running_sink
from bench.scenarios import Scenario

PRODUCT = Path(sys.executable).with_name("vsock-loadgen")
EXIT_REFUSED = 2
_EXITS_WITH_RESULT = frozenset(
    {0, 3, 4}
)  # a missed threshold, or a generator that is saturated on purpose, has figures all the same
_SPARE_SECONDS = 90.0
_SETTLE_SECONDS = 1.0
_FLOOR_SECONDS = 3.0


class RefusedError(BenchError):
    """The product refused the config: the scenario needs what this version does not have."""


@dataclass(slots=True)
class Runner:
    """Runs scenarios with what was built; everything that they leave lies in `scratch`, a private directory."""

    references: References
    scratch: Path
    _report_bytes: dict[str, int] = field(default_factory=dict)

    def run(self, scenario: Scenario, sender: SenderName) -> Figures:
        """One run of one sender. Raises BenchError where it gives no figures, RefusedError where ours does not take the config."""
        if scenario.kind == "plan":
            return self._plan(scenario)
        placement = place(scenario.pairing)
        path = self.scratch / "sink.sock"
        command = self._ours(scenario, path) if sender == "ours" else self._reference(scenario, sender, path)
        with running_sink(self.references, path, placement.sink) as sink:
            watched = watch(
                command,
                placement.sender,
                self.scratch,
                longest_seconds=scenario.seconds + _SPARE_SECONDS,
                pss_every_seconds=scenario.pss_every_seconds,
            )
            receipt = sink.stop()
        if sender != "ours":
            return reference_figures(watched, receipt)
        check_exit(watched)
        return our_figures(json.loads((self.scratch / "result.json").read_text()), watched, receipt, scenario)

    def _config(self, scenario: Scenario, path: Path) -> Path:
        file = self.scratch / "config.yaml"
        file.write_text(json.dumps(scenario.config(f"unix://{path}", free_port())))  # JSON is YAML
        return file

    def _ours(self, scenario: Scenario, path: Path) -> list[str | Path]:
        samples: list[str | Path] = ["--samples", self.scratch / "samples.csv.gz"] if scenario.samples else []
        return [PRODUCT, "run", "--config", self._config(scenario, path), "--result", self.scratch / "result.json", *samples]

    def _reference(self, scenario: Scenario, sender: SenderName, path: Path) -> list[str | Path]:
        size = str(self._size(scenario, path))
        if sender == "floor":
            seconds = str(min(scenario.seconds, _FLOOR_SECONDS))
            return [self.references.floor, path, size, seconds, scenario.delivery, str(scenario.ns_between_reports)]
        assert self.references.gosender is not None
        flags = {
            "vms": scenario.vms,
            "report-bytes": size,
            "interval": f"{scenario.interval_us}us",
            "duration": f"{scenario.seconds}s",
        }
        return [
            self.references.gosender,
            "-unix",
            path,
            *(part for flag, value in flags.items() for part in (f"-{flag}", str(value))),
        ]

    def _size(self, scenario: Scenario, path: Path) -> int:
        """The mean size of a report of ours in bytes, for references that send the same."""
        if scenario.name not in self._report_bytes:
            command: list[str | Path] = [PRODUCT, "plan", "--config", self._config(scenario, path), "--format", "json"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode == EXIT_REFUSED:
                raise RefusedError(done.stderr.strip())
            forecast = json.loads(done.stdout)["forecast"]
            self._report_bytes[scenario.name] = round(forecast["bytes_per_second"] / forecast["reports_per_second"])
        return self._report_bytes[scenario.name]

    def _plan(self, scenario: Scenario) -> Figures:
        command: list[str | Path] = [PRODUCT, "plan", "--config", self._config(scenario, self.scratch / "nobody.sock")]
        watched = watch(
            command,
            place("free").sender,
            self.scratch,
            longest_seconds=_SPARE_SECONDS,
            pss_every_seconds=scenario.pss_every_seconds,
        )
        check_exit(watched)
        return Figures(
            reports_per_second=0,
            cpu_us_per_report=0,
            user_us_per_report=0,
            sink_us_per_report=0,
            sink_share=0,
            others_share=others_share(watched, 0.0),
            pss_bytes=watched.peak_rss_bytes,
            wall_seconds=watched.wall_seconds,
        )


def free_port() -> int:
    """A TCP port of this machine that nobody listens on just now, for the metrics endpoint."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def check_exit(watched: Watched) -> None:
    """Raise RefusedError or BenchError where ours ended without a result."""
    if watched.exit_code == EXIT_REFUSED:
        raise RefusedError(watched.messages.strip().splitlines()[-1])
    if watched.exit_code not in _EXITS_WITH_RESULT:
        raise BenchError(f"ours ended with exit code {watched.exit_code}, expected 0, 3 or 4:\n{watched.messages[-2000:]}")


def others_share(watched: Watched, sink_seconds: float) -> float:
    """The share of the machine that neither the sender nor the receiver used, over the sender's life."""
    return others_share_of(watched.machine_busy_seconds - watched.cpu.total - sink_seconds, watched.wall_seconds)


def others_share_of(busy_seconds: float, wall_seconds: float) -> float:
    """The share of the machine that so much processor time is, over so long."""
    return max(0.0, busy_seconds / (wall_seconds * (os.cpu_count() or 1)))


def first_report_seconds(watched: Watched, receipt: SinkReceipt) -> float | None:
    """From the start of the command to the first byte at the receiver."""
    return (receipt.first_byte_ns - watched.spawned_ns) / 1e9 if receipt.first_byte_ns else None


def reference_figures(watched: Watched, receipt: SinkReceipt) -> Figures:
    """The figures of a reference: it measures itself, over its send loop."""
    if watched.exit_code != 0:
        raise BenchError(f"a reference ended with exit code {watched.exit_code}:\n{watched.messages[-2000:]}")
    said = last_json_line(watched.output)
    reports, elapsed, user = said["reports"], said["elapsed_seconds"], said["user_seconds"]
    cpu = user + said["system_seconds"]
    lag = said.get("lag_seconds", {})
    return Figures(
        reports_per_second=reports / elapsed,
        cpu_us_per_report=cpu / reports * 1e6,
        user_us_per_report=user / reports * 1e6,
        sink_us_per_report=receipt.cpu_seconds / max(receipt.connections, 1) * 1e6,
        busiest_share=cpu / elapsed,
        sink_share=receipt.cpu_seconds / elapsed,
        others_share=others_share(watched, receipt.cpu_seconds),
        lag_p50=lag.get("p50"),
        lag_p99=lag.get("p99"),
        lag_max=lag.get("max"),
        pss_bytes=watched.peak_pss_bytes,
        first_report_seconds=first_report_seconds(watched, receipt),
        not_delivered=said.get("failed", 0),
    )


@dataclass(frozen=True, slots=True)
class Window:
    """Whole seconds of the wall clock in which a run of ours was in full swing, and what its processes used in them."""

    first: int
    end: int
    cpu: Mapping[int, CpuTime]

    @property
    def seconds(self) -> int:
        """Its length."""
        return self.end - self.first


def window_of(started: float, seconds: float, cpu_at: Mapping[int, CpuByPid]) -> Window:
    """The window of a schedule that began at `started` (wall clock) and lasted `seconds`.

    It leaves out the first second, in which pages are touched for the first time, and the end, after which nothing is due.
    Raises BenchError where less than a second is left.
    """
    inside = [second for second in cpu_at if started + _SETTLE_SECONDS <= second <= started + seconds]
    if len(inside) < 2:
        raise BenchError(f"found {len(inside)} samples of processor time during the run, expected at least 2")
    first, last = min(inside), max(inside)
    return Window(first, last, cpu_between(cpu_at[first], cpu_at[last]))


def our_figures(result: Mapping[str, Any], watched: Watched, receipt: SinkReceipt, scenario: Scenario) -> Figures:
    """The figures of ours: reports from the result's rows, processor time of all its processes, both over the same whole seconds.

    Of a run that was saturated on purpose the lag is left out: it only says for how long it was.
    """
    started = datetime.fromisoformat(result["started_at"]).timestamp()
    window = window_of(started, scenario.seconds, watched.cpu_at)
    delivered = sum(row["delivered"] for row in result["series"] if window.first <= row["t"] < window.end)
    if not delivered:
        raise BenchError("found no delivered report in the measuring window, expected some")
    user = sum(used.user for used in window.cpu.values())
    total = sum(used.total for used in window.cpu.values())
    lag = {} if scenario.saturated else result["lag_seconds"]
    totals = result["totals"]
    sink_us = receipt.cpu_seconds / max(receipt.connections, 1) * 1e6
    return Figures(
        reports_per_second=delivered / window.seconds,
        cpu_us_per_report=total / delivered * 1e6,
        user_us_per_report=user / delivered * 1e6,
        sink_us_per_report=sink_us,
        busiest_share=max(used.total for used in window.cpu.values()) / window.seconds,
        sink_share=sink_us * delivered / window.seconds / 1e6,
        others_share=others_share(watched, receipt.cpu_seconds),
        lag_p50=lag.get("p50"),
        lag_p99=lag.get("p99"),
        lag_max=lag.get("max"),
        pss_bytes=watched.peak_pss_bytes,
        first_report_seconds=first_report_seconds(watched, receipt),
        processes=len(window.cpu),
        not_delivered=totals["failed"] + (0 if scenario.saturated else totals["skipped"] + totals["unfinished"]),
    )
