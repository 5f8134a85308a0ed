"""Phases of load: what they mean and what is said about a mistake."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction

import pytest

from vsock_loadgen.config.blocks import Level, Phase
from vsock_loadgen.config.load import Loaded
from vsock_loadgen.units import MINUTE

Load = Callable[..., Loaded]
Complain = Callable[..., list[str]]


def level(start: str, end: str | None = None) -> Level:
    """A constant, or a ramp."""
    return Level(Fraction(start), Fraction(start if end is None else end))


def phases(*items: str, before: str = "") -> str:
    """A config of phases, the first on line 3, one a line."""
    return f"loadgen:\n  {before}phases:\n" + "".join(f"    - {{{item}}}\n" for item in items)


def test_a_phase_has_a_constant_or_a_ramp_and_100_percent_at_rate_1_by_default(load_text: Load) -> None:
    loaded = load_text(
        phases(
            "name: up, duration: 10m, rate: {from: 0, to: 2.5}",
            "name: half, duration: 5m, vms: 50%",
            "name: down, duration: 1m, rate: 0, vms: {from: 100%, to: 12.5}",
            "name: flat, duration: 1m",
            before="repeatPhases: true\n  ",
        ),
        strict=True,
    )
    assert loaded.warnings == ()
    assert loaded.config.repeat_phases
    assert loaded.config.phases == (
        Phase("up", 10 * MINUTE, level("0", "2.5"), level("1")),
        Phase("half", 5 * MINUTE, level("1"), level("1/2")),
        Phase("down", MINUTE, level("0"), level("1", "1/8")),
        Phase("flat", MINUTE, level("1"), level("1")),
    )
    again = load_text(json.dumps({"loadgen": loaded.config.effective}), strict=True).config
    assert again == loaded.config
    assert again.effective == loaded.config.effective


RATE = "expected a number from 0 to 10,000"
VMS = "expected a percentage from 0 to 100, such as 5 or 5%"
RAMP = " (or a ramp, {from: ..., to: ...})"
MISTAKES = {
    "a rate below 0": (phases("name: a, duration: 1m, rate: -1"), [f"phases[0].rate: found -1, {RATE}{RAMP}"]),
    "a share above 100": (phases("name: a, duration: 1m, vms: 101%"), [f"phases[0].vms: found '101%', {VMS}{RAMP}"]),
    "a ramp to nowhere": (
        phases("name: a, duration: 1m, vms: {from: 5}"),
        ["phases[0].vms.to: missing; expected the value at the end of the ramp"],
    ),
    "a ramp with another key": (
        phases("name: a, duration: 1m, rate: {from: 5, to: 6, by: 1}"),
        ["phases[0].rate.by: unknown key; expected from, to"],
    ),
    "a ramp from a text": (phases("name: a, duration: 1m, rate: {from: x, to: 1}"), [f"phases[0].rate.from: found 'x', {RATE}"]),
    "no duration": (phases("name: a"), ["phases[0].duration: missing; expected the length of the phase, a duration such as 10m"]),
    "no time at all": (
        phases("name: a, duration: 0s"),
        ["phases[0].duration: found '0s', expected a duration from 1ms to 8760h, such as 1m30s"],
    ),
    "no rate anywhere": (phases("name: a, duration: 1m, rate: 0"), ["phases: every rate is 0, expected at least one above 0"]),
    "a misspelt key": (phases("name: a, duration: 1m, vm: 5"), ["phases[0].vm: unknown key; did you mean vms?"]),
}


@pytest.mark.parametrize(("text", "messages"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named_with_its_line(complaints: Complain, text: str, messages: list[str]) -> None:
    assert [message.split(": ", 1)[1] for message in complaints(text)] == messages
    assert all(message.startswith("loadgen.yaml:") for message in complaints(text))


def test_a_name_twice_is_an_error(complaints: Complain) -> None:
    assert complaints(phases("name: a, duration: 1m", "name: a, duration: 1m")) == [
        "loadgen.yaml:4: phases[1].name: found 'a' again (first: line 3), expected each name once"
    ]


def test_what_has_no_effect_is_warned_of(load_text: Load) -> None:
    def warned(text: str) -> list[str]:
        return list(map(str, load_text(text).warnings))

    assert warned("loadgen: {repeatPhases: true}") == ["loadgen.yaml:1: repeatPhases: has no effect without phases"]
    assert warned(phases("name: a, duration: 1m, vms: 0")) == [
        "loadgen.yaml:2: phases: no VM is ever switched on, so that nothing is due: raise vms"
    ]
    together = "reportInterval: {buckets: [{percent: 100, value: 1m, synchronized: true}]}\n  "
    changed = phases("name: a, duration: 1m, vms: 50", "name: b, duration: 1m, rate: 2", before=together)
    assert warned(changed) == [
        "loadgen.yaml:5: phases[1].rate: does not apply to the synchronized VMs, which keep to the wall clock; vms does"
    ]
    assert warned(phases("name: a, duration: 1m, vms: 50", before=together)) == []
