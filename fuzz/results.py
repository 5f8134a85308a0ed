"""Result documents to begin with, and what everybody who reads one does with it."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from comparison_example import sound_run
from fuzz.oracle import as_json, hold, hold_one_line
from page_parts import data_of
from run_example import failed_result
from vsock_loadgen.config.thresholds import parse_threshold
from vsock_loadgen.errors import ConfigError
from vsock_loadgen.measures.snapshot import Counts, Times
from vsock_loadgen.results.comparison import Side, compare
from vsock_loadgen.results.conditions import comparison_document, judge_conditions, parse_condition
from vsock_loadgen.results.files import read_results
from vsock_loadgen.results.measured import PhaseResult
from vsock_loadgen.results.merging import merge_results
from vsock_loadgen.results.reconciliation import Reconciliation, TargetCounters
from vsock_loadgen.results.result import Named, Result
from vsock_loadgen.results.thresholds import Abortion, JudgedThreshold
from vsock_loadgen.text.comparison_markdown import comparison_markdown
from vsock_loadgen.text.comparison_text import comparison_text
from vsock_loadgen.text.html import result_page
from vsock_loadgen.text.result_text import result_text

_MISSED = JudgedThreshold("response_time.p99 < 500ms", None, "seconds", False)
_GENERATOR = {"workers": 1, "worker_cpu_seconds": [0.5], "parent_cpu_seconds": 0.25, "share_of_machine": 0.1, "saturation": None}
_CONDITIONS = tuple(map(parse_condition, ("response_time.p99 > +10%", "failed_percent > +0.1", "reports_per_second < -2")))
_THRESHOLDS = tuple(map(parse_threshold, ("response_time.p99 < 500ms", "failed_percent < 0.1", "phase.ramp.lag.p50 < 1s")))


@cache
def documents() -> tuple[str, ...]:
    """Results as JSON: one with every part that there can be, and one without those that there need not be."""
    plain = replace(sound_run(), generator=_GENERATOR)
    failed = replace(failed_result(), generator=_GENERATOR)
    whole = replace(
        failed,
        config={"vmCount": 200, "duration": "20s", "thresholds": ["response_time.p99 < 500ms"]},
        thresholds=(_MISSED,),
        phases=(PhaseResult("ramp", failed.counts, failed.times), PhaseResult("hold", Counts(), Times())),
        abortion=Abortion(3_000_000_000, (_MISSED,)),
        warnings=("a warning",),
        reconciliation=Reconciliation.of(
            "http://h/m", failed.counts, TargetCounters(accepted=7, received=4, forwarded=3, rate_limited=1)
        ),
        receiver={"reports": 4, "packages": {"5": 3}, "vms": [{"cid": "3", "reports": 4}]},
    )
    return tuple(json.dumps(result.to_json()) for result in (whole, plain))


def hold_result(folder: Path, text: bytes) -> None:
    """A document is a result, which means the same when it is written again and can be shown, compared and merged; or it is refused
    with a sentence that names its file."""
    file, other = folder / "result.json", folder / "other.json"
    file.write_bytes(text)
    other.write_text(documents()[1])
    try:
        one, two = read_results([file, other])
    except ConfigError as error:
        for problem in error.problems:
            hold(problem.where == str(file), "a refusal names the file", problem)
            hold_one_line(str(problem))
        return
    _hold_read(one.result)
    _hold_compared(one, two)
    _hold_merged(one, two)


def _hold_read(result: Result) -> None:
    hold(result.counts.balanced, "the accounts add up", result.counts)
    hold(0 <= result.verdict.exit_code <= 4, "the exit code is one that is documented", result.verdict)
    document = as_json(result.to_json())
    hold(as_json(Result.read(document).to_json()) == document, "a result means the same when it is written again")
    _hold_page(result)
    _hold_text(result_text(result, width=80))


def _hold_page(result: Result) -> None:
    hold(json.loads(data_of(result_page(result.to_json()))["result"]), "a page carries its result")


def _hold_compared(one: Named, two: Named) -> None:
    for first, second in ((one, two), (two, one)):
        compared = compare(Side(first.name, (first,)), [Side(second.name, (second, second))])
        judged = judge_conditions(_CONDITIONS, compared)
        as_json(comparison_document(compared, judged))
        _hold_text(comparison_markdown(compared, judged))
        _hold_text(comparison_text(compared, judged, width=80))


def _hold_merged(one: Named, two: Named) -> None:
    for parts in ((one, two), (one,)):
        try:
            merged = merge_results(parts, _THRESHOLDS)
        except ConfigError as error:
            for problem in error.problems:
                hold_one_line(str(problem))
            continue
        hold(merged.counts.due == sum(part.result.counts.due for part in parts), "what is merged is added up", merged.counts)
        as_json(merged.to_json())
        _hold_text(result_text(merged, width=80))


def _hold_text(text: str) -> None:
    hold(bool(text.strip()), "a result can be shown")
    hold(all(line.isprintable() for line in text.split("\n")), "what is shown leaves the terminal alone", _unprintable(text))


def _unprintable(text: str) -> list[str]:
    return [line for line in text.split("\n") if not line.isprintable()][:3]


def edited(document: Any, path: list[str | int], value: object, *, remove: bool) -> None:
    """Put a value at a path of a document, or take away what stands there."""
    *around, last = path
    for step in around:
        document = document[step]
    if remove:
        del document[last]
    else:
        document[last] = value
