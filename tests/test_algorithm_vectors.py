"""The algorithm keeps its test vectors, in this code and in the port that `docs/plan-appendices/algorithm.md` shows.

The vectors are for a port in another language too: each says what is given, a fleet as its config, and what comes of it. Nothing
writes them anew: an algorithm that gives others breaks every port, and every user's plan.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import pytest

from command import PROJECT
from vsock_loadgen.config.load import load
from vsock_loadgen.distributions.apportion import apportion
from vsock_loadgen.payloads.reports import PackageSets, ReportFactory
from vsock_loadgen.plan.fleet import build_fleet
from vsock_loadgen.plan.schedule import schedule_of
from vsock_loadgen.plan.slices import split_fleet
from vsock_loadgen.plan.streams import jitter_start, jittered_step, report_bits, uniforms
from vsock_loadgen.units import parse_duration

PAGE = PROJECT / "docs" / "plan-appendices" / "algorithm.md"
VECTORS = json.loads((PROJECT / "tests" / "golden" / "algorithm-vectors.json").read_text(encoding="utf-8"))
ReportFormat = Literal["indexReport", "vmReport"]
Row = dict[str, object]


class Code:
    """What the vectors ask for, computed by this project."""

    def apportion(self, total: int, percents: list[str]) -> list[int]:
        return list(apportion(total, [Fraction(percent) for percent in percents]))

    def uniforms(self, seed: int, name: str, at: list[int]) -> list[float]:
        numbers = uniforms(seed, name, max(at) + 1)
        return [numbers[index] for index in at]

    def jitter(self, seed: int, vm: int, report: int, interval_ns: int, jitter: list[int]) -> Row:
        step_ns = jittered_step(seed, Fraction(*jitter))(vm, report, interval_ns)
        return {"bits": report_bits(jitter_start(seed), vm, report), "step_ns": step_ns}

    def fleet(self, config: dict[str, Any], vms: list[int]) -> Row:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "fleet.yaml"
            path.write_text(json.dumps({"loadgen": config}))
            loaded = load(path, environment={}).config
        fleet = build_fleet(loaded)
        advance = schedule_of(fleet, vms, seed=loaded.seed, time_scale=Fraction(1)).advance(0)
        rows = [
            [fleet.packages.values[vm], fleet.report_interval.values[vm], [advance(position) for _ in range(3)]]
            for position, vm in enumerate(vms)
        ]
        return {"digest": fleet.digest(), "rows": rows}

    def nodes(self, vms: int, nodes: int, workers: int) -> list[list[object]]:
        return [
            [node.first_vm, node.vms, node.first_cid, [list(node.for_worker(worker, workers)) for worker in range(workers)]]
            for node in split_fleet(vms, nodes)
        ]

    def report(
        self, seed: int, vm: int, cid: int, packages: int, largest: int, report_format: ReportFormat, package_sets: PackageSets
    ) -> Row:
        factory = ReportFactory.build(largest=largest, report_format=report_format, package_sets=package_sets, seed=seed)
        return fingerprint(b"".join(factory.buffers(vm, cid, packages)))


class Port:
    """The same by the blocks of the page that are marked as the port, run together as a developer elsewhere would use them."""

    def __init__(self) -> None:
        self._names: dict[str, Callable[..., Any]] = {}
        for block in re.findall(r"^```python port\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
            exec(compile(block, str(PAGE), "exec"), self._names)  # noqa: S102 (the code that the page shows is what is tested)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return self._names[name]

    def uniforms(self, seed: int, name: str, at: list[int]) -> list[float]:
        numbers = self._names["uniforms"](seed, name, max(at) + 1)
        return [numbers[index] for index in at]

    def jitter(self, seed: int, vm: int, report: int, interval_ns: int, jitter: list[int]) -> Row:
        return {"bits": self.report_bits(seed, vm, report), "step_ns": self.step(seed, vm, report, interval_ns, jitter)}

    def fleet(self, config: dict[str, Any], vms: list[int]) -> Row:
        seed = config["seed"]
        packages, intervals = form_of(config["packages"], int), form_of(config["reportInterval"], parse_duration)
        fleet, digest = self._names["fleet"](packages, intervals, config["vmCount"], seed)
        rows = [
            [packages, interval_ns, self.due_times(seed, vm, interval_ns, phase_ns, 3)]
            for vm, (packages, interval_ns, phase_ns) in ((vm, fleet[vm]) for vm in vms)
        ]
        return {"digest": digest, "rows": rows}

    def nodes(self, vms: int, nodes: int, workers: int) -> list[list[object]]:
        return [
            [first_vm, count, cid, [list(self.of_worker(first_vm, count, worker, workers)) for worker in range(workers)]]
            for first_vm, count, cid in self.slices(vms, nodes)
        ]

    def report(
        self, seed: int, vm: int, cid: int, packages: int, largest: int, report_format: ReportFormat, package_sets: PackageSets
    ) -> Row:
        """The page has no catalogue, so the ring is this project's."""
        ring = ReportFactory.build(largest=largest, report_format=report_format, package_sets=package_sets, seed=seed).ring
        first = self.window(seed, vm, packages, len(ring.ends) - 1) if package_sets == "perVM" else 0
        contents = bytes(ring.view[: ring.ends[0]]) + bytes(ring.view[ring.ends[first] : ring.ends[first + packages]])
        return fingerprint(self.header(seed, vm, cid, len(contents), report_format == "vmReport") + contents)


def fingerprint(report: bytes) -> Row:
    """What the vectors hold of a report."""
    return {"bytes": len(report), "sha256": hashlib.sha256(report).hexdigest()}


def form_of(value: Any, number: Callable[[Any], int]) -> Any:
    """A distribution of a config as the port takes it: numbers for durations, points for quantiles."""
    if not isinstance(value, dict):
        return number(value)
    if "buckets" in value:
        values = [bucket.get("value", bucket.get("distribution")) for bucket in value["buckets"]]
        return {
            "buckets": [
                {"percent": str(bucket["percent"]), "value": form_of(inner, number)}
                for bucket, inner in zip(value["buckets"], values, strict=True)
            ]
        }
    numbers = {key: each if key == "sigma" else number(each) for key, each in value.items()}
    if not any(key.startswith("p") for key in numbers):
        return numbers
    measured = ((float(key[1:]), each) for key, each in numbers.items() if key.startswith("p"))
    return {"points": [(0, numbers["min"]), *measured, (100, numbers["max"])]}


CASES = [
    pytest.param(function, vector["given"], vector["gives"], id=f"{function}-{number}")
    for function, vectors in VECTORS.items()
    for number, vector in enumerate(vectors)
]


@pytest.mark.parametrize("implementation", [Code(), Port()], ids=["code", "port"])
@pytest.mark.parametrize(("function", "given", "gives"), CASES)
def test_the_algorithm_gives_its_vectors(implementation: Code | Port, function: str, given: dict[str, Any], gives: object) -> None:
    assert getattr(implementation, function)(**given) == gives
