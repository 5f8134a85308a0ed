"""A fleet that is asked, beside a bare server of the same library: what an answer costs, and what waits costs memory.

Server and asker are processes of their own, on a processor each. Processor time is what the server's tree used while it was asked.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.figures import Figures, SenderName
from bench.placement import place
from bench.processes import BenchError, cpu_of, end, machine_busy_seconds, pss_of, spawn, tree
from bench.running import PRODUCT, others_share_of
from bench.scenarios import Scenario

_READY_SECONDS, _SETTLE_SECONDS, _SPARE_SECONDS, _LOOK_SECONDS = 30.0, 0.5, 60.0, 0.2
_CAPACITY_SECONDS = 3.0
_LISTENING = re.compile(r"listening on (?:https?://[0-9.]+:)?([0-9]+)")


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers on a port of 127.0.0.1."""

    process: subprocess.Popen[bytes]
    port: int

    def cpu_seconds(self) -> tuple[float, float]:
        """User and system time of all its processes so far."""
        used = cpu_of(tree(self.process.pid)).values()
        return sum(each.user for each in used), sum(each.system for each in used)

    def memory_bytes(self) -> int:
        """PSS of all its processes."""
        return pss_of(tree(self.process.pid))


def run(scenario: Scenario, sender: SenderName, scratch: Path) -> Figures:
    """One server, asked once as the scenario says. Raises BenchError."""
    asking = dict(scenario.asking)
    if scenario.half:
        asking |= {"rate": _asked(scenario, sender, scratch, {"seconds": _CAPACITY_SECONDS}).reports_per_second / 2}
    figures = _asked(scenario, sender, scratch, asking)
    if sender != "ours":
        return figures
    return figures.with_lag(json.loads((scratch / "asked.json").read_text())["lag_seconds"])


def _asked(scenario: Scenario, sender: SenderName, scratch: Path, asking: Mapping[str, object]) -> Figures:
    with ExitStack() as stack:
        server = _start(stack, scenario, sender, scratch)
        time.sleep(_SETTLE_SECONDS)
        return _ask(stack, server, scenario, scratch, asking)


def _start(stack: ExitStack, scenario: Scenario, sender: SenderName, scratch: Path) -> Server:
    pair = _certificate(scratch) if scenario.is_tls else None
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "bench.reference.bare",
        str(scenario.packages),
        *([pair, pair] if pair else []),
    ]
    if sender == "ours":
        config = scratch / "asked.yaml"
        config.write_text(json.dumps(scenario.config("unix:///nowhere", 0)))
        command = [PRODUCT, "serve", "--config", config, "--no-live", "--no-verdict", "--result", scratch / "asked.json"]
        command += ["--listen", f"http{'s' if pair else ''}://127.0.0.1:0"]
        command += ["--tls-cert", pair, "--tls-key", pair, "--client-ca", pair] if pair else []
    process = spawn(command, place(scenario.pairing).sender, scratch, "server")
    stack.callback(end, process)
    deadline = time.monotonic() + _READY_SECONDS
    while not (found := _LISTENING.search(said := "".join((scratch / f"server.{kind}").read_text() for kind in ("out", "err")))):
        if process.poll() is not None or time.monotonic() > deadline:
            raise BenchError(f"a server did not say where it listens:\n{said[-2000:]}")
        time.sleep(_LOOK_SECONDS / 10)
    return Server(process, int(found[1]))


def _ask(stack: ExitStack, server: Server, scenario: Scenario, scratch: Path, asking: Mapping[str, object]) -> Figures:
    """What an asker with this order found, and what the server used meanwhile."""
    order: dict[str, Any] = {"port": server.port, "vms": scenario.vms, "seconds": scenario.seconds, **asking}
    if scenario.is_tls:
        order |= {"certificate": str(_certificate(scratch)), "ca": str(_certificate(scratch))}
    user, system = server.cpu_seconds()
    memory, peak = server.memory_bytes(), 0
    busy, began = machine_busy_seconds(), time.monotonic()
    command = [sys.executable, "-m", "bench.reference.asker", json.dumps(order)]
    asker = spawn(command, place(scenario.pairing).sink, scratch, "asker")
    stack.callback(end, asker)
    while asker.poll() is None:
        peak = max(peak, server.memory_bytes())
        if time.monotonic() - began > order["seconds"] + _SPARE_SECONDS:
            raise BenchError("an asker did not end by itself, expected it to")
        time.sleep(_LOOK_SECONDS)
    if asker.returncode:
        raise BenchError(f"an asker ended with exit code {asker.returncode}:\n{(scratch / 'asker.err').read_text()[-2000:]}")
    done = json.loads((scratch / "asker.out").read_text().splitlines()[-1])
    after_user, after_system = server.cpu_seconds()
    user, system = after_user - user, after_system - system
    elapsed, answers = done["elapsed_seconds"], max(1, done["whole"])
    used = user + system
    return Figures(
        reports_per_second=done["whole"] / elapsed,
        cpu_us_per_report=used / answers * 1e6,
        user_us_per_report=user / answers * 1e6,
        sink_us_per_report=done["cpu_seconds"] / answers * 1e6,
        busiest_share=used / elapsed,
        sink_share=done["cpu_seconds"] / elapsed,
        others_share=others_share_of(machine_busy_seconds() - busy - used - done["cpu_seconds"], elapsed),
        pss_bytes=peak,
        added_bytes=peak - memory,
        probe_seconds=done["longest_probe_seconds"],
        processes=len(tree(server.process.pid)),
        not_delivered=done["broken"],
    )


def _certificate(scratch: Path) -> Path:
    """A certificate of 127.0.0.1 that signs itself, with its key (P-256): good for both ends."""
    both = scratch / "both.pem"
    if not both.exists():
        command: list[str | Path] = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        command += ["-days", "2", "-keyout", scratch / "key.pem", "-out", scratch / "cert.pem", "-subj", "/CN=bench"]
        command += ["-addext", "subjectAltName=IP:127.0.0.1"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchError(f"openssl made no certificate, expected one:\n{done.stderr[-2000:]}")
        both.write_text((scratch / "key.pem").read_text() + (scratch / "cert.pem").read_text())
    return both
