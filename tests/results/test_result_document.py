"""A result document is read back into the result that it was written from; anything else is refused with the place of the fault."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from run_example import result_of, times_of
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.snapshot import Counts, Times
from vsock_loadgen.results.measured import PhaseResult
from vsock_loadgen.results.reconciliation import Reconciliation, TargetCounters
from vsock_loadgen.results.result import Result
from vsock_loadgen.results.thresholds import Abortion, JudgedThreshold

MISSED = JudgedThreshold("response_time.p99 < 500ms", None, "seconds", False)
GENERATOR = {"workers": 1, "worker_cpu_seconds": [0.5], "parent_cpu_seconds": 0.25, "share_of_machine": 0.1, "saturation": None}


def sound_result() -> Result:
    """A result whose parts all agree with each other."""
    counts = Counts(due=7, started=6, delivered=4, skipped=1, bytes=400, failures={FailureClass.RESET: 2})
    times = times_of(200_000_000, 100_000_000, 1_000_000, 4)
    times.lag.record(3_000_000, 2)
    return replace(
        result_of(counts, times, {FailureClass.RESET: "reset by peer"}),
        thresholds=(MISSED,),
        phases=(PhaseResult("ramp", counts, times), PhaseResult("hold", Counts(), Times())),
        abortion=Abortion(3_000_000_000, (MISSED,)),
        reconciliation=Reconciliation.of(
            "http://h/metrics", counts, TargetCounters(accepted=7, received=4, forwarded=3, rate_limited=1)
        ),
        receiver={"reports": 4},
        generator=GENERATOR,
        series_width_seconds=1,
    )


def document_of(result: Result) -> dict[str, Any]:
    """The document as it comes from a file."""
    document: dict[str, Any] = json.loads(json.dumps(result.to_json()))
    return document


def test_a_result_survives_its_document() -> None:
    result = sound_result()
    read = Result.read(document_of(result))
    assert read == result
    assert document_of(read) == document_of(result)


def test_a_result_without_optional_parts_survives_as_well() -> None:
    result = replace(sound_result(), phases=(), abortion=None, reconciliation=None, receiver=None, thresholds=())
    assert Result.read(document_of(result)) == result


def test_counters_that_could_not_be_read_stay_unread() -> None:
    result = sound_result()
    unread = Reconciliation.of("http://h/metrics", result.counts, None, "connection refused")
    assert Result.read(document_of(replace(result, reconciliation=unread))).reconciliation == unread


def changed(path: str, value: object) -> dict[str, Any]:
    """The document of a sound result with another value at a path."""
    document = document_of(sound_result())
    *parents, last = path.split(".")
    place: Any = document
    for key in parents:
        place = place[int(key)] if isinstance(place, list) else place[key]
    place[last] = value
    return document


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("schema", "vsock-loadgen/plan/v1", 'not a result: found "schema" "vsock-loadgen/plan/v1"'),
        ("complete", "yes", 'complete: found "yes", expected true or false'),
        ("totals", [], "totals: found [], expected an object"),
        ("totals.due", -1, "totals.due: found -1, expected a whole number from 0"),
        ("totals.due", True, "totals.due: found true, expected a whole number from 0"),
        ("totals.due", 8, "delivered + failed + skipped + in_flight + unfinished, which is 4 + 2 + 1 + 0 + 0"),
        ("totals.failed", 1, "totals: found 7 due and 1 failed, expected failed to be the sum of failures"),
        ("failures", {"melted": 2}, "failures: found 'melted', expected the failure classes connect, write"),
        ("elapsed_seconds", "4 s", 'elapsed_seconds: found "4 s", expected a number from 0'),
        ("started_at", "yesterday", 'started_at: found "yesterday", expected an instant'),
        ("started_at", "2026-01-31T12:00:00", "expected an instant such as 2026-01-31T12:00:00+00:00"),
        ("confirmation", "sure", 'confirmation: found "sure", expected reconciled or receipt or strong or weak or none'),
        ("verdict.status", "fine", "verdict.status: found"),
        ("verdict.exit_code", 5, "verdict.exit_code: found 5, expected that of a verdict 'passed'"),
        ("verdict.exit_code", 3, "verdict.exit_code: found 3, expected that of a verdict 'passed'"),
        ("histograms.lag.counts", [[1.5, 6]], "histograms.lag: counts of a histogram are not pairs of numbers"),
        ("histograms.lag.counts", ["16"], "histograms.lag: counts of a histogram are not pairs of numbers"),
        ("histograms.response_time.counts", [[1, 3]], "histograms.response_time: found 3 reports, expected totals.delivered, 4"),
        ("histograms.lag.counts", [[-1, 3]], "histograms.lag: found a negative number"),
        ("totals.due", 10**400, f"totals.due: found {10**59}..., expected a whole number from 0 to {2**63 - 1}"),
        ("elapsed_seconds", 10**400, "expected a number from 0 to 1e+15"),
        ("elapsed_seconds", 1e300, "elapsed_seconds: found 1e+300, expected a number from 0 to 1e+15"),
        ("histograms.lag.counts", [[10**18, 3]], "histograms.lag: found a negative number or a huge one"),
        ("histograms.lag.counts", [[1, 10**400]], "histograms.lag: found a negative number or a huge one"),
        ("histograms.lag.sum", 10**400, "histograms.lag: found a huge sum or max"),
        ("histograms.lag.max", 10**400, "histograms.lag: found a huge sum or max"),
        ("histograms.lag.subbucket_bits", 11, "histograms.lag: not a histogram of this layout"),
        ("series.0.due", None, "series[0].due: found null, expected a whole number from 0"),
        ("config", {"duration": "soon"}, 'config.duration: found "soon", expected a duration'),
        ("plan.nodes", {}, "plan.nodes: found {}, expected a list"),
        ("generator.workers", 0.5, "generator.workers: found 0.5"),
        ("slice", {"node_index": None}, "slice.node_count is missing"),
        ("slice.node_index", -1, "slice.node_index: found -1"),
        ("phases.0.totals.due", 9, "phases[0].totals: found 9 due"),
        ("phases.0.histograms.response_time.counts", [], "phases[0].histograms.response_time: found 0 reports"),
        ("thresholds", ["p99 < 5"], 'thresholds[0]: found "p99 < 5", expected an object'),
    ],
)
def test_a_wrong_value_is_named_with_its_path_and_what_was_expected(path: str, value: object, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        Result.read(changed(path, value))
    assert message in str(caught.value)


@pytest.mark.parametrize("document", [None, [], "text", 4])
def test_what_is_no_object_is_no_result(document: object) -> None:
    with pytest.raises(ValueError, match="not a result: expected a JSON object"):
        Result.read(document)


LATER = ("groups", "ended", "clock_steps", "asked", "sensor", "spread_width_seconds", "spread")
DERIVED = ("seed", "time_scale", "plan_digest", "response_time_seconds", "service_time_seconds", "lag_seconds")


@pytest.mark.parametrize("key", [key for key in sound_result().to_json() if key not in (*DERIVED, *LATER)])
def test_a_missing_key_is_named(key: str) -> None:
    document = document_of(sound_result())
    del document[key]
    with pytest.raises(ValueError, match=key):
        Result.read(document)


@pytest.mark.parametrize("key", DERIVED)
def test_what_follows_from_the_rest_is_not_read(key: str) -> None:
    assert Result.read(changed(key, None)) == sound_result()
