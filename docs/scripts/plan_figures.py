"""The computed parts of `implementation-plan.md`: run `make docs`, or `python -m docs.scripts.plan_figures` in the project's root.

With `--check` they are only compared.
"""

from __future__ import annotations

import json
import math
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from docs.scripts.generated import renew, table
from docs.scripts.plan_code import excerpt, form_costs
from docs.scripts.plan_payloads import EXAMPLE, NORMAL, PROJECT, QUANTILES, fragment_text, payload_table, prelude_text, ring_vectors

from vsock_loadgen.app import prepare
from vsock_loadgen.config.load import load
from vsock_loadgen.config.model import Bucket, Config, Distribution, Normal, Percentile
from vsock_loadgen.errors import ConfigError
from vsock_loadgen.plan.apportion import apportion
from vsock_loadgen.plan.distributions import INTERVAL_NS, PACKAGES, Grain, configured_mean, take
from vsock_loadgen.plan.document import plan_document
from vsock_loadgen.plan.fleet import build_fleet
from vsock_loadgen.plan.schedule import schedule_of
from vsock_loadgen.plan.statistics import statistics_of
from vsock_loadgen.plan.streams import jitter_start, jittered_step, report_bits, uniforms
from vsock_loadgen.telemetry.metrics import fleet_metrics
from vsock_loadgen.units import SECOND, format_duration

PAGE = PROJECT / "docs" / "implementation-plan.md"
PERFORMANCE = PROJECT / "docs" / "performance.md"
SIZES = (200, 197, 100, 7, 3, 1)


def example_config(**changes: object) -> Config:
    """The config of the example fleet of 200 VMs, changed where that is wanted; nothing is sent to its target."""
    return replace(load(EXAMPLE, environment={"LOADGEN_TARGET": "embedded"}).config, **changes)  # type: ignore[arg-type]


CONFIG = example_config()


def buckets_of(distribution: Distribution) -> tuple[Bucket, ...]:
    """The buckets of a percentile distribution."""
    assert isinstance(distribution, Percentile)
    return distribution.buckets


def decimal(value: Fraction) -> str:
    """A fraction that ends as a decimal."""
    return f"{float(value):g}"


# Rounding


def rounding(distribution: Distribution, show: Callable[[int], str]) -> str:
    """For every size of fleet and every bucket: exact share, floor, remainder and the VMs that it gets."""
    buckets = buckets_of(distribution)
    rows = []
    for total in SIZES:
        exact = [bucket.percent * total / 100 for bucket in buckets]
        left = total - sum(map(math.floor, exact))
        by_remainder = sorted(range(len(exact)), key=lambda number: (math.floor(exact[number]) - exact[number], number))
        counts = apportion(total, [bucket.percent for bucket in buckets])
        for number, (bucket, share) in enumerate(zip(buckets, exact, strict=True)):
            assert isinstance(bucket.value, int)
            more = number in by_remainder[:left]
            assert counts[number] == math.floor(share) + more
            first = f"{total} (left over: {left})" if number == 0 else ""
            row = (f"{show(bucket.value)} ({decimal(bucket.percent)} %)", decimal(share), f"{math.floor(share)}")
            rows.append((first, *row, decimal(share - math.floor(share)), "+1" if more else "", f"**{counts[number]}**"))
    return table(("VMs", "bucket", "exact share", "floor", "remainder", "largest", "VMs of it"), rows)


def rounding_packages() -> str:
    """The worked example for packages."""
    return rounding(CONFIG.packages, str)


def rounding_intervals() -> str:
    """The worked example for intervals."""
    return rounding(CONFIG.report_interval, format_duration)


def rounded_fleets() -> str:
    """What the fleets of those sizes come out at."""
    rows = []
    for total in SIZES:
        packages = take(CONFIG.packages, total, PACKAGES).values
        intervals = take(CONFIG.report_interval, total, INTERVAL_NS).values
        counts = apportion(total, [bucket.percent for bucket in buckets_of(CONFIG.packages)])
        interval_counts = apportion(total, [bucket.percent for bucket in buckets_of(CONFIG.report_interval)])
        rate = math.fsum(SECOND / interval for interval in intervals)
        cells = (f"{sum(packages) / total:.1f}", f"{sum(intervals) / total / SECOND:.1f} s", f"{rate:.3f}")
        rows.append((str(total), "/".join(map(str, counts)), "/".join(map(str, interval_counts)), *cells))
    headings = (
        "VMs",
        "packages 70/20/8/2",
        "intervals 50/30/20",
        "mean packages (710)",
        "mean interval (93 s)",
        "reports a second",
    )
    return table(headings, rows)


# The example fleet


def interval_mean() -> str:
    """The arithmetic of the mean interval, and that of the figure of an early sketch."""

    def line(values: Sequence[int]) -> str:
        shares = [bucket.percent / 100 for bucket in buckets_of(CONFIG.report_interval)]
        terms = [share * value for share, value in zip(shares, values, strict=True)]
        products = " + ".join(f"{decimal(share)} * {value}" for share, value in zip(shares, values, strict=True))
        return f"{products} = {' + '.join(map(decimal, terms))} = {decimal(sum(terms, Fraction(0)))} s"

    right = [bucket.value // SECOND for bucket in buckets_of(CONFIG.report_interval) if isinstance(bucket.value, int)]
    assert configured_mean(CONFIG.report_interval) == 93 * SECOND
    return f"```text\n{line(right)}\n{line([right[0], right[0], right[2]])}   (the second bucket taken for {right[0]} s)\n```"


def alike_in_mean_and_spread(distribution: Distribution, least: int) -> Normal:
    """The normal distribution that has the mean and standard deviation of a percentile one."""
    buckets = buckets_of(distribution)
    mean = configured_mean(distribution)
    variance = sum(b.percent / 100 * (b.value - mean) ** 2 for b in buckets if isinstance(b.value, int))
    most = max(b.value for b in buckets if isinstance(b.value, int))
    return Normal(mean, Fraction(math.sqrt(variance)), Fraction(least), Fraction(most))


def normal_beside_percentiles() -> str:
    """The example fleet beside normal distributions of the same mean and standard deviation."""
    packages = alike_in_mean_and_spread(CONFIG.packages, 1)
    intervals = alike_in_mean_and_spread(CONFIG.report_interval, SECOND)
    rows = []
    for name, distributions in (
        ("percentile buckets", (CONFIG.packages, CONFIG.report_interval)),
        ("normal", (packages, intervals)),
    ):
        sizes = take(distributions[0], CONFIG.vm_count, PACKAGES).values
        times = take(distributions[1], CONFIG.vm_count, INTERVAL_NS).values
        of_sizes, of_times = statistics_of(sizes), statistics_of(times)
        rows.append(
            (
                name,
                f"{of_sizes.mean:.0f}",
                f"{of_sizes.p50} / {of_sizes.p95} / {of_sizes.p99}",
                f"{of_times.mean / SECOND:.1f} s",
                f"{of_times.p50 / SECOND:.1f} / {of_times.p95 / SECOND:.1f} / {of_times.p99 / SECOND:.1f} s",
                f"{sum(1 for value in times if value == SECOND)}",
                f"{math.fsum(SECOND / value for value in times):.2f}",
            )
        )
    headings = ("form", "mean packages", "P50 / P95 / P99", "mean interval", "P50 / P95 / P99", "VMs at 1 s", "reports a second")
    return table(headings, rows)


# Configs and messages

MISTAKES = (
    "packages: {buckets: [{percent: 70, value: 500}, {percent: 28, value: 1000}]}",
    "packages: {buckets: [{percent: 33.3, value: 1}, {percent: 33.3, value: 2}, {percent: 33.3, value: 3}]}",
    "packages: {buckets: [{percent: 0, value: 500}, {percent: 100, value: 1000}]}",
    "packages: {buckets: []}",
    "packages: {buckets: [{percent: 100, value: 0}]}",
    "packages: {buckets: [{percent: 100, value: 500, distribution: 700}]}",
    "packages: {mean: 700, stddev: 200, min: 100}",
    "packages: {p50: 500, p95: 400, min: 100, max: 3000}",
    "packages: {type: normal, buckets: [{percent: 100, value: 500}]}",
    "packages: {min: 100, max: 3000}",
    "reportInterval: {buckets: [{percent: 100, value: 30}]}",
    "packages: {buckets: [{percent: 100, valeu: 500}]}",
    "{numPackages: 700, packages: {buckets: [{percent: 100, value: 500}]}}",
)


def complaint_of(text: str) -> str:
    """What loading a config with this below its key says, without the file's name."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "loadgen.yaml"
        path.write_text(f"loadgen:\n  {text}\n")
        try:
            load(path, environment={})
        except ConfigError as error:
            return "; ".join(str(problem).removeprefix(f"{path}:2: ") for problem in error.problems)
    raise ValueError(f"{text} loads")


def mistakes() -> str:
    """Mistakes in a config, and what is said about them."""
    return table(("below `loadgen:`", "message"), [(f"`{text}`", f"`{complaint_of(text)}`") for text in MISTAKES])


# What is observed


def planned_buckets() -> str:
    """The packages of 197 VMs as the plan's JSON has them."""
    plan, _ = prepare(example_config(vm_count=197))
    document = plan_document(plan)["packages"]
    assert isinstance(document, dict)
    rows = ",\n".join(f"  {json.dumps(row)}" for row in document.pop("buckets"))
    return f'```text\n{json.dumps(document)[:-1]}, "buckets": [\n{rows}\n]}}\n```'


def exposed_buckets() -> str:
    """The metrics of the packages of 197 VMs, as node 1 of 3 shows them."""
    plan, _ = prepare(example_config(vm_count=197), nodes=3)
    lines = []
    for family in fleet_metrics(plan, plan.nodes[1]):
        for sample in family.samples:
            if sample.labels.get("dimension") == "packages" or sample.name.startswith("vsock_loadgen_packages_"):
                labels = ",".join(f'{key}="{value}"' for key, value in sample.labels.items())
                lines.append(f"{sample.name}{{{labels}}} {sample.value:g}" if labels else f"{sample.name} {sample.value:g}")
    return "\n".join(["```text", *lines, "```"])


# Test vectors

VECTOR_VMS = (0, 1, 4, 12, 199)


def uniform_vectors() -> str:
    """Numbers of some streams."""
    cases = ((0, "packages"), (0, "reportInterval"), (0, "phase"), (1, "packages"), (-7, "profile"))
    rows = []
    for seed, name in cases:
        numbers = uniforms(seed, name, 200)
        rows.append((f"`{seed}/{name}`", *(repr(numbers[index]) for index in (0, 1, 199))))
    return table(("text", "number 0", "number 1", "number 199"), rows)


def jitter_vectors() -> str:
    """Hashes of some reports, and the steps of 30 s with 5 % that follow from them."""
    rows = []
    for seed, index, number in ((0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 199, 1_000_000), (1, 0, 0), (-7, 99_999, 12)):
        start = jitter_start(seed)
        step = jittered_step(seed, Fraction(1, 20))(index, number, 30 * SECOND)
        rows.append((str(seed), str(index), str(number), f"`{start:016x}`", str(report_bits(start, index, number)), str(step)))
    return table(("seed", "VM", "report k", "start", "53 bits", "step of 30 s at 5 %, ns"), rows)


def fleet_vectors() -> str:
    """Some VMs of the example, with their first instants."""
    fleet = build_fleet(CONFIG)
    schedule = schedule_of(fleet, VECTOR_VMS, seed=CONFIG.seed, time_scale=CONFIG.time_scale)
    advance = schedule.advance(0)
    rows = []
    for position, vm in enumerate(VECTOR_VMS):
        due = [str(advance(position)) for _ in range(3)]
        interval = format_duration(fleet.report_interval.values[vm])
        rows.append((str(vm), str(fleet.packages.values[vm]), interval, *due))
    return table(("VM", "packages", "interval", "due 0 = phase, ns", "due 1, ns", "due 2, ns"), rows)


def digest_vectors() -> str:
    """Fingerprints of the example at some seeds and sizes."""
    rows = []
    for seed, vms in ((0, 200), (0, 197), (0, 7), (1, 200), (4711, 5_000)):
        fleet = build_fleet(example_config(seed=seed, vm_count=vms))
        rows.append((str(seed), str(vms), f"`{fleet.digest()}`"))
    return table(("seed", "VMs", "digest"), rows)


SLOW = Normal(Fraction(60 * SECOND), Fraction(15 * SECOND), Fraction(30 * SECOND), Fraction(120 * SECOND))


def value_vectors() -> str:
    """Values of the continuous forms."""
    cases: tuple[tuple[str, Distribution, int, Grain], ...] = (
        ("`{mean: 700, stddev: 200, min: 100, max: 2000}`", NORMAL, 7, PACKAGES),
        ("`{min: 100, p50: 500, p95: 1500, p99: 2500, max: 3000}`", QUANTILES, 7, PACKAGES),
        ("`{mean: 60s, stddev: 15s, min: 30s, max: 2m}`, ms", SLOW, 5, INTERVAL_NS),
    )
    rows = []
    for text, distribution, count, grain in cases:
        unit = grain.step
        rows.append((text, str(count), ", ".join(str(value // unit) for value in take(distribution, count, grain).values)))
    return table(("form", "n", "values in ascending order"), rows)


# What was measured

JUDGED = ("paced-5000x700", "paced-100000x10", "memory-scalar", "memory-percentile", "memory-normal", "start-100000", "plan-100000")
BESIDE = "paced-5000x700"


def measured_tables() -> Iterator[list[dict[str, str]]]:
    """The tables of the performance page: rows by heading, an empty cell filled from the row above."""
    for lines in re.findall(r"(?:^\|.*\n)+", PERFORMANCE.read_text(), re.MULTILINE):
        headings, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines.splitlines())
        above = dict.fromkeys(headings, "")
        filled = []
        for row in rows:
            above = {heading: cell or above[heading] for heading, cell in zip(headings, row, strict=True)}
            filled.append(above)
        yield filled


def measured_budgets() -> str:
    """The budgets that distributions have a part in, as they were last measured."""
    rows = [row for rows in measured_tables() for row in rows if "at most" in row and row["scenario"] in JUDGED]
    return table(
        ("budget", "scenario", "at most", "found", ""),
        [(row["budget"], f"`{row['scenario']}`", row["at most"], row["found"], row[""]) for row in rows],
    )


def measured_copies() -> str:
    """Memory and start beside a sender that has a copy of the payload for every VM."""
    rows = [row for rows in measured_tables() for row in rows if "sender" in row and row.get("scenario") == BESIDE]
    return table(("sender", "memory", "first report"), [(row["sender"], row["memory"], row["first report"]) for row in rows])


PARTS = {
    "measured-budgets": measured_budgets,
    "measured-copies": measured_copies,
    "rounding-packages": rounding_packages,
    "rounding-intervals": rounding_intervals,
    "rounded-fleets": rounded_fleets,
    "interval-mean": interval_mean,
    "normal-beside-percentiles": normal_beside_percentiles,
    "mistakes": mistakes,
    "planned-buckets": planned_buckets,
    "exposed-buckets": exposed_buckets,
    "uniform-vectors": uniform_vectors,
    "jitter-vectors": jitter_vectors,
    "fleet-vectors": fleet_vectors,
    "digest-vectors": digest_vectors,
    "value-vectors": value_vectors,
    "ring-vectors": ring_vectors,
    "prelude": prelude_text,
    "fragment": fragment_text,
    "payload-table": payload_table,
    "form-costs": form_costs,
    "code-form-of": excerpt("config/blocks.py", "form_of"),
    "code-uneven-shares": excerpt("config/rules.py", "_uneven_shares"),
    "code-take": excerpt("plan/distributions.py", "take"),
    "code-assign": excerpt("plan/fleet.py", "_assign"),
}

if __name__ == "__main__":
    renew(PAGE, PARTS, "make docs", check="--check" in sys.argv[1:])
