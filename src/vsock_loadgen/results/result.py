"""The outcome of a run as one record, and as one JSON document: a contract (`vsock-loadgen/result/v1`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import itemgetter
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field

from vsock_loadgen.errors import EXIT_DONE, EXIT_SATURATED
from vsock_loadgen.measures.cells import PHASE
from vsock_loadgen.measures.figures import PartFigures
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.series import IN_DOCUMENT, SeriesRow
from vsock_loadgen.measures.snapshot import Counts, Times
from vsock_loadgen.measures.spread import IN_DOCUMENT as SPREAD_IN_DOCUMENT
from vsock_loadgen.measures.spread import SpreadColumn
from vsock_loadgen.record import (
    FLAT,
    LATER,
    AnyText,
    As,
    Derived,
    Flag,
    Like,
    MisfitError,
    Nanoseconds,
    Number,
    Record,
    Text,
    Unmade,
    Whole,
    object_of,
    shown,
)
from vsock_loadgen.results.clocks import ClockStep, in_all
from vsock_loadgen.results.ended import Ended, Instant
from vsock_loadgen.results.groups import GroupResult, GroupResults
from vsock_loadgen.results.known import Known
from vsock_loadgen.results.measured import IN_TOTALS, LAG, RESPONSE, SERVICE, Measured, PhaseResult
from vsock_loadgen.results.reconciliation import Reconciliation
from vsock_loadgen.results.sensor_reconciliation import SensorReconciliation
from vsock_loadgen.results.thresholds import Abortion, JudgedThreshold
from vsock_loadgen.units import SECOND, parse_duration

RESULT_SCHEMA = "vsock-loadgen/result/v1"
_LONG_PARTS = frozenset(
    {
        "schema",
        "config",
        "plan",
        "series_width_seconds",
        "series",
        "spread_width_seconds",
        "spread",
        "histograms",
        "receiver",
        "groups",
    }
)

ROWS = ("spread", "series")
"""The keys that have a row for every stretch of time, in the order of the document, at its end."""

Confirmation = Literal["reconciled", "receipt", "strong", "weak", "none"]
"""What proves delivery: `reconciled`, the target's own counters account for every delivered report; `receipt`, the asker showed
that it had read as far as the last piece; `strong`, the kernel would have shown a peer that closed without reading; `weak`, it
might have hidden one; `none`, it was not checked."""

Status = Literal["passed", "failed", "invalid", "not judged"]
"""What a run shows: `invalid` if it proves nothing about the target, `not judged` if there was nothing to judge, or nothing due."""
UNJUDGED: Status = "not judged"


def _duration(text: str) -> str:
    try:
        parse_duration(text)
    except ValueError:
        raise ValueError(f"found {shown(text)}, expected a duration such as 1m30s") from None
    return text


@dataclass(frozen=True, slots=True)
class Verdict(Record):
    """The judgement, each reason a sentence.

    `exit_code` is what the process should end with.
    """

    status: Status
    reasons: tuple[AnyText, ...]
    exit_code: Whole

    def checked(self) -> Self:
        """A code fits its status."""
        if self.exit_code > EXIT_SATURATED or (self.status in ("passed", UNJUDGED)) != (self.exit_code == EXIT_DONE):
            raise MisfitError(f"found {self.exit_code}, expected that of a verdict {self.status!r}", "exit_code")
        return self


_SLICE = Like(object_of(node_index=Whole | None, node_count=Whole, first_vm=Whole, vms=Whole))
_NODE: Any = object_of(index=Whole, vms=Whole)
_PLAN = Like(object_of(digest=Text, vm_count=Whole, seed=object, time_scale=object, nodes=list[_NODE]))
"""Only what results are compared by."""
_CONFIG = Like(object_of(duration=(Annotated[Text, AfterValidator(_duration)], "")))
"""Only the keys that figures are computed with."""
_GENERATOR = Like(object_of(workers=Whole, worker_cpu_seconds=list[object], parent_cpu_seconds=Number, share_of_machine=Number))


@dataclass(frozen=True, slots=True, kw_only=True)
class Result(Measured):
    """Everything that is known at the end of a run (or so far, if nothing has `ended` it): the document, key by key.

    `plan` is the plan document of the whole fleet, `slice` what of it this process had; `receiver` is the receiving side's
    document where the run had one of its own, `asked` is there where the fleet was asked for its reports, `reconciliation`
    what the target's counters say where they were asked, and `sensor` what Sensor's do.
    `warnings` are sentences about what happened around the run; `clock_steps` say when its clocks drifted apart, and how far.
    """

    schema: ClassVar[Any] = Derived(lambda _: RESULT_SCHEMA)
    complete: Flag
    ended: Annotated[Ended | None, LATER] = None
    verdict: Verdict
    confirmation: Confirmation
    warnings: tuple[AnyText, ...] = ()
    clock_steps: Annotated[tuple[ClockStep, ...], LATER] = ()
    started_at: Instant
    elapsed_ns: Annotated[Nanoseconds, Field(alias="elapsed_seconds")]
    seed: ClassVar[Any] = Derived(lambda result: result.plan["seed"])
    time_scale: ClassVar[Any] = Derived(lambda result: result.plan["time_scale"])
    counts: Annotated[Counts, IN_TOTALS, FLAT]
    response_time_seconds: ClassVar[Any] = RESPONSE
    service_time_seconds: ClassVar[Any] = SERVICE
    lag_seconds: ClassVar[Any] = LAG
    errors: Annotated[Mapping[FailureClass, Text], Field(alias="last_errors")]
    phases: tuple[PhaseResult, ...] = ()
    groups: Annotated[GroupResults | None, LATER] = None
    thresholds: tuple[JudgedThreshold, ...] = ()
    abortion: Annotated[Abortion | None, Field(alias="aborted")] = None
    asked: Annotated[Known | None, LATER] = None
    receiver: Mapping[str, object] | None
    reconciliation: Reconciliation | None = None
    sensor: Annotated[SensorReconciliation | None, LATER] = None
    slice: Annotated[Mapping[str, Any], _SLICE]
    config: Annotated[Mapping[str, object], _CONFIG]
    plan_digest: ClassVar[Any] = Derived(lambda result: result.plan["digest"])
    plan: Annotated[Mapping[str, Any], _PLAN]
    generator: Annotated[Mapping[str, Any], _GENERATOR]
    environment: Mapping[str, object]
    series_width_seconds: Annotated[Whole, AfterValidator(lambda width: max(1, width))]
    times: Annotated[Times, Field(alias="histograms")]
    spread_width_seconds: Annotated[Whole | None, LATER] = None
    spread: Annotated[tuple[SpreadColumn, ...], SPREAD_IN_DOCUMENT, LATER] = ()
    series: Annotated[Sequence[SeriesRow], IN_DOCUMENT]

    @classmethod
    def read(cls, document: object) -> Self:
        """The result that `to_json` wrote: the same figures, times within a nanosecond.

        Raises ValueError, with the path of the first wrong value, if the document is not a result or contradicts itself.
        """
        if not isinstance(document, dict):
            raise ValueError("not a result: expected a JSON object")
        if (schema := document.get("schema")) != RESULT_SCHEMA:
            raise ValueError(f'not a result: found "schema" {shown(schema)}, expected "{RESULT_SCHEMA}"')
        return super(Result, cls).read(document)

    def checked(self) -> Self:
        """With what the reconciliation has of the accounts, and the verdict as it is called today."""
        result = super(Result, self).checked()
        if result.ended is None and result.verdict.status == "passed" and not result.thresholds and result.counts.undelivered:
            result = replace(result, verdict=replace(result.verdict, status=UNJUDGED))  # as older releases meant it
        if (found := result.reconciliation) is None:
            return result
        return replace(result, reconciliation=Reconciliation.of(found.url, result.counts, found.growth, found.problem))

    @property
    def mode(self) -> Literal["push", "pull"]:
        """Whether reports were sent, or asked for."""
        return "push" if self.asked is None else "pull"

    def part(self, dimension: str, name: str) -> PartFigures | None:
        """What fell due in a phase, or in a group; None if there is none, or it has no VMs here."""
        part: PhaseResult | GroupResult | None
        if dimension == PHASE:
            part = next((phase for phase in self.phases if phase.name == name), None)
        else:
            part = self.groups.found(dimension, name) if self.groups else None
            part = part if part and part.vms else None
        return PartFigures(part.counts, part.times, self.elapsed_ns) if part else None

    def summary(self) -> dict[str, object]:
        """The document without its long parts: what a log has room for."""
        short = {key: value for key, value in self.outline().items() if key not in _LONG_PARTS}
        return {key: value.whole() if isinstance(value, Unmade) else value for key, value in short.items()}


_KEPT = ("verdict", "confirmation", "complete", "plan_digest", "elapsed_seconds", "totals", "failures")
_IN_SHORT = As(Result, lambda result: dict(zip(_KEPT, itemgetter(*_KEPT)(result.summary()), strict=True)), lambda result: result)


@dataclass(frozen=True, slots=True)
class Named(Record):
    """A result, and the file that it came from."""

    name: str
    result: Annotated[Result, _IN_SHORT, FLAT]

    @property
    def vms(self) -> range:
        """Global indices of its VMs."""
        first = self.result.slice["first_vm"]
        return range(first, first + self.result.slice["vms"])

    @property
    def node(self) -> int | None:
        """Index of its node; None if it is a sum of several nodes already."""
        index = self.result.slice.get("node_index")
        return index if isinstance(index, int) else None

    @property
    def began_ns(self) -> int:
        """Nanoseconds since the epoch at which its schedule began."""
        return round(datetime.fromisoformat(self.result.started_at).timestamp() * SECOND)

    @property
    def ended_ns(self) -> int:
        """Nanoseconds since the epoch at which its last report was over: no clock of the run has counted a suspension."""
        return self.began_ns + self.result.elapsed_ns + in_all(self.result.clock_steps)[0]
