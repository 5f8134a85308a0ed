"""Randomness that is the same everywhere: checked against published vectors."""

from __future__ import annotations

from fractions import Fraction
from hashlib import blake2b

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vsock_loadgen.plan.streams import jittered_step, permutation, uniforms
from vsock_loadgen.units import SECOND

SPLITMIX64_GAMMA = 0x9E3779B97F4A7C15
SPLITMIX64_OF_1234567 = (
    6457827717110365317,
    3203168211198807973,
    9817491932198370423,
    4593380528125082431,
    16408922859458223821,
)
"""The first outputs of splitmix64 seeded with 1234567, as published with many implementations of it."""


@pytest.mark.parametrize("seed", [0, 1, -7, 2**70])
def test_the_jitter_is_the_top_of_splitmix64(seed: int) -> None:
    """With an interval of 2**52 ns and a jitter of 1, a step is the hash's top 53 bits themselves."""
    step = jittered_step(seed, Fraction(1))
    start = int.from_bytes(blake2b(f"{seed}/jitter".encode(), digest_size=8).digest(), "big")
    # The VM's index that brings the hash's state to the generator's first one.
    first = (1234567 - start) * pow(SPLITMIX64_GAMMA, -1, 2**64) + 1
    assert [step(first + number, 0, 2**52) for number in range(5)] == [output >> 11 for output in SPLITMIX64_OF_1234567]


@settings(max_examples=300)
@given(
    seed=st.integers(),
    jitter=st.fractions(0, Fraction(99, 100), max_denominator=1_000),
    index=st.integers(0, 99_999),
    number=st.integers(0, 10**6),
    interval_ns=st.integers(1_000_000, 10**16),
)
def test_a_step_is_a_whole_number_within_the_jitter(seed: int, jitter: Fraction, index: int, number: int, interval_ns: int) -> None:
    step = jittered_step(seed, jitter)(index, number, interval_ns)
    assert type(step) is int
    assert interval_ns * (1 - jitter) - 1 < step <= interval_ns * (1 + jitter)


def test_steps_are_uniform_around_the_interval() -> None:
    step = jittered_step(3, Fraction(1, 20))
    offsets = [step(index, number, SECOND) - SECOND for index in range(200) for number in range(50)]
    widest = SECOND // 20
    assert abs(sum(offsets) / len(offsets)) < widest * 0.03  # five times the standard error of 10,000 uniform numbers
    tenths = [sum(1 for offset in offsets if (offset + widest) * 10 // (2 * widest) == tenth) for tenth in range(10)]
    assert min(tenths) > 850
    assert max(tenths) < 1_150


def test_without_jitter_every_step_is_the_interval() -> None:
    step = jittered_step(0, Fraction(0))
    assert {step(index, number, 12_345) for index in range(10) for number in range(10)} == {12_345}


@given(seed=st.integers(), count=st.integers(0, 300))
def test_a_permutation_has_every_vm_once(seed: int, count: int) -> None:
    assert sorted(permutation(seed, "packages", count)) == list(range(count))


@given(seed=st.integers(), fewer=st.integers(0, 50), more=st.integers(0, 50))
def test_the_uniforms_of_a_larger_fleet_begin_with_those_of_a_smaller_one(seed: int, fewer: int, more: int) -> None:
    assert uniforms(seed, "phase", fewer + more)[:fewer] == uniforms(seed, "phase", fewer)


def test_streams_of_other_names_and_seeds_are_others() -> None:
    orders = [tuple(permutation(seed, name, 50)) for seed in (0, 1) for name in ("packages", "reportInterval")]
    assert len(set(orders)) == 4
