"""What is measured: each scenario is one config of ours, the references beside it, and the budgets that it judges.

Saturation means that the schedule offers several times what one worker can send: it is never idle, and its heap of due reports
never empty. VMs are so many that the same one hardly falls due again while its last report is under way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from bench.figures import Budget, SenderName
from bench.placement import Pairing

Group = Literal["saturation", "paced", "shapes", "growth", "memory", "start", "plan", "asked", "pressure"]
Delivery = Literal["confirmed", "written"]
Kind = Literal["run", "plan", "serve"]

PERCENTILE_FLEET = {
    "buckets": [
        {"percent": 70, "value": 500},
        {"percent": 20, "value": 1000},
        {"percent": 8, "value": 1500},
        {"percent": 2, "value": 2000},
    ]
}
NORMAL_FLEET = {"mean": 700, "stddev": 250, "min": 50, "max": 2000}
_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One row of the table per sender. `seconds` is the length of a run; `interval_us` every VM's interval in microseconds."""

    name: str
    group: Group
    vms: int
    packages: int | Mapping[str, object]
    interval_us: int
    seconds: float
    kind: Kind = "run"
    references: tuple[SenderName, ...] = ()
    delivery: Delivery = "confirmed"
    package_sets: Literal["shared", "perVM"] = "shared"
    pairing: Pairing = "free"
    workers: int | None = None
    budgets: tuple[Budget, ...] = ()
    pss_every_seconds: float = 1.0
    saturated: bool = False
    samples: bool = False
    """Whether a row is written for each report."""
    once: bool = field(default=False)
    """Measured in one round only."""
    is_tls: bool = False
    asking: Mapping[str, object] = field(default_factory=dict)
    """What the asker of a fleet is told beyond its VMs, as `bench.reference.asker.Order` has it."""
    half: bool = False
    """It is asked half as often as it can answer."""

    @property
    def ns_between_reports(self) -> int:
        """Nanoseconds from a report of the fleet to the next one; 0 where as many are offered as can be sent."""
        return 0 if self.saturated else self.interval_us * 1_000 // self.vms

    def config(self, target: str, metrics_port: int) -> dict[str, object]:
        """The config document for a target address."""
        keys: dict[str, object] = {
            "vmCount": self.vms,
            "packages": self.packages,
            "reportInterval": f"{self.interval_us}us",
            "delivery": self.delivery,
            "packageSets": self.package_sets,
            "target": target,
            "metricsPort": metrics_port,
        }
        if self.kind != "serve":
            keys["duration"] = f"{self.seconds}s"
        if self.workers is not None:
            keys["workers"] = self.workers
        return {"loadgen": keys}


def _saturated(name: str, packages: int | Mapping[str, object], offered_per_second: int, **others: object) -> Scenario:
    vms = 2_000
    scenario = Scenario(
        name=name,
        group="saturation",
        vms=vms,
        packages=packages,
        interval_us=vms * 1_000_000 // offered_per_second,
        seconds=6,
        references=("floor",),
        pairing="apart",
        workers=1,
        saturated=True,
    )
    return replace(scenario, **others)  # type: ignore[arg-type]


def _saturation() -> list[Scenario]:
    small = (Budget("cpu_us_per_report", 2.0, "floor"),)
    large = (Budget("cpu_us_per_report", 1.25, "floor"),)
    return [
        _saturated("saturated-10", 10, 150_000, budgets=small),
        _saturated("saturated-700", 700, 50_000, budgets=large),
        _saturated("saturated-2000", 2_000, 20_000),
        _saturated("saturated-10-free", 10, 150_000, budgets=small, pairing="free"),
        _saturated("saturated-700-free", 700, 50_000, budgets=large, pairing="free"),
        _saturated("saturated-10-together", 10, 150_000, pairing="together"),
        _saturated("saturated-700-together", 700, 50_000, pairing="together"),
        _saturated("saturated-10-written", 10, 150_000, delivery="written"),
        _saturated("saturated-700-written", 700, 50_000, delivery="written"),
        _saturated("saturated-2000-written", 2_000, 20_000, delivery="written"),
        _saturated("saturated-10-samples", 10, 150_000, samples=True),
        _saturated("saturated-700-samples", 700, 50_000, samples=True),
        _saturated("shapes-normal", NORMAL_FLEET, 50_000, group="shapes"),
        _saturated("shapes-per-vm", 700, 50_000, group="shapes", package_sets="perVM"),
    ]


def _paced() -> list[Scenario]:
    large = Scenario(
        name="paced-5000x700",
        group="paced",
        vms=5_000,
        packages=700,
        interval_us=5_000_000,
        seconds=12,
        references=("go", "floor"),
        budgets=(Budget("lag_p99", 0.002),),
    )
    small = replace(
        large,
        name="paced-100000x10",
        vms=100_000,
        packages=10,
        interval_us=10_000_000,
        seconds=16,
        budgets=(),
    )
    limits: list[tuple[Scenario, Delivery, float]] = [
        (large, "confirmed", 0.6),
        (large, "written", 0.5),
        (small, "confirmed", 0.9),
        (small, "written", 0.75),
    ]
    # The Go sender does not wait to be confirmed: with written delivery ours does the same work.
    return [
        replace(
            scenario,
            name=f"{scenario.name}{'-written' * (delivery == 'written')}",
            delivery=delivery,
            budgets=(Budget("cpu_us_per_report", limit, "go"), *scenario.budgets),
        )
        for scenario, delivery, limit in limits
    ]


def _growth() -> list[Scenario]:
    """VMs, rate and size one at a time; and the largest fleet at the highest rate, which has budgets."""
    base = Scenario(name="", group="growth", vms=10_000, packages=10, interval_us=0, seconds=7, once=True)

    def grown(name: str, *, rate: int, vms: int = 10_000, packages: int = 10) -> Scenario:
        return replace(base, name=f"growth-{name}", vms=vms, packages=packages, interval_us=vms * 1_000_000 // rate)

    largest = replace(
        grown("vms-1000000-rate-20000", vms=1_000_000, rate=20_000),
        workers=2,
        seconds=16,
        budgets=(Budget("lag_p99", 0.005), Budget("pss_bytes", 350 * _MEGABYTE)),
    )
    return [
        *(grown(f"vms-{vms}", vms=vms, rate=5_000) for vms in (1_000, 10_000, 100_000, 1_000_000)),
        *(grown(f"rate-{rate}", rate=rate) for rate in (500, 2_000, 8_000, 16_000)),
        *(grown(f"size-{packages}", packages=packages, rate=400) for packages in (10, 100, 700, 2_000, 10_000)),
        largest,
    ]


def _memory() -> list[Scenario]:
    fleets: dict[str, int | Mapping[str, object]] = {"scalar": 700, "percentile": PERCENTILE_FLEET, "normal": NORMAL_FLEET}
    return [
        Scenario(
            name=f"memory-{name}",
            group="memory",
            vms=100_000,
            packages=packages,
            interval_us=100_000_000,
            seconds=6,
            budgets=(Budget("pss_bytes", 150 * _MEGABYTE),),
            pss_every_seconds=0.05,
            once=True,
        )
        for name, packages in fleets.items()
    ]


def _sizes(group: Literal["start", "plan"]) -> list[Scenario]:
    metric = "first_report_seconds" if group == "start" else "wall_seconds"
    most_seconds = {100_000: 1.0, 1_000_000: 5.0} if group == "start" else {100_000: 1.5, 1_000_000: 6.0}
    memory = (Budget("pss_bytes", 350 * _MEGABYTE),)
    return [
        Scenario(
            name=f"{group}-{vms}",
            group=group,
            kind="run" if group == "start" else "plan",
            vms=vms,
            packages=PERCENTILE_FLEET,
            interval_us=vms * 1_000,
            seconds=3,
            budgets=(Budget(metric, most_seconds[vms]), *(memory if vms == 1_000_000 else ())) if vms in most_seconds else (),
        )
        for vms in (1_000, 10_000, 100_000, 1_000_000)
    ]


def _asked() -> list[Scenario]:
    """Answers to as many askers at once as Sensor has, and askers that keep their connections open, or read nothing."""
    plain = Scenario(
        name="asked-524",
        group="asked",
        kind="serve",
        vms=2_000,
        packages=524,
        interval_us=4 * 3_600 * 1_000_000,
        seconds=6,
        references=("bare",),
        pairing="apart",
        budgets=(
            Budget("cpu_us_per_report", 1_000),
            Budget("cpu_us_per_report", 1.3, "bare"),
            Budget("probe_seconds", 1.0),
        ),
    )
    tls = replace(
        plain,
        name="asked-524-tls",
        is_tls=True,
        budgets=(Budget("cpu_us_per_report", 2_500), Budget("cpu_us_per_report", 1.3, "bare"), Budget("probe_seconds", 1.0)),
    )
    held = replace(tls, name="asked-open-2000-tls", references=(), asking={"manner": "hold", "at_once": 2_000}, once=True)
    deaf = replace(plain, name="asked-deaf-1000", references=(), asking={"manner": "stop", "at_once": 1_000}, once=True)
    large = replace(plain, name="asked-vms-20000", references=(), vms=20_000, once=True)
    return [
        plain,
        tls,
        replace(plain, name="asked-524-half", references=(), half=True, budgets=(Budget("lag_p99", 0.005),)),
        replace(large, budgets=(Budget("pss_bytes", 250 * _MEGABYTE),)),
        replace(held, budgets=(Budget("added_bytes", 250 * _MEGABYTE),)),
        replace(deaf, budgets=(Budget("added_bytes", 70 * _MEGABYTE),)),
        replace(deaf, name="asked-deaf-1000-tls", is_tls=True, budgets=(Budget("added_bytes", 200 * _MEGABYTE),)),
    ]


def scenarios() -> list[Scenario]:
    """All scenarios in the order of the table."""
    return [*_saturation(), *_paced(), *_memory(), *_sizes("start"), *_sizes("plan"), *_growth(), *_asked()]


def quick(scenario: Scenario) -> Scenario:
    """The same for a smoke run: as short as the measuring window allows."""
    return replace(scenario, seconds=min(scenario.seconds, 4.0))
