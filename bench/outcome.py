"""Everything that a bench run found, as one record and as one JSON document. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from bench.figures import Figures, Judgement, SenderName, judge, medians, ratio, spread
from bench.scenarios import Scenario

BENCH_SCHEMA = "vsock-loadgen/bench/v1"


@dataclass(frozen=True, slots=True)
class Measured:
    """A scenario and its runs, in the order in which they were made; `skipped` says why a sender, or all of it, has none."""

    scenario: Scenario
    runs: Mapping[SenderName, Sequence[Figures]]
    skipped: Sequence[str] = ()

    @property
    def medians(self) -> dict[SenderName, Figures]:
        """The medians of the senders that have runs."""
        return {sender: medians(runs) for sender, runs in self.runs.items() if runs}

    def ratio(self, sender: SenderName) -> float | None:
        """Processor time per report of ours over this sender's, of the medians."""
        found = self.medians
        return ratio(found["ours"], found.get(sender), "cpu_us_per_report") if "ours" in found else None

    def spread(self, sender: SenderName) -> float:
        """How far the rounds of a sender lie apart in processor time per report."""
        return spread([run.cpu_us_per_report for run in self.runs[sender]])

    def judgements(self) -> list[Judgement]:
        """Its budgets, judged."""
        found = self.medians
        return [judge(self.scenario.name, budget, found) for budget in self.scenario.budgets]


@dataclass(frozen=True, slots=True)
class Pressed:
    """A scenario under pressure: its accounts, how late the generator was, and the claims that must hold (None: not run)."""

    name: str
    facts: Mapping[str, float | None]
    claims: Mapping[str, bool]
    skipped: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One call of the bench. `machine` describes where it ran, in words."""

    machine: Mapping[str, str]
    rounds: int
    measured: Sequence[Measured]
    pressed: Sequence[Pressed]

    def judgements(self) -> list[Judgement]:
        """All budgets, judged."""
        return [judgement for measured in self.measured for judgement in measured.judgements()]

    def to_json(self) -> dict[str, object]:
        """The document."""
        return {
            "schema": BENCH_SCHEMA,
            "machine": dict(self.machine),
            "rounds": self.rounds,
            "scenarios": [_scenario_document(measured) for measured in self.measured],
            "budgets": [judgement.to_json() for judgement in self.judgements()],
            "pressure": [asdict(pressed) for pressed in self.pressed],
        }


def _scenario_document(measured: Measured) -> dict[str, object]:
    found = measured.medians
    return {
        "name": measured.scenario.name,
        "scenario": asdict(measured.scenario),
        "skipped": list(measured.skipped),
        "medians": {sender: figures.to_json() for sender, figures in found.items()},
        "cpu_ratios": {sender: measured.ratio(sender) for sender in found if sender != "ours"},
        "rounds": {sender: [figures.to_json() for figures in runs] for sender, runs in measured.runs.items()},
    }
