"""The block `limits`: what the plan is held against before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic_core import PydanticCustomError

from vsock_loadgen.config.model import Limits
from vsock_loadgen.grammar.block import Block
from vsock_loadgen.grammar.leaves import Leaf, Number, WholeNumber, expected

_MOST_BYTES = 2**40
_MOST_DESCRIPTORS = 2**30
_MOST_REPORTS = Fraction(1_000_000_000)


@dataclass(frozen=True, slots=True)
class AutoLimit(Leaf):
    """A number, the word none for no limit (read as None), or the word auto for the one that is known."""

    kind = "number"
    number: WholeNumber | Number

    @property
    def wanted(self) -> str:
        return f"auto, none or {self.number.wanted}"

    def read(self, value: object) -> Any:
        if value in ("auto", "none"):
            return "auto" if value == "auto" else None
        try:
            return self.number.read(value)
        except PydanticCustomError:
            raise expected(self.wanted) from None

    def show(self, value: Any) -> object:
        if value is None or value == "auto":
            return value or "none"
        return self.number.show(value)

    def json_schema(self) -> dict[str, object]:
        return {"anyOf": [self.number.json_schema(), {"enum": ["auto", "none"]}]}


_BYTES = AutoLimit(WholeNumber(1, _MOST_BYTES))
_RATE = AutoLimit(Number(Fraction(0), _MOST_REPORTS, above=True))
_VMS = AutoLimit(WholeNumber(1, 100_000))
_DESCRIPTORS = AutoLimit(WholeNumber(1, _MOST_DESCRIPTORS))
_AUTO = Limits()


class LimitsBlock(Block):
    """What the plan warns of. Each is a number, none, or auto: the limit as the real pipeline and this machine have it."""

    max_report_bytes: Annotated[int | Literal["auto"] | None, _BYTES] = Field(
        _AUTO.max_report_bytes, description="Bytes of a report; auto: 16 MiB, what the relay reads; none with an embedded target."
    )
    reports_per_minute_per_vm: Annotated[Fraction | Literal["auto"] | None, _RATE] = Field(
        _AUTO.reports_per_minute_per_vm,
        description="Reports a minute of one VM; auto: 1, what the relay passes on; none with an embedded target.",
    )
    cluster_reports_per_second: Annotated[Fraction | Literal["auto"] | None, _RATE] = Field(
        _AUTO.cluster_reports_per_second,
        description="Reports a second of the whole fleet; auto: 0.3, what Central accepts; none with an embedded target.",
    )
    vms_per_node: Annotated[int | Literal["auto"] | None, _VMS] = Field(
        _AUTO.vms_per_node, description="VMs of one node; auto: 10,000, beyond which their CIDs reach into the next node's."
    )
    descriptors: Annotated[int | Literal["auto"] | None, _DESCRIPTORS] = Field(
        _AUTO.descriptors, description="Files that one sending process may open; auto: the hard limit of this process."
    )
