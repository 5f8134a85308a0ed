"""A result as JUnit: it fails if the run does, and says what has."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from xml.etree.ElementTree import Element, fromstring

import pytest

from comparison_example import grouped_run, late_run, sound_run
from run_example import FAILED, failed_result
from vsock_loadgen.results.reconciliation import Reconciliation, TargetCounters
from vsock_loadgen.results.result import Result, Verdict
from vsock_loadgen.results.thresholds import Abortion, JudgedThreshold
from vsock_loadgen.text.result_junit import result_junit
from vsock_loadgen.units import SECOND

MET = JudgedThreshold("response_time.p99 < 500ms", 0.32, "seconds", passed=True, limit=0.5)
MISSED = JudgedThreshold("failed_percent < 1", 2.0, "percent", passed=False, limit=1.0)
UNJUDGED = JudgedThreshold("phase.night.lag.p99 < 1s", None, "seconds", None, limit=1.0)
COMPLETE, ON_TIME, LOST = "the run is complete", "the generator kept its schedule", "no more reports are lost than allowed"


def judged(status: str, code: int, *reasons: str, **others: object) -> Result:
    made = replace(sound_run(), thresholds=(MET, UNJUDGED), verdict=Verdict(status, reasons, code))  # type: ignore[arg-type]
    return replace(made, **others)  # type: ignore[arg-type]


GROWTH = TargetCounters(accepted=FAILED.delivered, received=FAILED.delivered, rate_limited=93, forwarded=FAILED.delivered - 93)
THROWN = Reconciliation.of("http://127.0.0.1:1/metrics", sound_run().counts, GROWTH)
ABORTION = Abortion(3 * SECOND, (replace(MET, value=0.7, passed=False),))
RESULTS = {
    "passed": judged("passed", 0, "all thresholds are met"),
    "a threshold": judged("failed", 3, str(MISSED), thresholds=(MET, MISSED)),
    "lost reports": replace(failed_result(), verdict=Verdict("failed", ("4,567 of 1,234,567 due reports were not delivered",), 3)),
    "thrown away": judged("failed", 3, "the target discarded 93 reports: 93 rate limited", reconciliation=THROWN),
    "stopped for a threshold": judged("failed", 3, str(ABORTION), abortion=ABORTION),
    "a reason of a later release": judged("failed", 3, "something else"),
    "incomplete": judged("invalid", 1, "worker 1 was lost"),
    "late": replace(late_run(), thresholds=(MISSED,)),
    "not judged": judged("not judged", 0, "the target is not judged (noVerdict)", thresholds=(MISSED,)),
    "groups": grouped_run(),
}


def cases_of(result: Result) -> dict[str, Element | None]:
    """What each case has become; None if it has passed."""
    cases = fromstring(result_junit(result)).iter("testcase")
    return {case.attrib["name"]: next((each for each in case if each.tag != "system-out"), None) for case in cases}


def outcomes_of(result: Result) -> dict[str, str]:
    return {name: "passed" if outcome is None else outcome.tag for name, outcome in cases_of(result).items()}


@pytest.mark.parametrize("name", RESULTS)
def test_a_file_has_no_failure_and_no_error_if_the_run_ends_with_0_and_only_then(name: str) -> None:
    outcomes = outcomes_of(RESULTS[name])
    assert bool({"failure", "error"} & set(outcomes.values())) == (RESULTS[name].verdict.exit_code != 0)


@pytest.mark.parametrize("name", RESULTS)
def test_what_is_counted_is_what_is_there(name: str) -> None:
    root = fromstring(result_junit(RESULTS[name]))
    seen = Counter(outcomes_of(RESULTS[name]).values())
    for suite in (root, *root):
        counts = {key: int(suite.attrib[key]) for key in ("tests", "failures", "errors", "skipped")}
        assert counts == {"tests": seen.total(), "failures": seen["failure"], "errors": seen["error"], "skipped": seen["skipped"]}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("passed", {MET.expression: "passed", UNJUDGED.expression: "skipped", LOST: "passed"}),
        ("a threshold", {MET.expression: "passed", MISSED.expression: "failure", LOST: "passed", ON_TIME: "passed"}),
        ("lost reports", {LOST: "failure", COMPLETE: "passed"}),
        ("thrown away", {LOST: "failure", MET.expression: "passed"}),
        ("stopped for a threshold", {LOST: "passed", MET.expression: "failure"}),
        ("a reason of a later release", {LOST: "failure"}),
        ("incomplete", {COMPLETE: "error", ON_TIME: "passed", LOST: "skipped", MET.expression: "skipped"}),
        ("late", {COMPLETE: "passed", ON_TIME: "error", MISSED.expression: "skipped"}),
        ("not judged", {MISSED.expression: "skipped", COMPLETE: "passed"}),
    ],
)
def test_the_case_that_fails_is_about_what_has_failed(name: str, expected: dict[str, str]) -> None:
    outcomes = outcomes_of(RESULTS[name])
    assert {case: outcomes[case] for case in expected} == expected


def test_a_failure_says_what_was_found_and_by_how_much() -> None:
    failure = cases_of(RESULTS["a threshold"])[MISSED.expression]
    assert failure is not None
    assert failure.attrib["message"] == "failed_percent < 1 is missed: 2 %, margin -1 points (-100 %)"


def test_control_characters_of_elsewhere_leave_the_file_readable() -> None:
    result = judged("failed", 3, "a\0b\x1b[31m]]>&lt;", thresholds=(replace(MISSED, expression="\x07 <a> & b < 1"),))
    assert set(outcomes_of(result)) >= {"? <a> & b < 1"}
