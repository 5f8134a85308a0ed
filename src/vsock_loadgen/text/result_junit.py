"""A result as JUnit XML, which pipelines show as tests: a case for each threshold, for completeness, and for the generator.

A case has failed if the target is at fault. An error is a run that proves nothing; its thresholds are skipped. A file has no
failures and no errors if its run ends with 0, and only then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from vsock_loadgen.errors import EXIT_INTERNAL, EXIT_SATURATED
from vsock_loadgen.printable import printable
from vsock_loadgen.results.judgement import NO_TERMS, Terms, losses
from vsock_loadgen.results.result import UNJUDGED, Result
from vsock_loadgen.results.thresholds import Abortion, JudgedThreshold
from vsock_loadgen.text.result_markdown import margin_text
from vsock_loadgen.units import SECOND

NAME = "vsock-loadgen"
Outcome = Literal["", "failure", "error", "skipped"]
_OF_THE_RUN, _OF_THE_TARGET = f"{NAME}.run", f"{NAME}.target"


@dataclass(frozen=True, slots=True)
class _Case:
    """`outcome` is empty for what passed; `says` why it did not, or what was found."""

    of: str
    name: str
    outcome: Outcome
    says: str


def result_junit(result: Result) -> str:
    """The result as a document of its own."""
    cases = list(_cases(result))
    counted = {"tests": len(cases)}
    for key, outcome in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        counted[key] = sum(case.outcome == outcome for case in cases)
    written = {key: str(count) for key, count in counted.items()}
    seconds = f"{result.elapsed_ns / SECOND:.3f}"
    suites = Element("testsuites", {"name": NAME, "time": seconds, **written})
    suite = SubElement(suites, "testsuite", {"name": NAME, "timestamp": result.started_at, "time": seconds, **written})
    for case in cases:
        _add(suite, case)
    indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(suites, encoding="unicode")}\n'


def _add(suite: Element, case: _Case) -> None:
    element = SubElement(suite, "testcase", {"classname": case.of, "name": printable(case.name), "time": "0"})
    if case.outcome:
        SubElement(element, case.outcome, {"message": printable(case.says)})
    elif case.says:
        SubElement(element, "system-out").text = printable(case.says)


def _cases(result: Result) -> Iterator[_Case]:
    code, reasons = result.verdict.exit_code, "; ".join(result.verdict.reasons)
    is_late = code == EXIT_SATURATED or bool(result.generator.get("saturation"))
    yield _case(_OF_THE_RUN, "the run is complete", "error" if code == EXIT_INTERNAL else "", reasons)
    yield _case(_OF_THE_RUN, "the generator kept its schedule", "error" if is_late else "", reasons)
    lost = "no more reports are lost than allowed"
    if result.verdict.status in ("invalid", UNJUDGED):
        yield _case(_OF_THE_TARGET, lost, "skipped", reasons)
        yield from (_case(_OF_THE_TARGET, each.expression, "skipped", reasons) for each in result.thresholds)
        return
    judged = [_of_threshold(threshold, result.abortion) for threshold in result.thresholds]
    lost_why = _losses(result)
    if result.verdict.status == "failed" and not lost_why and all(case.outcome != "failure" for case in judged):
        lost_why = reasons
    yield _case(_OF_THE_TARGET, lost, "failure" if lost_why else "", lost_why)
    yield from judged


def _case(of: str, name: str, outcome: Outcome, says: str) -> _Case:
    """A case that says something only if it has not passed."""
    return _Case(of, name, outcome, says if outcome else "")


def _losses(result: Result) -> str:
    """Why the target has failed beside its thresholds; empty if it has not."""
    try:
        terms = Terms.read(result.config)
    except ValueError:  # of a document that was edited
        terms = NO_TERMS
    if result.verdict.status != "failed" or result.abortion:
        return ""
    return "; ".join(losses(result.counts, result.thresholds, result.reconciliation, ended=result.ended, terms=terms))


def _of_threshold(threshold: JudgedThreshold, abortion: Abortion | None) -> _Case:
    says = f"{threshold}, margin {margin_text(threshold)}"
    if threshold.passed is None:
        return _Case(_OF_THE_TARGET, threshold.expression, "skipped", str(threshold))
    if abortion and any(each.expression == threshold.expression for each in abortion.missed):
        return _Case(_OF_THE_TARGET, threshold.expression, "failure", f"{abortion}; {says}")
    return _Case(_OF_THE_TARGET, threshold.expression, "" if threshold.passed else "failure", says)
