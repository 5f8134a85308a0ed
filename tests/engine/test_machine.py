"""How many workers a load gets."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsock_loadgen.engine.machine import usable_processors
from vsock_loadgen.plan.sending import workers_for


@pytest.mark.parametrize(
    ("reports_per_second", "bytes_per_report", "processors", "workers"),
    [
        (4.5, 414_000, 64, 1),
        (1_000, 414_000, 64, 1),
        (10_000, 6_000, 64, 1),
        (14_000, 6_000, 64, 1),
        (20_000, 6_000, 64, 2),
        (20_000, 414_000, 64, 5),
        (20_000, 414_000, 2, 2),
        (0.001, 1, 1, 1),
    ],
)
def test_workers_follow_the_forecast_and_not_the_machine(
    reports_per_second: float, bytes_per_report: float, processors: int, workers: int
) -> None:
    assert workers_for(reports_per_second, bytes_per_report, processors) == workers


@given(st.floats(0.001, 1e6), st.floats(1, 2e7), st.integers(-1, 512))
def test_there_is_always_a_worker_and_never_more_than_processors(rate: float, size: float, processors: int) -> None:
    assert 1 <= workers_for(rate, size, processors) <= max(1, processors)


@pytest.mark.parametrize(
    ("text", "most"),
    [("max 100000\n", 1 << 20), ("150000 100000\n", 1), ("50000 100000\n", 1), ("200000 100000\n", 2), ("rubbish", 1 << 20)],
)
def test_the_quota_of_the_control_group_bounds_the_processors(tmp_path: Path, text: str, most: int) -> None:
    cpu_max = tmp_path / "cpu.max"
    cpu_max.write_text(text)
    everything = usable_processors(tmp_path / "absent")
    assert usable_processors(cpu_max) == min(everything, most)
