"""A walk that begins at the present goes on like one that began at the start."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from fleet_example import EXAMPLE, plan_of
from vsock_loadgen.config.blocks import Level, Phase, Profile
from vsock_loadgen.config.model import Config
from vsock_loadgen.distributions.constant import Constant
from vsock_loadgen.distributions.timing import Timing
from vsock_loadgen.units import MILLISECOND, SECOND

LEVELS = st.builds(Level, *[st.sampled_from([Fraction(0), Fraction(1, 3), Fraction(1), Fraction(5, 2)])] * 2)
SHARES = st.builds(Level, *[st.sampled_from([Fraction(1, 2), Fraction(1)])] * 2)
DAY = 86_400 * SECOND


def fleet(phases: list[tuple[Level, Level]], jitter: Fraction, *, repeat: bool, in_step: bool) -> Config:
    made = tuple(Phase(f"p{number}", 7 * SECOND + number, rate=rate, vms=vms) for number, (rate, vms) in enumerate(phases))
    config = replace(EXAMPLE, vm_count=6, phases=made, repeat_phases=repeat, jitter=jitter)
    if not in_step:
        return config
    timing = Timing(synchronized=True, jitter=jitter, offset_ns=SECOND)
    own = Profile(name="own", percent=Fraction(50), packages=Constant(10), report_interval=Constant(7 * SECOND))
    return replace(config, profiles=(own, replace(own, name="in-step", timing=timing)))


@given(
    phases=st.lists(st.tuples(LEVELS, SHARES), max_size=3),
    jitter=st.sampled_from([Fraction(0), Fraction(1, 20)]),
    repeat=st.booleans(),
    in_step=st.booleans(),
    zero_wall_ns=st.integers(0, 10**12),
    join_ms=st.integers(0, 400_000),
)
def test_what_falls_due_after_the_present_is_the_same_however_the_walk_got_there(
    phases: list[tuple[Level, Level]], jitter: Fraction, repeat: bool, in_step: bool, zero_wall_ns: int, join_ms: int
) -> None:
    plan = plan_of(fleet(phases, jitter, repeat=repeat and bool(phases), in_step=in_step))
    schedule, join_ns = plan.schedule(range(6)), join_ms * MILLISECOND
    until_ns = join_ns + 60 * SECOND
    whole, joined = schedule.advance(zero_wall_ns), schedule.advance(zero_wall_ns, join_ns)
    for position in range(6):
        expected = [due_ns for due_ns in schedule.instants(position, until_ns, whole) if due_ns >= join_ns]
        assert [due_ns for due_ns in schedule.instants(position, until_ns, joined) if due_ns >= join_ns] == expected


def test_a_schedule_in_closed_form_costs_no_more_for_its_age() -> None:
    """Counted in instants: a walk that begins near the present has a few before it, however long ago the start was."""
    for days in (1, 1_000):
        for in_step in (False, True):
            plan = plan_of(fleet([], Fraction(0), repeat=False, in_step=in_step))
            schedule, join_ns = plan.schedule(range(6)), days * DAY
            advance = schedule.advance(5 * DAY, join_ns)
            for position in range(6):
                assert max(advance(position) for _ in range(3)) >= join_ns
            assert schedule.steps_to(join_ns) == 0


@given(join_s=st.integers(1, 5_000))
def test_what_has_to_be_walked_through_is_foreseen(join_s: int) -> None:
    """Within the jitter, and one report for each VM."""
    schedule = plan_of(replace(EXAMPLE, vm_count=6)).schedule(range(6))
    advance, join_ns = schedule.advance(0), join_s * SECOND
    walked = sum(1 for position in range(6) for _ in schedule.instants(position, join_ns, advance))
    assert abs(schedule.steps_to(join_ns) - walked) <= 6 + 0.05 * walked
