"""A threshold that no run can meet is said before the run, whichever keys and flags it is that exclude it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet_example import EXAMPLE, plan_of
from vsock_loadgen.config.blocks import Level, Phase
from vsock_loadgen.config.load import Override, load
from vsock_loadgen.config.reach import out_of_reach
from vsock_loadgen.config.thresholds import parse_threshold
from vsock_loadgen.errors import ConfigError
from vsock_loadgen.units import MILLISECOND, SECOND

ONE = Level(Fraction(1), Fraction(1))
LEVELS = st.builds(Level, *[st.sampled_from([Fraction(0), Fraction(1, 400), Fraction(1, 2), Fraction(1)])] * 2)


@given(
    phases=st.lists(st.tuples(st.integers(1, 20), LEVELS, LEVELS), min_size=1, max_size=4),
    about=st.integers(0, 3),
    duration=st.integers(1, 40),
    scale=st.sampled_from([Fraction(1), Fraction(3), Fraction(1, 2)]),
    repeat=st.booleans(),
)
def test_a_phase_is_out_of_reach_where_the_schedule_has_no_moment_in_it_at_which_a_vm_reports(
    phases: list[tuple[int, Level, Level]], about: int, duration: int, scale: Fraction, repeat: bool
) -> None:
    """Held against the schedule's own phases, at every 50 ms of the run: lengths are whole seconds, so that none is missed."""
    made = tuple(
        Phase(f"p{number}", 6 * seconds * SECOND, rate=rate, vms=vms) for number, (seconds, rate, vms) in enumerate(phases)
    )
    about %= len(made)
    config = replace(EXAMPLE, phases=made, duration_ns=duration * SECOND, time_scale=scale, repeat_phases=repeat)
    shape = plan_of(config).shape
    assert shape is not None
    moments = [at * 50 * MILLISECOND for at in range(duration * 20)]
    is_reached = any(shape.phase_at(at) == about for at in moments)
    may_report = any(
        max(made[about].rate.start, made[about].rate.end) > 0 and round(float(level * 200) + 1e-9) > 0
        for level in (made[about].vms.start, made[about].vms.end)
    )
    found = list(
        out_of_reach(replace(config, thresholds=(parse_threshold(f"phase.p{about}.failed_percent < 1"),)), synchronized=False)
    )
    assert bool(found) is not (is_reached and may_report)


@pytest.mark.parametrize(
    ("texts", "excluded"),
    [
        (["response_time.p99 < 500ms", "response_time.p99 > 1s"], True),
        (["failed_percent > 2", "failed_percent <= 2"], True),
        (["failed_percent >= 2", "failed_percent <= 2"], False),
        (["response_time.p99 < 500ms", "response_time.p50 > 1s"], False),  # of other figures
        (["packages.2000.failed_percent < 1", "packages.500.failed_percent > 2"], False),  # of other VMs
        (["failed_percent < 2", "failed_percent < 1"], False),
    ],
)
def test_limits_that_exclude_each_other_are_found(texts: list[str], excluded: bool) -> None:
    for order in (texts, texts[::-1]):
        config = replace(EXAMPLE, thresholds=tuple(map(parse_threshold, order)))
        assert [path for path, _ in out_of_reach(config, synchronized=False)] == ["thresholds[1]"] * excluded


CONFIG = """loadgen:
  duration: 2m
  phases:
    - {name: a, duration: 1m}
    - {name: b, duration: 1m}
  thresholds: [phase.b.failed_percent < 1]
"""


@pytest.mark.parametrize(
    "override", [("--duration", "duration", "30s"), ("--time-scale", "timeScale", "0.5")], ids=lambda each: each[1]
)
def test_flags_are_applied_before_reach_is_looked_at(tmp_path: Path, override: tuple[str, str, str]) -> None:
    path = tmp_path / "fleet.yaml"
    path.write_text(CONFIG)
    load(path, environment={}, overrides=[], strict=False)
    with pytest.raises(ConfigError) as caught:
        load(path, environment={}, overrides=[Override(*override)], strict=False)
    (problem,) = caught.value.problems
    assert problem.path == "thresholds[0]"
    assert "never reached" in problem.message
    environment = {f"LOADGEN_{'DURATION' if override[1] == 'duration' else 'TIME_SCALE'}": override[2]}
    with pytest.raises(ConfigError):
        load(path, environment=environment, overrides=[], strict=False)
