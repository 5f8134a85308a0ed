"""The figures that were kept of earlier runs, by machine, and what has changed since. Pure but for `read` and `write`.

Only ratios are kept, since they alone mean the same from one day to the next; and only a run on the same processor, in the same
form and with the same programs beside it is compared with them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.figures import SenderName
from bench.outcome import Outcome

KEPT_SCHEMA = "vsock-loadgen/bench-kept/v1"
FILE = Path(__file__).parent / "kept.json"
_SAME = ("processor", "python", "cc", "go")
_LEAST_CHANGE = 0.05
"""Medians of three rounds differ by so much on a quiet machine without any reason."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """Processor time per report of ours over a reference's, and how far the rounds of the two lie apart."""

    value: float
    spread: float


@dataclass(frozen=True, slots=True)
class Change:
    """A ratio as it was kept and as it is now."""

    scenario: str
    reference: SenderName
    before: Ratio
    now: Ratio

    @property
    def share(self) -> float:
        """By how much it has grown: 0.1 is a tenth slower."""
        return self.now.value / self.before.value - 1

    @property
    def meaning(self) -> str:
        """`slower` or `faster`; nothing if the rounds of either run lie as far apart."""
        if abs(self.share) <= max(_LEAST_CHANGE, self.before.spread, self.now.spread):
            return ""
        return "slower" if self.share > 0 else "faster"


Kept = Mapping[str, Mapping[str, Mapping[SenderName, Ratio]]]
"""Machine, scenario, reference."""


def machine_of(outcome: Outcome) -> str:
    """What has to be the same for two runs to be compared."""
    return "; ".join(outcome.machine.get(name, "") for name in _SAME)


def changes(outcome: Outcome, kept: Kept) -> list[Change]:
    """What was measured again of what was kept of this machine."""
    before = kept.get(machine_of(outcome), {})
    return [
        Change(scenario, reference, before[scenario][reference], ratio)
        for scenario, reference, ratio in _ratios(outcome)
        if reference in before.get(scenario, {})
    ]


def with_outcome(kept: Kept, outcome: Outcome) -> Kept:
    """What was kept, with the ratios of an outcome in place of those of the same scenarios on the same machine."""
    scenarios = dict(kept.get(machine_of(outcome), {}))
    for scenario, reference, ratio in _ratios(outcome):
        scenarios[scenario] = {**scenarios.get(scenario, {}), reference: ratio}
    return {**kept, machine_of(outcome): scenarios}


def _ratios(outcome: Outcome) -> Iterator[tuple[str, SenderName, Ratio]]:
    for measured in outcome.measured:
        for reference in measured.medians:
            if reference != "ours" and (value := measured.ratio(reference)) is not None:
                yield measured.scenario.name, reference, Ratio(value, max(map(measured.spread, ("ours", reference))))


def read(path: Path = FILE) -> Kept:
    """What a file keeps; nothing if there is none. Raises ValueError if it is not such a file."""
    if not path.exists():
        return {}
    document: dict[str, Any] = json.loads(path.read_text())
    if document.get("schema") != KEPT_SCHEMA:
        raise ValueError(f"{path}: found the schema {document.get('schema')!r}, expected {KEPT_SCHEMA!r}")
    return {
        machine: {name: {sender: Ratio(**ratio) for sender, ratio in senders.items()} for name, senders in scenarios.items()}
        for machine, scenarios in document["machines"].items()
    }


def write(kept: Kept, path: Path = FILE) -> None:
    """Put it into a file, in the order of its names, so that two versions are easily compared."""
    machines = {
        machine: {name: {sender: asdict(ratio) for sender, ratio in senders.items()} for name, senders in scenarios.items()}
        for machine, scenarios in kept.items()
    }
    path.write_text(json.dumps({"schema": KEPT_SCHEMA, "machines": machines}, indent=1, sort_keys=True) + "\n")
