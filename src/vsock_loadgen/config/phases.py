"""The list `phases`: how much of the load there is, stretch by stretch of the run."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from vsock_loadgen.config.model import Level, Phase
from vsock_loadgen.grammar.block import Block
from vsock_loadgen.grammar.leaves import Duration, Leaf, Name, Number, Percentage
from vsock_loadgen.units import HOUR, MILLISECOND

MOST_RATE = 10_000
RATE = Number(Fraction(0), Fraction(MOST_RATE))
VMS = Percentage()
PHASE_DURATION = Duration(MILLISECOND, 365 * 24 * HOUR)
_ONE = Fraction(1)
_BY_LEVEL = Discriminator(lambda value: "form:ramp" if isinstance(value, dict) else "form:constant")


class RateRamp(Block):
    """A rate that goes in a straight line from one factor to another."""

    start: Annotated[Fraction, RATE] = Field(alias="from", description="Factor at the start of the phase.")
    end: Annotated[Fraction, RATE] = Field(alias="to", description="Factor at its end.")


class VmsRamp(Block):
    """A share of the fleet that goes in a straight line from one percentage to another."""

    start: Annotated[Fraction, VMS] = Field(alias="from", description="Percentage at the start of the phase.")
    end: Annotated[Fraction, VMS] = Field(alias="to", description="Percentage at its end.")


class PhaseBlock(Block):
    """A stretch of the run with its own load."""

    name: Annotated[str, Name()] = Field(description="Name of the phase, in the live view, the report and thresholds.")
    duration: Annotated[int, PHASE_DURATION] = Field(description="Its length, a duration; `timeScale` divides it.")
    rate: Annotated[Annotated[Fraction, RATE, Tag("form:constant")] | Annotated[RateRamp, Tag("form:ramp")], _BY_LEVEL] = Field(
        _ONE, description="How often VMs report beside what their intervals say: 2 is twice as often; or a ramp {from, to}."
    )
    vms: Annotated[Annotated[Fraction, VMS, Tag("form:constant")] | Annotated[VmsRamp, Tag("form:ramp")], _BY_LEVEL] = Field(
        _ONE, description="Percentage of the fleet that is switched on, from 0 to 100; or a ramp {from, to}."
    )


def phases_of(blocks: Sequence[PhaseBlock]) -> tuple[Phase, ...]:
    """The phases as the plan reads them."""
    return tuple(Phase(block.name, block.duration, _level(block.rate), _level(block.vms)) for block in blocks)


def _level(read: Fraction | RateRamp | VmsRamp) -> Level:
    return Level(read, read) if isinstance(read, Fraction) else Level(read.start, read.end)


def show_phase(phase: Any) -> dict[str, object]:
    """A phase as JSON holds it, under the keys of the file."""
    return {
        "name": phase.name,
        "duration": PHASE_DURATION.show(phase.duration_ns),
        "rate": _show_level(phase.rate, RATE),
        "vms": _show_level(phase.vms, VMS),
    }


def _show_level(level: Level, leaf: Leaf) -> object:
    if level.start == level.end:
        return leaf.show(level.start)
    return {"from": leaf.show(level.start), "to": leaf.show(level.end)}
