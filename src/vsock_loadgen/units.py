"""Durations as users write them, in Go's grammar, and numbers as people read them. Times are integer nanoseconds."""

from __future__ import annotations

import math
import re
from fractions import Fraction

MICROSECOND = 1_000
MILLISECOND = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE

_UNITS = {
    "ns": 1,
    "us": MICROSECOND,
    "\N{MICRO SIGN}s": MICROSECOND,
    "\N{GREEK SMALL LETTER MU}s": MICROSECOND,
    "ms": MILLISECOND,
    "s": SECOND,
    "m": MINUTE,
    "h": HOUR,
}
_TERM = re.compile(r"(\d+\.?\d*|\.\d+)([^\d.]+)", re.ASCII)
_LIMIT = 2**63
_LONGEST_TEXT = 64


def parse_duration(text: str) -> int:
    """Nanoseconds of a duration in Go's grammar (`1m30s`, `1.5h`, `-250ms`, `0`), exact, cut to a whole nanosecond.

    The grammar is that of Go's `time.ParseDuration`: an optional sign, then terms of a decimal number with a unit out of
    ns, us, ms, s, m, h; a lone `0` needs no unit. Raises ValueError with a sentence that names what is wrong.
    """
    if len(text) > _LONGEST_TEXT:
        raise ValueError("is too long for a duration")
    sign = -1 if text.startswith("-") else 1
    rest = text[1:] if text[:1] in ("+", "-") else text
    if rest == "0":
        return 0
    if not rest:
        raise ValueError("is empty")
    total = 0
    while rest:
        term = _TERM.match(rest)
        if term is None:
            if re.fullmatch(r"\d+\.?\d*|\.\d+", rest, re.ASCII):
                raise ValueError("has no unit")
            raise ValueError("is not a duration")
        number, unit = term.groups()
        if unit not in _UNITS:
            raise ValueError(f"has an unknown unit {unit!r}")
        total += int(Fraction(number.removesuffix(".")) * _UNITS[unit])
        rest = rest[term.end() :]
    if total > _LIMIT or (total == _LIMIT and sign > 0):
        raise ValueError("is too long: a duration has at most about 292 years")
    return sign * total


def scaled(nanoseconds: int, time_scale: Fraction) -> int:
    """A time divided by the time scale, in whole nanoseconds, at least 1."""
    return max(1, nanoseconds * time_scale.denominator // time_scale.numerator)


def format_duration(nanoseconds: int) -> str:
    """A duration as short as it can be exact, in the grammar that `parse_duration` reads: `1m30s`, `1.5s`, `250ms`, `0s`."""
    if nanoseconds < 0:
        return "-" + format_duration(-nanoseconds)
    if nanoseconds == 0:
        return "0s"
    for unit, size in (("ns", 1), ("us", MICROSECOND), ("ms", MILLISECOND)):
        if nanoseconds < size * 1000:
            return _decimal(Fraction(nanoseconds, size)) + unit
    hours, rest = divmod(nanoseconds, HOUR)
    minutes, rest = divmod(rest, MINUTE)
    parts = [f"{hours}h" if hours else "", f"{minutes}m" if minutes else ""]
    if rest:
        parts.append(_decimal(Fraction(rest, SECOND)) + "s")
    return "".join(parts)


def _decimal(value: Fraction) -> str:
    """An exact decimal of a fraction whose denominator divides a power of ten, without trailing zeros."""
    whole, rest = divmod(value.numerator * 10**9 // value.denominator, 10**9)
    return f"{whole}.{rest:09d}".rstrip("0").rstrip(".")


def format_seconds(nanoseconds: float) -> str:
    """A measured time in the unit that suits its size, to three figures: `412 us`, `1.08 ms`, `6.67 s`."""
    for unit, size in (("ns", 1), ("us", MICROSECOND), ("ms", MILLISECOND)):
        if abs(nanoseconds) < size * 999.5:
            return f"{_three_figures(nanoseconds / size)} {unit}"
    return f"{_three_figures(nanoseconds / SECOND)} s"


def format_age(nanoseconds: float) -> str:
    """A time as people tell it, in two units at most: `350ms`, `29.8s`, `6m40s`, `4h12m`, `210h`."""
    grains = ((10 * SECOND, MILLISECOND), (MINUTE, SECOND // 10), (HOUR, SECOND), (100 * HOUR, MINUTE))
    grain = next((grain for below, grain in grains if nanoseconds < below - grain / 2), HOUR)
    return format_duration(round(nanoseconds / grain) * grain)


def format_bytes(count: float) -> str:
    """A size in decimal units, to three figures: `414 kB`, `1.85 MB`."""
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if abs(size) < 999.5:
            return f"{_three_figures(size)} {unit}"
        size /= 1000
    return f"{_three_figures(size)} TB"


def format_number(value: float) -> str:
    """A figure to three digits, below 0.1 to two that are not zero: `4.47`, `93`, `1,250`, `0.0021`; 0 only if it is 0."""
    if 0 < abs(value) < 0.1:
        return f"{value:.{1 - math.floor(math.log10(abs(value)))}f}"
    return f"{value:,.0f}" if abs(value) >= 999.5 else _three_figures(value)


def _three_figures(value: float) -> str:
    if value == int(value) and abs(value) < 1000:
        return str(int(value))
    decimals = 0 if abs(value) >= 99.95 else 1 if abs(value) >= 9.995 else 2
    return f"{value:.{decimals}f}"
