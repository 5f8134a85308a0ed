"""Reads a result document back into the record that it was written from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar, cast, get_args

from vsock_loadgen.errors import EXIT_DONE, EXIT_SATURATED
from vsock_loadgen.measures.fields import MOST, Fields, shown
from vsock_loadgen.measures.histogram import Histogram, bucket_of
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.reconciliation import DROPS, Reconciliation, TargetCounters
from vsock_loadgen.measures.result import RESULT_SCHEMA, Confirmation, Measured, PhaseResult, Result, Status, Verdict
from vsock_loadgen.measures.series import Quantiles, SeriesRow
from vsock_loadgen.measures.snapshot import Counts, Times
from vsock_loadgen.measures.thresholds import Abortion, JudgedThreshold, Unit
from vsock_loadgen.units import SECOND, parse_duration

T = TypeVar("T")

_LAST_BUCKET = bucket_of(MOST)  # the bounds of one far beyond would be numbers that fill the memory
_LARGEST_SUM = MOST**2


def read_result(document: object) -> Result:
    """The result that `Result.to_json` wrote: the same figures, times within a nanosecond.

    Raises ValueError, with the path of the first wrong value, where the document is none or contradicts itself.
    """
    if not isinstance(document, dict):
        raise ValueError("not a result: expected a JSON object")
    top = Fields.of(document)
    if (schema := document.get("schema")) != RESULT_SCHEMA:
        raise ValueError(f'not a result: found "schema" {shown(schema)}, expected "{RESULT_SCHEMA}"')
    times = _times(top.fields("histograms"))
    counts = _counts(top, times)
    return Result(
        config=_config(top.fields("config")),
        plan=_plan(top.fields("plan")),
        slice=_slice(top.fields("slice")),
        started_at=_instant(top, "started_at"),
        elapsed_ns=_ns(top.number("elapsed_seconds")),
        counts=counts,
        times=times,
        series=[_row(row) for row in top.items("series")],
        series_width_seconds=max(1, top.count("series_width_seconds")),
        errors=_by_failure(top.fields("last_errors"), Fields.text),
        confirmation=cast(Confirmation, top.choice("confirmation", *get_args(Confirmation))),
        complete=top.flag("complete"),
        verdict=_verdict(top.fields("verdict")),
        thresholds=[_threshold(fields) for fields in top.items("thresholds")],
        abortion=None if top.value("aborted") is None else _abortion(top.fields("aborted")),
        warnings=tuple(str(warning) for warning in top.elements("warnings")),
        phases=[_phase(fields) for fields in top.items("phases")],
        reconciliation=None if top.value("reconciliation") is None else _reconciliation(top.fields("reconciliation"), counts),
        receiver=None if top.value("receiver") is None else top.fields("receiver").values,
        generator=_generator(top.fields("generator")),
        environment=top.fields("environment").values,
    )


def _ns(seconds: float) -> int:
    return round(seconds * SECOND)


def _by_failure(fields: Fields, take: Callable[[Fields, str], T]) -> dict[FailureClass, T]:
    """A value for each failure class that the object names."""
    for name in fields.values:
        if name not in set(FailureClass):
            raise ValueError(f"{fields.path}: found {name!r}, expected the failure classes {', '.join(FailureClass)}")
    return {FailureClass(name): take(fields, name) for name in fields.values}


def _counts(top: Fields, times: Times) -> Counts:
    """The accounts of a result or of one of its phases, held against its histograms."""
    totals = top.fields("totals")
    counts = Counts(
        due=totals.count("due"),
        started=times.lag.count,
        delivered=totals.count("delivered"),
        skipped=totals.count("skipped"),
        in_flight=totals.count("in_flight"),
        unfinished=totals.count("unfinished"),
        bytes=totals.count("bytes"),
        failures=_by_failure(top.fields("failures"), Fields.count),
    )
    if not counts.balanced or counts.failed != totals.count("failed"):
        parts = f"{counts.delivered} + {counts.failed} + {counts.skipped} + {counts.in_flight} + {counts.unfinished}"
        raise ValueError(
            f"{totals.path}: found {counts.due} due and {totals.count('failed')} failed, expected failed to be the sum of "
            f"failures, and due of delivered + failed + skipped + in_flight + unfinished, which is {parts}"
        )
    for name, recorded in (("response_time", times.response), ("service_time", times.service)):
        if recorded.count != counts.delivered:
            place = top.fields("histograms").at(name)
            raise ValueError(f"{place}: found {recorded.count:,} reports, expected totals.delivered, {counts.delivered:,}")
    return counts


def _times(histograms: Fields) -> Times:
    return Times(*(_histogram(histograms.fields(name)) for name in ("response_time", "service_time", "lag")))


def _histogram(fields: Fields) -> Histogram:
    try:
        made = Histogram.from_json(fields.values)
    except ValueError as error:
        raise ValueError(f"{fields.path}: {error}") from error
    if not all(0 <= bucket <= _LAST_BUCKET and 0 <= count <= MOST for bucket, count in made.counts.items()):
        raise ValueError(f"{fields.path}: found a negative number or a huge one, expected counts by bucket")
    if not 0 <= made.largest <= MOST or not -_LARGEST_SUM <= made.total <= _LARGEST_SUM:
        raise ValueError(f"{fields.path}: found a huge sum or max, expected nanoseconds")
    return made


def _row(row: Fields) -> SeriesRow:
    return SeriesRow(
        second=row.count("t"),
        due=row.count("due"),
        started=row.count("started"),
        delivered=row.count("delivered"),
        skipped=row.count("skipped"),
        in_flight=row.count("in_flight"),
        bytes=row.count("bytes"),
        failures=_by_failure(row.fields("failures"), Fields.count),
        response=_quantiles(row.fields("response_time_seconds")),
        service=_quantiles(row.fields("service_time_seconds")),
        lag=_quantiles(row.fields("lag_seconds")),
    )


def _quantiles(fields: Fields) -> Quantiles:
    return Quantiles(
        *(None if fields.value(name) is None else _ns(fields.number(name)) for name in ("p50", "p95", "p99", "max")),
    )


def _verdict(fields: Fields) -> Verdict:
    reasons = tuple(str(reason) for reason in fields.elements("reasons"))
    status, exit_code = fields.choice("status", *get_args(Status)), fields.count("exit_code")
    if exit_code > EXIT_SATURATED or (status == "passed") != (exit_code == EXIT_DONE):
        raise ValueError(f"{fields.at('exit_code')}: found {exit_code}, expected that of a verdict {status!r}")
    return Verdict(cast(Status, status), reasons, exit_code)


def _threshold(fields: Fields) -> JudgedThreshold:
    return JudgedThreshold(
        fields.text("expression"),
        cast(Unit, fields.choice("unit", *get_args(Unit))),
        None if fields.value("value") is None else fields.number("value"),
        fields.flag("passed"),
    )


def _abortion(fields: Fields) -> Abortion:
    return Abortion(_ns(fields.number("at_seconds")), tuple(_threshold(missed) for missed in fields.items("missed")))


def _phase(fields: Fields) -> PhaseResult:
    times = _times(fields.fields("histograms"))
    return PhaseResult(fields.text("name"), Measured(_counts(fields, times), times))


def _reconciliation(fields: Fields, counts: Counts) -> Reconciliation:
    problem = "" if fields.value("problem") is None else fields.text("problem")
    growth = None if fields.value("received") is None else _growth(fields, fields.fields("dropped"))
    return Reconciliation.of(fields.text("url"), counts, growth, problem)


def _growth(fields: Fields, dropped: Fields) -> TargetCounters:
    no_handler, rate_limited, not_forwarded = (dropped.count(kind) for kind in DROPS)
    return TargetCounters(
        accepted=fields.count("accepted"),
        received=fields.count("received"),
        mismatching_cid=fields.count("mismatching_cid"),
        rate_limited=rate_limited,
        no_handler=no_handler,
        forwarded=fields.count("forwarded"),
        not_forwarded=not_forwarded,
    )


def _config(config: Fields) -> Mapping[str, object]:
    """The config, of which only the keys that figures are computed with are checked."""
    if "duration" in config.values:
        try:
            parse_duration(config.text("duration"))
        except ValueError:
            raise ValueError(
                f"config.duration: found {shown(config.value('duration'))}, expected a duration such as 1m30s"
            ) from None
    return config.values


def _instant(top: Fields, key: str) -> str:
    text = top.text(key)
    try:
        is_certain = datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        is_certain = False
    if not is_certain:
        raise ValueError(f"{top.at(key)}: found {shown(text)}, expected an instant such as 2026-01-31T12:00:00+00:00")
    return text


def _generator(generator: Fields) -> Mapping[str, object]:
    generator.count("workers")
    generator.elements("worker_cpu_seconds")
    for key in ("parent_cpu_seconds", "share_of_machine"):
        generator.number(key)
    return generator.values


def _plan(plan: Fields) -> Mapping[str, object]:
    """The plan document, of which only what results are held against each other by is checked."""
    plan.text("digest")
    plan.count("vm_count")
    for key in ("seed", "time_scale"):
        plan.value(key)
    for node in plan.items("nodes"):
        node.count("index")
        node.count("vms")
    return plan.values


def _slice(own: Fields) -> Mapping[str, object]:
    if own.value("node_index") is not None:
        own.count("node_index")
    for key in ("node_count", "first_vm", "vms"):
        own.count(key)
    return own.values
