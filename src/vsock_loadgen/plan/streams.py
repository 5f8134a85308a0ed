"""Randomness that is the same on every run, node and Python: one stream per attribute, and a stateless hash per report.

A stream belongs to a name, so that drawing from another one changes nothing here. Only `random.Random(text).random()` is used: its
output for a text seed is stable over Python versions, while `shuffle` and `sample` promise nothing.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from hashlib import blake2b

_MASK = 0xFFFFFFFFFFFFFFFF
_BY_VM = 0x9E3779B97F4A7C15
_BY_REPORT = 0xD1B54A32D192ED03
_MIX_1 = 0xBF58476D1CE4E5B9
_MIX_2 = 0x94D049BB133111EB
BITS = 53
_HALF = 1 << (BITS - 1)

JITTER = "jitter"
"""The stream of the moments of reports."""

Step = Callable[[int, int, int], int]
"""(global index of the VM, number k of the report, interval in ns) -> ns from report k to report k + 1."""


def uniforms(seed: int, name: str, count: int) -> list[float]:
    """`count` numbers in [0, 1) of the stream `name`, one per VM in the order of the global index."""
    draw = random.Random(f"{seed}/{name}").random  # noqa: S311 (to be repeated, not to be secret)
    return [draw() for _ in range(count)]


def permutation(seed: int, name: str, count: int) -> list[int]:
    """Global indices 0..count-1 in the random order of the stream `name`: the argsort of its uniforms."""
    return sorted(range(count), key=uniforms(seed, name, count).__getitem__)


def jitter_start(seed: int, stream: str = JITTER) -> int:
    """Where the hash of a seed's jitter starts."""
    return int.from_bytes(blake2b(f"{seed}/{stream}".encode(), digest_size=8).digest(), "big")


def report_bits(start: int, index: int, number: int) -> int:
    """53 random bits of one report: a stateless hash of (start, VM, report number), so that any node computes the same without
    the earlier ones. The finaliser of splitmix64 (Steele, Lea, Flood 2014), top 53 bits."""
    mixed = (start + index * _BY_VM + number * _BY_REPORT) & _MASK
    mixed = ((mixed ^ (mixed >> 30)) * _MIX_1) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * _MIX_2) & _MASK
    return (mixed ^ (mixed >> 31)) >> 11


def jittered_step(seed: int, jitter: Fraction, stream: str = JITTER) -> Step:
    """The time from one report of a VM to the next: interval * (1 + jitter * (2u - 1)), u uniform in [0, 1), in whole ns.

    u comes from `report_bits`; all arithmetic is on integers.
    """
    if jitter == 0:
        return lambda index, number, interval_ns: interval_ns
    start = jitter_start(seed, stream)
    numerator, divisor = jitter.numerator, jitter.denominator * _HALF

    def step(index: int, number: int, interval_ns: int) -> int:
        return interval_ns + interval_ns * numerator * (report_bits(start, index, number) - _HALF) // divisor

    return step


def delay_in_step(seed: int, jitter: Fraction) -> Step:
    """How long after its instant of the common grid a synchronised report is due: interval * jitter * u, u uniform in [0, 1).

    Of the same hash as `jittered_step`, with the number of the grid's instant in place of the report's; in whole ns.
    """
    if jitter == 0:
        return lambda index, number, interval_ns: 0
    start = jitter_start(seed)
    numerator, divisor = jitter.numerator, jitter.denominator << BITS

    def delay(index: int, number: int, interval_ns: int) -> int:
        return interval_ns * numerator * report_bits(start, index, number) // divisor

    return delay
