"""Comparisons of runs that never took place."""

from __future__ import annotations

from dataclasses import replace

from run_example import FAILED, failed_result, result_of, times_of
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
