"""What sending asks of a machine: workers for the rate and for a herd, and memory that grows as was measured."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsock_loadgen.plan.sending import Herd, busy_seconds, expected_memory_bytes, lateness_ns, workers_for
from vsock_loadgen.units import MILLISECOND, SECOND

TOGETHER = Herd(reports=2_000, at_ns=0, spread_ns=0)
BYTES = 414_000


@given(st.floats(0.001, 1e6), st.floats(1, 2e7), st.integers(-1, 512), st.integers(2, 100_000), st.integers(0, 60 * SECOND))
def test_a_herd_never_takes_fewer_workers_and_never_more_than_processors(
    rate: float, size: float, processors: int, reports: int, spread_ns: int
) -> None:
    herd = Herd(reports, 0, spread_ns)
    alone, with_herd = workers_for(rate, size, processors), workers_for(rate, size, processors, herd, 50 * MILLISECOND)
    assert 1 <= alone <= with_herd <= max(1, processors)


@given(st.integers(2, 100_000), st.floats(1, 2e6), st.integers(0, 10 * SECOND), st.integers(MILLISECOND, SECOND))
def test_enough_workers_start_a_herd_within_the_lag_limit(reports: int, size: float, spread_ns: int, lag_limit_ns: int) -> None:
    herd = Herd(reports, 0, spread_ns)
    assert lateness_ns(herd, size, workers_for(1, size, 1_000_000, herd, lag_limit_ns)) <= lag_limit_ns


def test_a_herd_is_late_by_the_work_that_it_makes_less_the_time_that_it_is_spread_over() -> None:
    work_ns = int(busy_seconds(2_000, BYTES) * SECOND)
    assert lateness_ns(TOGETHER, BYTES, 1) == work_ns
    assert lateness_ns(TOGETHER, BYTES, 2) == pytest.approx(work_ns / 2, rel=1e-6)
    assert lateness_ns(Herd(2_000, 0, work_ns), BYTES, 1) == 0


@pytest.mark.parametrize(
    ("vms", "workers", "shared_bytes", "embedded", "measured_mb"),
    [
        (200, 1, 30_000, True, 51.4),
        (100, 2, 30_000, True, 54.2),
        (20_000, 1, 30_000, True, 75),
        (100, 1, 59_000_000, True, 106.1),
        (100_000, 1, 60_000, False, 63.4),
        (100_000, 1, 1_200_000, False, 68.1),
        (100_000, 1, 1_200_000, False, 75.4),
    ],
)
def test_the_memory_that_is_expected_is_within_a_fifth_of_what_was_measured(
    vms: int, workers: int, shared_bytes: int, embedded: bool, measured_mb: float
) -> None:
    expected = expected_memory_bytes(vms, workers, shared_bytes, embedded=embedded)
    assert expected == pytest.approx(measured_mb * 1e6, rel=0.2)
