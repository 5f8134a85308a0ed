"""Golden files pin fleets of profiles, some of whose VMs keep time with the wall clock, VM by VM and report by report.

To write them anew after a change that is meant to alter plans, run
`PYTHONPATH=tests python tests/plan/test_golden_profiles.py` in the project's root, then read the difference.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from fleet_example import TARGET, buckets, plan_of
from vsock_loadgen.config.blocks import Level, Phase, Profile
from vsock_loadgen.config.model import Config
from vsock_loadgen.distributions.buckets import Buckets
from vsock_loadgen.distributions.constant import Constant
from vsock_loadgen.distributions.kind import Bucket
from vsock_loadgen.distributions.normal import Normal
from vsock_loadgen.distributions.quantiles import Quantiles
from vsock_loadgen.distributions.timing import Timing
from vsock_loadgen.units import MINUTE, SECOND

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
START_NS = 1_795_420_801_250_000_000
"""2026-11-23T08:00:01.25Z: on no grid."""
FEW = 4
FULL, HALF = Level(Fraction(1), Fraction(1)), Level(Fraction(1), Fraction(1, 2))
MEASURED = Quantiles(tuple((Fraction(at), Fraction(value)) for at, value in ((0, 100), (50, 480), (95, 1_400), (100, 4_000))))
STEPS = Buckets(
    (
        Bucket(Fraction(50), Constant(30 * SECOND), Timing(True, 7 * SECOND)),
        Bucket(Fraction(50), Constant(60 * SECOND), Timing(jitter=Fraction(1, 5))),
    )
)
PROFILES = (
    Profile(name="dev", percent=Fraction("52.5"), packages=MEASURED, report_interval=buckets((75, 30 * SECOND), (25, 5 * MINUTE))),
    Profile(
        name="prod",
        percent=Fraction("37.5"),
        packages=buckets((90, 900), (10, Normal(Fraction(2_000), Fraction(300), Fraction(1_000), Fraction(3_000)))),
        report_interval=Constant(60 * SECOND),
        timing=Timing(True, 30 * SECOND, Fraction(1, 100)),
    ),
    Profile(name="odd", percent=Fraction(10), packages=Constant(7), report_interval=STEPS, package_sets="perVM"),
)
PHASES = (
    Phase("ramp", 2 * MINUTE, rate=Level(Fraction(1, 2), Fraction(3)), vms=FULL),
    Phase("half", MINUTE, rate=FULL, vms=HALF),
)
PLAIN = Config(vm_count=40, profiles=PROFILES, target=TARGET)
FLEETS = {
    "profiles-seed-0.json": PLAIN,
    "profiles-seed-1.json": replace(PLAIN, seed=1, time_scale=Fraction(5, 2)),
    "profiles-seed-4711.json": replace(PLAIN, seed=4711, phases=PHASES, repeat_phases=True),
}


def golden_text(name: str) -> str:
    """What the golden file of this name has to hold: every VM's attributes, and its first reports in nanoseconds from the start."""
    config = FLEETS[name]
    plan = plan_of(config)
    fleet = plan.fleet
    schedule = plan.schedule(range(fleet.vm_count))
    advance = schedule.advance(START_NS)
    rows = []
    for vm in range(fleet.vm_count):
        cohort = fleet.cohorts[fleet.cohort[vm]]
        due_ns = list(itertools.islice(schedule.instants(vm, 60 * MINUTE, advance), FEW))
        rows.append(
            {
                "profile": config.profiles[fleet.profile[vm]].name,
                "packages": fleet.packages.values[vm],
                "interval_ns": fleet.report_interval.values[vm],
                "phase_ns": fleet.offset_ns[vm],
                "synchronized": cohort.synchronized,
                "jitter": str(cohort.jitter),
                "package_sets": cohort.package_sets,
                "due_ns": due_ns,
            }
        )
    lines = ",\n".join(json.dumps(row) for row in rows)
    return f'{{"digest": "{fleet.digest()}", "vms": [\n{lines}\n]}}\n'


@pytest.mark.parametrize("name", FLEETS)
def test_the_fleet_and_its_first_reports_are_the_golden_ones(name: str) -> None:
    assert golden_text(name) == (GOLDEN / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FLEETS)
def test_a_golden_file_holds_exact_shares_and_common_instants(name: str) -> None:
    """What the files should show whatever the seed, so that a wrong one is not taken for golden."""
    vms = json.loads((GOLDEN / name).read_text(encoding="utf-8"))["vms"]
    assert [sum(vm["profile"] == profile.name for vm in vms) for profile in PROFILES] == [21, 15, 4]
    scale = FLEETS[name].time_scale
    for vm in vms:
        if vm["synchronized"]:
            interval_ns = int(vm["interval_ns"] / scale)
            late_ns = [(START_NS + due_ns - int(vm["phase_ns"] / scale)) % interval_ns for due_ns in vm["due_ns"]]
            assert all(late <= interval_ns * Fraction(vm["jitter"]) for late in late_ns)


if __name__ == "__main__":
    for file_name in FLEETS:
        (GOLDEN / file_name).write_text(golden_text(file_name), encoding="utf-8")
