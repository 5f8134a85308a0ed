"""The small languages: durations, addresses, instants, thresholds, conditions, URLs, paths of --set and YAML's own scalars."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

from fuzz.draws import Draws
from fuzz.oracle import hold, hold_one_line
from vsock_loadgen.config.address import parse_address
from vsock_loadgen.config.instants import format_instant, parse_instant
from vsock_loadgen.config.load import Override, load
from vsock_loadgen.config.reconcile import URL, expanded
from vsock_loadgen.config.target import TARGET
from vsock_loadgen.config.thresholds import parse_threshold
from vsock_loadgen.errors import ConfigError
from vsock_loadgen.grammar.leaves import Percentage, RefusedError
from vsock_loadgen.grammar.scalars import LONGEST_NUMBER, OddNumber, resolve
from vsock_loadgen.results.conditions import parse_condition
from vsock_loadgen.units import format_duration, parse_duration

_NS = {"ns": 1, "us": 10**3, "\xb5s": 10**3, "\u03bcs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_DURATION = re.compile(r"[+-]?(?:0|(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|\xb5s|\u03bcs|ms|s|m|h))+)")
_TERM = re.compile(r"([0-9.]+)([^0-9.]+)")


def check(data: bytes) -> None:
    """A text of one of these languages means what it says and can be written again; any other is refused with a sentence."""
    draws = Draws(data)
    grammar = draws.pick(_GRAMMARS)
    try:
        grammar(draws.rest().decode(errors="surrogateescape"))
    except ConfigError as error:
        for problem in error.problems:
            hold_one_line(str(problem))
    except ValueError as error:
        hold(type(error) in (ValueError, RefusedError), "a refusal is a sentence and not an accident", error)
        hold(bool(str(error).strip()), "a refusal says something")


def _duration(text: str) -> None:
    is_one = len(text) <= 64 and _DURATION.fullmatch(text) is not None
    exact = sum(
        int(Fraction(number.rstrip(".") if number.endswith(".") else number) * _NS[unit]) for number, unit in _terms(text, is_one)
    )
    exact = -exact if text.startswith("-") else exact
    try:
        nanoseconds = parse_duration(text)
    except ValueError:
        hold(not is_one or not -(2**63) <= exact < 2**63, "a duration of Go's grammar is one", text)
        raise
    hold(is_one and nanoseconds == exact, "a duration is what its terms add up to", text, nanoseconds, exact)
    hold(parse_duration(format_duration(nanoseconds)) == nanoseconds, "a duration can be written again", text)


def _terms(text: str, is_one: bool) -> list[tuple[str, str]]:
    return _TERM.findall(text.lstrip("+-")) if is_one else []


def _address(text: str) -> None:
    address = parse_address(text)
    hold(parse_address(str(address)) == address, "an address can be written again", text)


def _target(text: str) -> None:
    hold(str(TARGET.read(text)).isprintable(), "a target can be printed", text)


def _instant(text: str) -> None:
    instant_ns = parse_instant(text)
    hold(parse_instant(format_instant(instant_ns)) == instant_ns, "an instant can be written again", text)


def _threshold(text: str) -> None:
    threshold = parse_threshold(text)
    hold_one_line(str(threshold))
    hold(parse_threshold(str(threshold)) == threshold, "a threshold can be written again", text)


def _condition(text: str) -> None:
    condition = parse_condition(text)
    hold_one_line(condition.expression)
    hold(parse_condition(condition.expression) == condition, "a condition can be written again", text)


def _url(text: str) -> None:
    template = URL.read(text)
    if template is None:
        return
    try:
        url = expanded(str(template), {"A": "::1", "HOST_IP": "10.0.0.7", "_": "a/b"}).address
    except ConfigError as error:
        hold(all("reconcile.url" in str(problem) for problem in error.problems), "a refused URL is named", text)
        raise
    hold(url.isascii() and url.isprintable() and " " not in url, "what is asked is a URL", url)


def _scalar(text: str) -> None:
    value = resolve(text)
    if isinstance(value, bool | None | str):
        hold(not isinstance(value, str) or value == text, "a text stays what it is", text)
        return
    if isinstance(value, OddNumber):
        hold_one_line(value.why)
        return
    hold(len(text) <= LONGEST_NUMBER, "a number is short", text)
    exact = Fraction(int(text, 0)) if isinstance(value, int) and text[:2] in ("0x", "0o") else Fraction(text)
    hold(Fraction(value) == exact, "a number is exact", text, value)
    hold(not isinstance(value, Decimal) or Decimal(repr(float(value))) == value, "a number survives the way through JSON", text)


def _share(text: str) -> None:
    value = text if text.endswith("%") else resolve(text)
    hold(0 <= Percentage().read(value) <= 1, "a share is one", text)


def _setting(text: str) -> None:
    path, _, value = text.partition("=")
    load(None, environment={}, overrides=[Override("--set", path, value)])


_GRAMMARS: tuple[Callable[[str], None], ...] = (
    _duration,
    _address,
    _target,
    _instant,
    _threshold,
    _condition,
    _url,
    _scalar,
    _share,
    _setting,
)
