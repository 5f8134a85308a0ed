"""The tool, as far as a contract cannot be looked at through a command's process: all imports of its modules are here."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from click.testing import CliRunner

import capacity_example
from comparison_example import late_run, sound_run
from fleet_example import EXAMPLE, plan_of
from run_example import FAILED, failed_result, snapshot, times_of
from vsock_loadgen import preparing
from vsock_loadgen.capacity.files import write_capacity
from vsock_loadgen.capacity.outcome import Capacity
from vsock_loadgen.cli.verbs import verbs
from vsock_loadgen.config.load import load
from vsock_loadgen.config.model import Config
from vsock_loadgen.config.schema import scalar_keys
from vsock_loadgen.errors import LoadgenError
from vsock_loadgen.log import Log
from vsock_loadgen.measures.cells import Cells
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.payloads.reports import ReportFactory
from vsock_loadgen.results.files import write_result
from vsock_loadgen.results.measured import PhaseResult
from vsock_loadgen.results.receipt import Receipt, VmReceipt
from vsock_loadgen.results.reconciliation import Reconciliation, TargetCounters
from vsock_loadgen.results.result import Result, Verdict
from vsock_loadgen.results.saturation import SaturationWatch
from vsock_loadgen.results.thresholds import Abortion, JudgedThreshold
from vsock_loadgen.serving.metrics import Metrics
from vsock_loadgen.text.capacity_markdown import capacity_markdown
from vsock_loadgen.text.capacity_text import capacity_text
from vsock_loadgen.text.receipt_text import receipt_text
from vsock_loadgen.transport.web import Request
from vsock_loadgen.units import HOUR, MILLISECOND, SECOND
from vsock_loadgen.watching.stats import StatsLines

START_NS = 1_795_420_801_250_000_000
"""2026-11-23T08:00:01.25Z: on no grid."""


# Commands


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, and what it wrote."""

    exit_code: int
    stdout: str
    stderr: str

    def __str__(self) -> str:
        return f"exit {self.exit_code}\n{self.stdout}{self.stderr}"


def command(*arguments: str | Path, environment: Mapping[str, str] | None = None, stdin: str = "") -> Ended:
    """Run a command within this process, as `main` does."""
    done = CliRunner(env=dict(environment or {})).invoke(verbs, list(map(str, arguments)), input=stdin, prog_name="vsock-loadgen")
    if isinstance(done.exception, LoadgenError):
        return Ended(done.exception.exit_code, done.stdout, f"{done.stderr}{done.exception}\n")
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Ended(done.exit_code, done.stdout, done.stderr)


# Config and plan


def effective(path: Path) -> Mapping[str, object]:
    """A config file as it takes effect."""
    return load(path, environment={}).config.effective


def variables() -> list[str]:
    """The names of the variables that a run reads."""
    return ["LOADGEN_CONFIG", *(key.environment for key in scalar_keys())]


def first_due(path: Path, nodes: int, count: int) -> dict[int, list[int]]:
    """The first due instants of every VM by its global index, in nanoseconds from START_NS, asked node by node."""
    plan, _ = preparing.prepare(load(path, environment={}).config, nodes=nodes)
    found = {}
    for node in plan.nodes:
        schedule = plan.schedule(node.indices())
        advance = schedule.advance(START_NS)
        for position, index in enumerate(node.indices()):
            found[index] = list(itertools.islice(schedule.instants(position, 24 * HOUR, advance), count))
    return found


def reports_of(path: Path, vms: Sequence[tuple[int, int, int]]) -> bytes:
    """The bytes of the reports of some VMs (index, CID, packages), one after the other."""
    _, factory = preparing.prepare(load(path, environment={}).config)
    return b"".join(_report(factory, *vm) for vm in vms)


def _report(factory: ReportFactory, index: int, cid: int, packages: int) -> bytes:
    return b"".join(factory.buffers(index, cid, packages))


# Results of runs that never took place

_GENERATOR = {"workers": 1, "worker_cpu_seconds": [0.5], "parent_cpu_seconds": 0.25, "share_of_machine": 0.1, "saturation": None}
_MISSED = JudgedThreshold("response_time.p99 < 500ms", None, "seconds", passed=False)
_THRESHOLDS = (_MISSED, JudgedThreshold("failed_percent < 1", 0.324, "percent", passed=True))
_GROWTH = TargetCounters(
    accepted=1300, received=1207, mismatching_cid=11, rate_limited=93, no_handler=5, forwarded=1100, not_forwarded=7
)


def eventful_run() -> Result:
    """A run in which everything is there that a result may have."""
    half = Counts(due=600, started=590, delivered=580, skipped=10, unfinished=4, bytes=250_000, failures={FailureClass.CONNECT: 6})
    phases = (
        PhaseResult("before", half, times_of(20 * MILLISECOND, 10 * MILLISECOND, MILLISECOND, half.delivered)),
        PhaseResult("spike", Counts(), times_of(0, 0, 0, 0)),
    )
    return replace(
        failed_result(),
        phases=phases,
        thresholds=_THRESHOLDS,
        abortion=Abortion(12 * SECOND, (_MISSED,)),
        warnings=("vmCuont: unknown key, ignored; did you mean vmCount?", "node 3 has gone"),
        reconciliation=Reconciliation(url="http://h/", sent=1230, uncertain=3, broken_off=2, growth=_GROWTH),
        confirmation="reconciled",
        receiver=RECEIPT.summary(),
        verdict=Verdict("failed", ("response_time.p99 < 500ms is missed: not delivered",), 3),
    )


def judged_run() -> Result:
    """A sound run whose config has thresholds, as what is merged has."""
    return replace(sound_run(22), config={"vmCount": 200, "thresholds": ["response_time.p99 < 10ms", "failed_percent < 1"]})


RESULTS: Mapping[str, Callable[[], Result]] = {
    "eventful.json": eventful_run,
    "failed.json": failed_result,
    "judged.json": judged_run,
    "late.json": late_run,
    "sound.json": sound_run,
    "slower.json": lambda: sound_run(30),
    "slowest.json": lambda: sound_run(35),
}


def write_results() -> None:
    """Write each of them to the current folder."""
    for name, made in RESULTS.items():
        write_result(replace(made(), generator=_GENERATOR), Path(name))


# Searches that never took place

SEARCHES: Mapping[str, Callable[[], Capacity]] = {
    "found.json": capacity_example.found,
    "slower-target.json": capacity_example.slower,
    "a-bit-slower-target.json": capacity_example.a_bit_slower,
    "by-vms.json": capacity_example.by_vms,
    "nothing-held.json": capacity_example.nothing_held,
    "generator.json": capacity_example.generator_limited,
    "contradictory.json": capacity_example.contradictory,
    "not-begun.json": capacity_example.not_begun,
}


def write_searches() -> None:
    """Write the outcome of each to the current folder."""
    for name, made in SEARCHES.items():
        write_capacity(made(), Path(name))


def search_shown(name: str) -> str:
    """The outcome of one of them, as text and as Markdown."""
    return f"{capacity_text(SEARCHES[name]())}\n{capacity_markdown(SEARCHES[name]())}"


# What the other side saw

RECEIPT = Receipt(
    connections=1_510,
    reports=1_500,
    bytes=1_000_000_000,
    malformed=3,
    empty=2,
    rejections={"no_handler": 3, "too_large": 1},
    unfinished=1,
    mismatching_cid=6,
    rate_limited=7,
    packages={500: 900, 1_000: 600},
    formats={"vmReport": 500, "indexReport": 1_000},
    vms=tuple(VmReceipt(str(3 + number), 3, 500 + number % 5, 1_700_000_000.25, 1_700_000_060.5) for number in range(9)),
)


def receipt_shown() -> str:
    """The receipt for people."""
    return receipt_text(RECEIPT, width=100, color=False)


# A run that goes on


def _two_moments(cells: Cells | None = None) -> tuple[RunTotals, RunTotals]:
    early = Counts(due=50, started=50, delivered=50, bytes=50_000_000)
    moments = []
    for at_s, counts in ((10, early), (20, FAILED)):
        totals = RunTotals(1, 1_700_000_000 * SECOND, cells)
        times = times_of(200 * MILLISECOND, 100 * MILLISECOND, MILLISECOND, counts.delivered)
        errors = {FailureClass.TIMEOUT: "not delivered within 10s"}
        totals.add(snapshot(0, at_s * SECOND, counts, times=times, errors=errors))
        moments.append(totals)
    return moments[0], moments[1]


def exposition(accept: str, config: Config = EXAMPLE) -> str:
    """The metrics of the example's fleet after a long run with failures, all of them of VMs in one cell."""
    plan = plan_of(config, 2)
    metrics = Metrics(plan, plan.nodes[0], SaturationWatch(50 * MILLISECOND))
    metrics.update(_two_moments(plan.cells(plan.nodes[0]))[1])
    return metrics.page(Request("", accept)).body.decode()


def log_lines(style: str) -> str:
    """Every kind of entry, and two lines of statistics."""
    stream = io.StringIO()
    log = Log(stream, wall_seconds=lambda: 1_700_000_000.25, style="json" if style == "json" else "text")
    log.line("begins", "start", {"vms": 3})
    log.alert("look\nhere \N{SNOWMAN}")
    log.block(lambda: "a\n b\n", "the plan", "plan", lambda: {"plan": {"seed": 0}})
    log.error("ends", "broken", {"exit_code": 1})
    lines = StatsLines(log, 10 * SECOND)
    for totals in _two_moments():
        lines.update(totals)
    log.line("verdict", "result", eventful_run().summary())
    return stream.getvalue()
