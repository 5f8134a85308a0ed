"""Comparisons of runs that never took place."""

from __future__ import annotations

from dataclasses import replace

from run_example import FAILED, by_packages, failed_result, group_of, result_of, times_of
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.results.comparison import Comparison, Side, compare
from vsock_loadgen.results.result import Named, Result, Verdict
from vsock_loadgen.units import MILLISECOND

HOSTILE = "[bold]x[/] | <b>`*_y_*` :100:.json"
"""A file name that is markup everywhere."""


def sound_run(response_ms: int = 20) -> Result:
    """A run in which every report was delivered."""
    counts = replace(FAILED, due=FAILED.delivered, started=FAILED.delivered, skipped=0, unfinished=0, failures={})
    return result_of(counts, times_of(response_ms * MILLISECOND, 15 * MILLISECOND, MILLISECOND, counts.delivered))


def late_run() -> Result:
    """A run that proves nothing, of another fleet on another machine."""
    made = replace(failed_result(), config={"vmCount": 400}, environment={"python": "3.13.1"})
    return replace(made, verdict=Verdict("invalid", ("the generator was late: [red]by 70 ms[/]",), 4))


def two_sides() -> Comparison:
    """One run beside another that was worse."""
    return compare(Side("a", (Named("before.json", sound_run()),)), [Side("b", (Named(HOSTILE, late_run()),))])


def many_runs() -> Comparison:
    """Three runs of the baseline beside two others."""
    before = tuple(Named(f"a{number}.json", sound_run(20 + number)) for number in range(3))
    after = tuple(Named(f"b{number}.json", sound_run(30 + number)) for number in range(2))
    return compare(Side("a", before), [Side("b", after)])


def grouped_run(small_ms: int = 20, large_ms: int = 60, failed: int = 0) -> Result:
    """A run whose 1,000 reports of small VMs were all delivered; of the 100 of large ones, so many failed."""
    small = Counts(due=1_000, started=1_000, delivered=1_000)
    large = Counts(due=100, started=100, delivered=100 - failed, failures={FailureClass.RESET: failed} if failed else {})
    groups = by_packages(
        group_of("500", 500, 500, small, times_of(small_ms * MILLISECOND, MILLISECOND, 1, 1_000)),
        group_of("2000", 2_000, 2_000, large, times_of(large_ms * MILLISECOND, MILLISECOND, 1, large.delivered)),
    )
    whole = groups.report_interval[0]
    return replace(result_of(whole.counts, whole.times), groups=groups)


def grouped_sides(*results: Result) -> Comparison:
    """One run a side, the first the baseline."""
    first, *others = (Side(f"{number}", (Named(f"{number}.json", result),)) for number, result in enumerate(results))
    return compare(first, others)
