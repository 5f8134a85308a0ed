"""On time under pressure, at full size: a herd, a target that stalls, many reports in flight, a full backlog.

Each scenario ends with claims that must hold: the schedule does not slip, the accounts balance, and what is the target's doing
does not look like lateness of the generator. The target is ours (`vsock-loadgen receive`), since it misbehaves on request.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.outcome import Pressed
from bench.placement import place
from bench.processes import BenchError, end, spawn
from bench.running import EXIT_REFUSED, PRODUCT

LAG_LIMIT_SECONDS = 0.05
HERD_AFTER_SECONDS = 4
_READY_SECONDS = 10.0
_SPARE_SECONDS = 60.0
Documents = Sequence[Mapping[str, Any]]
Claim = Callable[[Documents], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressure:
    """A scenario: `sides` times the same fleet against a receiver of its own, all at once. Times are seconds.

    `claims` get the result documents of all sides; the claims that every scenario makes come on top.
    """

    vms: int
    interval: str
    seconds: int
    receiver: Sequence[str] = ()
    sides: int = 1
    request_timeout: int = 10
    claims: Mapping[str, Claim] = field(default_factory=dict)
    herd: bool = False
    """All VMs are due at the same instant, once; then the last of them must be late by the time that all others take."""

    def config(self, target: Path, now: float) -> dict[str, object]:
        """The config document of one side that starts at about `now`, in seconds since the epoch."""
        interval = herd_interval(self.interval, now) if self.herd else self.interval
        keys = {
            "vmCount": self.vms,
            "packages": 10,
            "reportInterval": interval,
            "requestTimeout": f"{self.request_timeout}s",
            "duration": f"{self.seconds}s",
            "target": f"unix://{target}",
            "metricsPort": 0,
            "seed": 1,
        }
        return {"loadgen": keys}


def herd_interval(interval: str, now: float) -> dict[str, object]:
    """The block of an interval of whole seconds at which all VMs report in step, first some HERD_AFTER_SECONDS after `now`."""
    offset = (int(now) + HERD_AFTER_SECONDS) % int(interval.removesuffix("s"))
    return {"buckets": [{"percent": 100, "value": interval, "synchronized": True, "offset": f"{offset}s"}]}


def total(results: Documents, name: str) -> int:
    """One of the counts, over all sides."""
    return sum(result["totals"][name] for result in results)


def most_in_flight(results: Documents) -> int:
    """The most reports under way at the end of any second, over all sides; they run at the same time."""
    return sum(max((row["in_flight"] for row in result["series"]), default=0) for result in results)


def balanced(results: Documents) -> bool:
    """Whether every due report is in exactly one place."""
    return total(results, "due") == sum(
        total(results, name) for name in ("delivered", "failed", "skipped", "unfinished", "in_flight")
    )


PRESSURES: dict[str, Pressure] = {
    "pressure-herd": Pressure(
        vms=10_000,
        interval="60s",
        seconds=10,
        herd=True,
        claims={
            "every VM of the herd delivered": lambda results: total(results, "delivered") == total(results, "due") > 0,
            "the last of the herd left within 1 s": lambda results: worst(results, "lag_seconds", "max") <= 1.0,
        },
    ),
    "pressure-stall": Pressure(
        vms=2_000,
        interval="2s",
        seconds=15,
        receiver=("--stall", "4s+5s"),
        claims={
            "VMs that were still busy skipped": lambda results: total(results, "skipped") > 0,
            "nothing failed": lambda results: total(results, "failed") == 0,
            "the stall shows in the response time": lambda results: worst(results, "response_time_seconds", "p95") > 1.0,
        },
    ),
    "pressure-in-flight": Pressure(
        vms=10_000,
        interval="5s",
        seconds=8,
        receiver=("--close-delay", "8s"),
        sides=2,
        request_timeout=30,
        claims={
            "all VMs were in flight at once": lambda results: (
                most_in_flight(results) == sum(each["plan"]["vm_count"] for each in results)
            ),
            "nothing failed": lambda results: total(results, "failed") == 0,
        },
    ),
    "pressure-backlog": Pressure(
        vms=10_000,
        interval="10s",
        seconds=10,
        receiver=("--refuse-after", "200"),
        request_timeout=3,
        claims={"what the target did not take failed": lambda results: total(results, "failed") > 0},
    ),
}


def worst(results: Documents, clock: str, quantile: str) -> float:
    """The largest of a quantile over the sides, in seconds; infinite where it falls among reports that were not delivered."""
    values = [result[clock][quantile] for result in results]
    return max(float("inf") if value is None else value for value in values)


def press(name: str, scratch: Path, *, quick: bool) -> Pressed:
    """Run one scenario; `quick` with a tenth of the VMs. One whose config this version refuses is skipped."""
    pressure = PRESSURES[name]
    if quick:
        pressure = replace(pressure, vms=pressure.vms // 10)
    targets = [scratch / f"pressure-{side}.sock" for side in range(pressure.sides)]
    configs = [
        _written(scratch / f"pressure-{side}.yaml", pressure.config(target, time.time())) for side, target in enumerate(targets)
    ]
    expected, refusal = planned_reports(configs[0])
    if refusal:
        return Pressed(name, {}, {}, refusal)
    if pressure.herd:
        expected = pressure.vms  # the plan's own count depends on when it is made
    results = _run_sides(pressure, scratch, targets, configs)
    return Pressed(name, facts(results), claims(pressure, results, None if expected is None else expected * pressure.sides))


def claims(pressure: Pressure, results: Documents, expected: int | None) -> dict[str, bool]:
    """Every claim of a scenario and whether it holds; `expected` is how many reports the plan has, where it says so."""
    held = {"the accounts balance": balanced(results)}
    if expected is not None:
        held["due as planned, to the last report"] = total(results, "due") == expected
    if not pressure.herd:
        held["lag p99 within 50 ms"] = worst(results, "lag_seconds", "p99") <= LAG_LIMIT_SECONDS
    return held | {claim: holds(results) for claim, holds in pressure.claims.items()}


def facts(results: Documents) -> dict[str, float | None]:
    """The counts over all sides, and the worst times."""
    counts = {name: float(total(results, name)) for name in ("due", "delivered", "failed", "skipped", "unfinished")}
    times = {f"lag {quantile}": worst(results, "lag_seconds", quantile) for quantile in ("p50", "p99", "max")}
    response = worst(results, "response_time_seconds", "p99")
    return (
        counts
        | {"peak in flight": most_in_flight(results)}
        | times
        | {"response p99": None if response == float("inf") else response}
    )


def planned_reports(config: Path) -> tuple[int | None, str]:
    """How many reports the plan has in the run's duration (None where it does not say), or why the config is refused."""
    done = subprocess.run([PRODUCT, "plan", "-c", config, "--format", "json"], capture_output=True, text=True, check=False)
    if done.returncode == EXIT_REFUSED:
        return None, done.stderr.strip().splitlines()[-1].rpartition("/")[2]
    reports: int | None = json.loads(done.stdout)["forecast"]["reports"]
    return reports, ""


def _written(file: Path, document: dict[str, object]) -> Path:
    file.write_text(json.dumps(document))
    return file


def _run_sides(pressure: Pressure, scratch: Path, targets: Sequence[Path], configs: Sequence[Path]) -> list[dict[str, Any]]:
    everywhere = place("free").sender
    with ExitStack() as stack:
        for side, target in enumerate(targets):
            command: list[str | Path] = [PRODUCT, "receive", f"unix://{target}", *pressure.receiver]
            receiver = spawn(command, everywhere, scratch, f"receiver-{side}")
            stack.callback(end, receiver)
            _await_text(receiver, scratch / f"receiver-{side}.err", "listening on")
        senders = []
        for side, config in enumerate(configs):
            command = [PRODUCT, "run", "-c", config, "--result", scratch / f"pressure-{side}.json"]
            senders.append(spawn(command, everywhere, scratch, f"sender-{side}"))
            stack.callback(end, senders[-1])
        deadline = time.monotonic() + pressure.seconds + pressure.request_timeout + _SPARE_SECONDS
        for sender in senders:
            try:
                sender.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired as error:
                raise BenchError(
                    f"a run did not end within {_SPARE_SECONDS:.0f} s of its time, expected it to end by itself"
                ) from error
    return [json.loads((scratch / f"pressure-{side}.json").read_text()) for side in range(pressure.sides)]


def _await_text(process: subprocess.Popen[bytes], file: Path, text: str) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while text not in file.read_text():
        if process.poll() is not None or time.monotonic() > deadline:
            raise BenchError(f"a receiver did not say {text!r}:\n{file.read_text()}")
        time.sleep(0.01)
