"""The implementation plan is true: its port computes what the code computes, its tables are the code's, its map is complete.

The blocks of the page that are marked `python port` are run together, as a developer elsewhere would use them, and are held
against the code: plans, instants, slices and the bytes of reports.
"""

from __future__ import annotations

import random
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from command import PROJECT, environment
from fleet_example import EXAMPLE, buckets
from vsock_loadgen.config.model import Distribution, Normal, Quantiles
from vsock_loadgen.payloads.reports import PackageSets, ReportFactory
from vsock_loadgen.plan.apportion import apportion
from vsock_loadgen.plan.distributions import INTERVAL_NS, PACKAGES, take
from vsock_loadgen.plan.fleet import Fleet, build_fleet
from vsock_loadgen.plan.schedule import schedule_of
from vsock_loadgen.plan.slices import split_fleet
from vsock_loadgen.plan.streams import jittered_step, report_bits, uniforms
from vsock_loadgen.units import MILLISECOND, SECOND

PAGE = PROJECT / "docs" / "implementation-plan.md"
TEXT = PAGE.read_text(encoding="utf-8")
SOURCE = PROJECT / "src" / "vsock_loadgen"
SEEDS = st.integers(-(2**63), 2**63 - 1)
SPLITMIX64_OF_1234567 = (6457827717110365317, 3203168211198807973, 9817491932198370423)

PACKAGES_OF_PORT = {"buckets": [{"percent": str(p), "value": v} for p, v in ((70, 500), (20, 1000), (8, 1500), (2, 2000))]}
INTERVALS_OF_PORT = {"buckets": [{"percent": str(p), "value": v * SECOND} for p, v in ((50, 30), (30, 60), (20, 300))]}


def port_of_the_page() -> dict[str, Any]:
    """Every definition of the page's port, by name."""
    blocks = re.findall(r"^```python port\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)  # noqa: S102 (the code that the page shows is what is tested)
    return names


PORT = port_of_the_page()


def part(name: str) -> list[list[str]]:
    """The cells of a table that the code has written into the page, without its heading."""
    (text,) = re.findall(f"<!-- generated: {name} -->\n(.*?)\n<!-- end: {name} -->", TEXT, re.DOTALL)
    return [[cell.strip(" `*") for cell in line.strip("|").split("|")] for line in text.splitlines()[2:]]


def percents() -> st.SearchStrategy[list[Fraction]]:
    """1 to 6 positive shares with up to two decimals that add up to exactly 100."""
    cuts = st.sets(st.integers(1, 9_999), max_size=5).map(sorted)
    return cuts.map(lambda at: [Fraction(b - a, 100) for a, b in zip([0, *at], [*at, 10_000], strict=True)])


def test_the_generated_parts_of_the_page_are_those_of_the_code() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "docs.scripts.plan_figures", "--check"],
        cwd=PROJECT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("name", "shares"), [("rounding-packages", (70, 20, 8, 2)), ("rounding-intervals", (50, 30, 20))])
def test_the_worked_rounding_follows_from_its_own_columns(name: str, shares: tuple[int, ...]) -> None:
    rows = part(name)
    groups = [rows[first : first + len(shares)] for first in range(0, len(rows), len(shares))]
    totals = [int(group[0][0].split()[0]) for group in groups]
    assert totals == [200, 197, 100, 7, 3, 1]
    for total, group in zip(totals, groups, strict=True):
        for share, (_, _, exact, floor, remainder, more, vms) in zip(shares, group, strict=True):
            assert Fraction(exact) == Fraction(total * share, 100) == int(floor) + Fraction(remainder)
            assert int(vms) == int(floor) + (more == "+1")
        assert sum(int(row[-1]) for row in group) == total
        up = [Fraction(row[4]) for row in group if row[5]]
        down = [Fraction(row[4]) for row in group if not row[5]]
        assert not up or min(up) >= max(down)


def test_nodes_that_round_by_themselves_miss_the_shares_as_the_page_says() -> None:
    shares = ["70", "20", "8", "2"]
    by_node = [PORT["apportion"](vms, shares) for _, vms, _ in PORT["slices"](200, 3)]
    total = "/".join(str(sum(counts)) for counts in zip(*by_node, strict=True))
    assert f"{total} in place of {'/'.join(map(str, PORT['apportion'](200, shares)))}" in TEXT.replace("\n", " ")


@settings(max_examples=60)
@given(total=st.integers(0, 100_000), shares=percents())
def test_the_port_apportions_as_the_code_does(total: int, shares: list[Fraction]) -> None:
    assert PORT["apportion"](total, [f"{float(share):.2f}" for share in shares]) == apportion(total, shares)


@settings(max_examples=20)
@given(seed=SEEDS, name=st.sampled_from(["packages", "phase", "a name"]))
def test_the_port_draws_the_numbers_of_pythons_generator(seed: int, name: str) -> None:
    drawn = random.Random(f"{seed}/{name}")
    assert PORT["uniforms"](seed, name, 700) == uniforms(seed, name, 700) == [drawn.random() for _ in range(700)]


@settings(max_examples=60)
@given(seed=SEEDS, vm=st.integers(0, 99_999), k=st.integers(0, 10**7), interval_ns=st.integers(MILLISECOND, 10**16))
def test_the_port_jitters_as_the_code_does(seed: int, vm: int, k: int, interval_ns: int) -> None:
    assert PORT["step"](seed, vm, k, interval_ns) == jittered_step(seed, Fraction(1, 20))(vm, k, interval_ns)


def test_the_splitmix64_outputs_of_the_page_are_the_published_ones() -> None:
    assert all(str(output) in TEXT for output in SPLITMIX64_OF_1234567)
    gamma = 0x9E3779B97F4A7C15
    assert [report_bits(1234567, number, 0) for number in (1, 2, 3)] == [output >> 11 for output in SPLITMIX64_OF_1234567]
    assert f"{gamma:X}" in TEXT


FORMS: list[tuple[Any, Distribution]] = [
    (700, buckets((100, 700))),
    (PACKAGES_OF_PORT, EXAMPLE.packages),
    ({"mean": 700, "stddev": 200, "min": 100, "max": 2000}, Normal(*map(Fraction, (700, 200, 100, 2000)))),
    ({"mean": 5, "stddev": 40, "min": 0, "max": 30}, Normal(*map(Fraction, (5, 40, 0, 30)))),
    (
        {"points": [(0, 100), (50, 500), (95, 1500), (99.9, 2500), (100, 3000)]},
        Quantiles(
            tuple(
                (Fraction(at), Fraction(value))
                for at, value in (("0", 100), ("50", 500), ("95", 1500), ("99.9", 2500), ("100", 3000))
            )
        ),
    ),
    (
        {
            "buckets": [
                {"percent": "62.5", "value": {"mean": 400, "stddev": 60, "min": 250, "max": 600}},
                {"percent": "37.5", "value": 450},
            ]
        },
        buckets(("62.5", Normal(*map(Fraction, (400, 60, 250, 600)))), ("37.5", 450)),
    ),
]


@pytest.mark.parametrize("count", [1, 2, 7, 197, 1_000])
@pytest.mark.parametrize(("form", "distribution"), FORMS)
def test_the_port_takes_the_same_values_from_every_form(form: Any, distribution: Distribution, count: int) -> None:
    sample = take(distribution, count, PACKAGES)
    assert PORT["take"](form, count) == list(zip(sample.values, sample.buckets, strict=True))


def test_the_port_rounds_sampled_intervals_as_the_code_does() -> None:
    figures = [value * SECOND for value in (60, 45, 0, 120)]
    form = dict(zip(("mean", "stddev", "min", "max"), figures, strict=True))
    values = [value for value, _ in PORT["take"](form, 199, MILLISECOND, SECOND)]
    assert values == list(take(Normal(*map(Fraction, figures)), 199, INTERVAL_NS).values)


def fleet_rows(fleet: Fleet) -> list[tuple[int, int, int]]:
    """Packages, interval and phase of every VM."""
    return list(zip(fleet.packages.values, fleet.report_interval.values, fleet.phase_ns, strict=True))


@settings(max_examples=15)
@given(vms=st.integers(1, 400), seed=SEEDS)
def test_the_port_plans_the_same_fleet_vm_by_vm_and_instant_by_instant(vms: int, seed: int) -> None:
    fleet = build_fleet(replace(EXAMPLE, vm_count=vms, seed=seed))
    rows, digest = PORT["fleet"](PACKAGES_OF_PORT, INTERVALS_OF_PORT, vms, seed)
    assert rows == fleet_rows(fleet)
    assert digest == fleet.digest()
    last = vms - 1
    schedule = schedule_of(fleet, [last], seed=seed, time_scale=Fraction(1))
    advance = schedule.advance(0)
    assert PORT["due_times"](seed, last, rows[last][1], rows[last][2], 5) == [advance(0) for _ in range(5)]


@given(vms=st.integers(1, 3_000), nodes=st.integers(1, 60), workers=st.integers(1, 4))
def test_the_port_splits_the_fleet_as_the_code_does(vms: int, nodes: int, workers: int) -> None:
    slices = split_fleet(vms, nodes)
    assert PORT["slices"](vms, nodes) == [(node.first_vm, node.vms, node.first_cid) for node in slices]
    node = slices[-1]
    assert PORT["of_worker"](node.first_vm, node.vms, workers - 1, workers) == node.for_worker(workers - 1, workers)


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("package_sets", ["shared", "perVM"])
@pytest.mark.parametrize(("vm", "cid", "packages"), [(0, 3, 1), (7, 10_003, 250), (99_999, 4_000_000_000, 300)])
def test_the_port_writes_the_same_report_to_the_byte(
    wrapped: bool, package_sets: PackageSets, vm: int, cid: int, packages: int
) -> None:
    factory = ReportFactory.build(
        largest=300, report_format="vmReport" if wrapped else "indexReport", package_sets=package_sets, seed=-5
    )
    view, ends = factory.ring.view, factory.ring.ends
    first = PORT["window"](-5, vm, packages, len(ends) - 1) if package_sets == "perVM" else 0
    contents = bytes(view[: ends[0]]) + bytes(view[ends[first] : ends[first + packages]])
    report = PORT["header"](-5, vm, cid, len(contents), wrapped) + contents
    assert report == b"".join(factory.buffers(vm, cid, packages))


@pytest.mark.parametrize(
    ("name", "row_of"),
    [
        ("uniform-vectors", lambda row: [repr(PORT["uniforms"](*seed_and_name(row[0]), 200)[vm]) for vm in (0, 1, 199)]),
        ("digest-vectors", lambda row: [PORT["fleet"](PACKAGES_OF_PORT, INTERVALS_OF_PORT, int(row[1]), int(row[0]))[1]]),
        ("jitter-vectors", lambda row: [str(PORT[f](*map(int, row[:3]), *more)) for f, more in JITTER_COLUMNS]),
    ],
)
def test_the_port_gives_the_vectors_of_the_page(name: str, row_of: Callable[[list[str]], list[str]]) -> None:
    rows = part(name)
    assert len(rows) >= 5
    for row in rows:
        computed = row_of(row)
        assert row[-len(computed) :] == computed


JITTER_COLUMNS: list[tuple[str, tuple[int, ...]]] = [("report_bits", ()), ("step", (30 * SECOND,))]


def seed_and_name(text: str) -> tuple[int, str]:
    """The two parts of a stream's text."""
    seed, _, name = text.partition("/")
    return int(seed), name


def test_the_port_gives_the_instants_of_the_page() -> None:
    planned, _ = PORT["fleet"](PACKAGES_OF_PORT, INTERVALS_OF_PORT, 200, 0)
    for vm, packages, interval, *due in part("fleet-vectors"):
        sizes, interval_ns, phase_ns = planned[int(vm)]
        assert str(sizes) == packages
        assert {"30s": 30, "1m": 60, "5m": 300}[interval] * SECOND == interval_ns
        assert list(map(int, due)) == PORT["due_times"](0, int(vm), interval_ns, phase_ns, 3)


def paths_of(heading: str) -> set[str]:
    """The paths in backquotes in the section of this heading."""
    section = TEXT.partition(f"\n## {heading}")[2].partition("\n## ")[0]
    return set(re.findall(r"`([\w./-]+(?:\.\w+|/))`", section))


def test_every_file_that_the_page_names_exists() -> None:
    named = paths_of("10. File map and crosswalk")
    assert len(named) > 60
    missing = [path for path in named if not ((SOURCE / path).exists() or (PROJECT / path).exists())]
    assert missing == []
    elsewhere = set(re.findall(r"`((?:tests|docs|examples|src|deploy)/[\w./-]+)`", TEXT))
    assert [path for path in elsewhere if not (PROJECT / path).exists()] == []


@pytest.mark.parametrize("package", ["config", "plan", "payloads"])
def test_the_file_map_has_every_module_of_the_packages_that_plan_and_pay(package: str) -> None:
    modules = {str(path.relative_to(SOURCE)) for path in Path(SOURCE / package).glob("*.py")} - {f"{package}/__init__.py"}
    assert modules <= paths_of("10. File map and crosswalk")
