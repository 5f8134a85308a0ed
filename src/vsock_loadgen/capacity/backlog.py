"""Whether the reports in flight keep growing: the sign of too much load before any percentile shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from vsock_loadgen.capacity.statistics import rising_by_chance

SLICES = 12
_THIRD = SLICES // 3
_LEAST_RISE = 1.5
_BY_CHANCE = 0.01


@dataclass(frozen=True, slots=True)
class Backlog:
    """How a backlog went: its mean in each of SLICES equal parts of the window, by how much it grew for each report due (None if
    the window was cut short), and what that means."""

    slices: tuple[float, ...]
    growth: float | None
    means: Literal["level", "growing", "grows"]


def backlog_of(
    samples: Sequence[tuple[int, int]], window_ns: int, due: int, precision: float, *, cut: bool = False, long: bool = False
) -> Backlog:
    """The backlog of a window of `window_ns` in which `due` reports were due, from samples in order: (nanoseconds since it began,
    reports in flight).

    With B its mean in the last and in the first third, and g = (B_last - B_first) / (reports due in two thirds): it grows if
    g > precision / 2, B_last > 1.5 B_first, and Kendall's test rejects a row without a trend at 1 %. With g alone it may. In a
    `long` window it need not be larger by half: if much is always in flight, what is added is small beside it.
    """
    return backlog_from(_slices(samples, window_ns), due, precision, cut=cut, long=long)


def backlog_from(slices: tuple[float, ...], due: int, precision: float, *, cut: bool = False, long: bool = False) -> Backlog:
    """The same from the mean of each slice."""
    if cut or not due:
        return Backlog(slices, None, "level")
    first, last = sum(slices[:_THIRD]) / _THIRD, sum(slices[-_THIRD:]) / _THIRD
    growth = (last - first) / (due * 2 / 3)
    if growth <= precision / 2:
        return Backlog(slices, growth, "level")
    grows = (long or last > _LEAST_RISE * first) and rising_by_chance(slices) < _BY_CHANCE
    return Backlog(slices, growth, "grows" if grows else "growing")


def _slices(samples: Sequence[tuple[int, int]], window_ns: int) -> tuple[float, ...]:
    """The mean of each slice; of one without a sample, that of the one before."""
    found: list[list[int]] = [[] for _ in range(SLICES)]
    for at_ns, under_way in samples:
        if 0 <= at_ns < window_ns:
            found[at_ns * SLICES // window_ns].append(under_way)
    means: list[float] = []
    for values in found:
        means.append(sum(values) / len(values) if values else means[-1] if means else 0.0)
    return tuple(means)
