"""Ratios are compared with those that were kept of the same machine, and of no other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from bench.figures import Figures
from bench.kept import Change, Ratio
from bench.outcome import Measured, Outcome
from bench.scenarios import Scenario

from bench import kept

MACHINE = {"processor": "2 x Some (family 6, model 1)", "python": "3.11, ours is compiled", "load average at the start": "0.1"}
SCENARIO = Scenario(name="some", group="saturation", vms=1, packages=1, interval_us=1, seconds=1)


def outcome(*ours: float, machine: dict[str, str] = MACHINE) -> Outcome:
    """One scenario in which a report costs the C floor 10 us, and ours so much in each round."""
    rounds = [
        Figures(
            reports_per_second=1,
            cpu_us_per_report=cost,
            user_us_per_report=1,
            sink_us_per_report=1,
            sink_share=0,
            others_share=0,
        )
        for cost in (*ours, 10)
    ]
    return Outcome(machine, 3, [Measured(SCENARIO, {"ours": rounds[:-1], "floor": rounds[-1:]})], [])


@pytest.mark.parametrize(
    ("before", "now", "meaning"),
    [
        ((10, 10), (10.4, 10.4), ""),
        ((10, 10), (12, 12), "slower"),
        ((10, 10), (8, 8), "faster"),
        ((9, 11), (11.5, 11.5), ""),
        ((10, 10), (10, 12, 14), ""),
    ],
)
def test_a_ratio_is_slower_if_it_moved_further_than_its_rounds_lie_apart(
    before: tuple[float, ...], now: tuple[float, ...], meaning: str
) -> None:
    (change,) = kept.changes(outcome(*now), kept.with_outcome({}, outcome(*before)))
    assert change.meaning == meaning


def test_another_machine_is_not_compared(tmp_path: Path) -> None:
    other = {**MACHINE, "processor": "2 x Another"}
    kept.write(kept.with_outcome({}, outcome(10, machine=other)), tmp_path / "kept.json")
    assert kept.changes(outcome(20), kept.read(tmp_path / "kept.json")) == []


def test_what_is_kept_is_read_again_and_only_what_was_measured_is_replaced(tmp_path: Path) -> None:
    first = kept.with_outcome({}, outcome(10))
    (machine,) = first
    first = {machine: {**first[machine], "other": {"go": Ratio(0.5, 0.1)}}}
    kept.write(kept.with_outcome(first, outcome(15)), tmp_path / "kept.json")
    found = kept.read(tmp_path / "kept.json")
    assert found[machine] == {"some": {"floor": Ratio(1.5, 0)}, "other": {"go": Ratio(0.5, 0.1)}}
    assert kept.read(tmp_path / "none.json") == {}


def test_a_file_that_keeps_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kept.json").write_text('{"schema": "other"}')
    with pytest.raises(ValueError, match="other"):
        kept.read(tmp_path / "kept.json")


def test_a_change_says_by_how_much() -> None:
    change = Change("some", "go", Ratio(1.0, 0.0), Ratio(1.25, 0.0))
    assert change.share == 0.25
    assert replace(change, now=Ratio(1.0, 0.0)).meaning == ""
