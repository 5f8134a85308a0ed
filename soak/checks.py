"""What must hold at the end of a soak, each with what was found and what was expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from soak.evidence import Evidence
from soak.receivers import Counted
from soak.samples import RECEIVER, Look, Sample
from soak.slopes import Slope, slope

LAG_LIMIT_SECONDS = 0.05
SHORTEST_SECONDS = 60.0
"""Memory of a shorter time says nothing about its growth."""
GROWTH_PER_HOUR = 0.01
"""Growth of a process that is called flat: this share of its memory in an hour."""
ROW_BYTES = 4_000
"""Memory of the parent for each second of the run, by design and for 3,600 at most: a row of the result (1 kB), and its part of the
documents that are made for the file and for visitors."""
MOST_ROWS = 3_600
DOCUMENT_BYTES, DOCUMENT_ROW_BYTES = 1_000_000, 1_500
"""The largest result document: what it has beside rows, and for each row."""
ASKED_DOCUMENT_BYTES = 2_500_000
"""What it has beside rows of a fleet that is asked: for every group response times of many intervals, and the ages of reports."""


@dataclass(frozen=True, slots=True)
class Check:
    """One claim; `held` None where the soak was too short or was broken off before it could be checked."""

    claim: str
    found: str
    expected: str
    held: bool | None


def checks(evidence: Evidence) -> list[Check]:
    """Every claim, in the order of the table."""
    made = [*_accounts(evidence), *_own_word(evidence)]
    processes = [name for name in _names(evidence.samples) if name != RECEIVER]
    made += [_memory(f"memory of {name} flat (RSS)", _resident(evidence, name), rows=name == "parent") for name in processes]
    made.append(_memory("memory of all of them flat (PSS)", _together(evidence, processes), rows=True))
    made += [_descriptors(evidence, name) for name in processes]
    made.append(_document(evidence))
    made.append(Check("nothing left behind", ", ".join(evidence.left_behind) or "nothing", "nothing", not evidence.left_behind))
    traces = evidence.log.count("Traceback") + evidence.log.count("internal error")
    made.append(Check("no internal error in the log", str(traces), "0", traces == 0))
    return made


def unexplained(delivered: int, counted: int, uncertain: int) -> int:
    """Reports that the books of both ends do not explain. `uncertain` were given up by the sender and may have arrived all the
    same: so many may have been counted beyond those delivered."""
    return delivered - counted if counted < delivered else max(0, counted - delivered - uncertain)


def _accounts(evidence: Evidence) -> Iterator[Check]:
    totals, failures = evidence.result["totals"], evidence.result["failures"]
    due, delivered, counted = totals["due"], totals["delivered"], evidence.counted.reports
    planned_is_due = None if evidence.interrupted else due == evidence.planned
    yield Check("due as planned, to the last report", f"{due:,}", f"{evidence.planned:,}", planned_is_due)
    parts = {name: totals[name] for name in ("delivered", "failed", "skipped", "unfinished")}
    shown = " + ".join(f"{count:,} {name}" for name, count in parts.items())
    yield Check("due = delivered + failed + skipped + unfinished", shown, f"{due:,}", sum(parts.values()) == due)
    by_class = sum(failures.values())
    yield Check(
        "every failure in one class",
        f"{by_class:,} ({_list(failures)})",
        f"{totals['failed']:,}",
        by_class == totals["failed"],
    )
    in_rows = sum(row["due"] for row in evidence.result["series"])
    yield Check("the rows of the result add up", f"{in_rows:,}", f"{due:,}", in_rows == due)
    if not evidence.is_asked:
        uncertain = failures.get("timeout", 0) + totals["unfinished"]
        lost = unexplained(delivered, counted, uncertain)
        found = f"{lost:,} ({evidence.counted.lives} receivers counted {counted:,})"
        expected = f"0 ({delivered:,} delivered, {uncertain:,} given up under way)"
        yield Check("unexplained reports", found, expected, lost == 0)
    else:
        yield from _askings(evidence.counted, delivered, evidence.result["askings"])
    yield _metrics(evidence)


def _askings(counted: Counted, delivered: int, askings: Mapping[str, Any]) -> Iterator[Check]:
    """The accounts of askings, and what both ends say of them. An asker that gave up may have been heard or not, and may have had
    all but the last bytes of a report; a report without a receipt may have been read."""
    kinds, ends = askings["by_kind"], askings["by_end"]
    shown = " + ".join(f"{count:,} {name}" for name, count in kinds.items())
    yield Check("every asking in one kind", shown, f"{askings['askings']:,}", sum(kinds.values()) == askings["askings"])
    whole = f"{delivered:,} delivered + {askings['again']:,} again"
    yield Check("whole = delivered + again", whole, f"{kinds['whole']:,}", kinds["whole"] == delivered + askings["again"])
    unproven = ends["no_receipt"] + ends["cut"]
    lost = max(0, kinds["whole"] - counted.reports - counted.timeouts, counted.reports - kinds["whole"] - unproven)
    found = f"{lost:,} ({counted.lives} askers counted {counted.reports:,})"
    expected = f"0 ({kinds['whole']:,} taken, {unproven:,} without receipt, {counted.timeouts:,} given up by askers)"
    yield Check("unexplained reports", found, expected, lost == 0)
    unheard = counted.timeouts + counted.refused
    lost = max(0, askings["askings"] - counted.connections, counted.connections - askings["askings"] - unheard)
    found = f"{lost:,} (askers counted {counted.connections:,})"
    expected = f"0 ({askings['askings']:,} heard, {unheard:,} refused or given up by askers)"
    yield Check("unexplained askings", found, expected, lost == 0)


def _metrics(evidence: Evidence) -> Check:
    scraped, totals = evidence.scraped, evidence.result["totals"]
    claim = "the metrics' totals are the result's"
    if scraped is None:
        return Check(claim, "not scraped", "the same", None)
    differing = {name: f"{count:,}, not {totals[name]:,}" for name, count in scraped.items() if count != totals[name]}
    found = _list(differing) if differing else f"the same {len(scraped)}"
    left_out = {"in_flight"} | ({"delivered", "unfinished"} if evidence.is_asked else set())
    return Check(claim, found, "the same", not differing and set(scraped) == set(totals) - left_out)


def _own_word(evidence: Evidence) -> Iterator[Check]:
    """What the run says of itself, and whether that agrees with its figures."""
    verdict, lag = evidence.result["verdict"], evidence.result["lag_seconds"]["p99"]
    on_time = lag is not None and lag <= LAG_LIMIT_SECONDS
    yield Check("lag p99", "none" if lag is None else f"{1000 * lag:.2f} ms", f"at most {1000 * LAG_LIMIT_SECONDS:.0f} ms", on_time)
    said = f"{verdict['status']}, exit code {evidence.exit_code}"
    if verdict["status"] != "passed":
        said += f": {'; '.join(verdict['reasons'])}"
    passed = verdict["status"] == "passed" and evidence.exit_code == verdict["exit_code"] == 0
    yield Check("the run's own verdict", said, "passed, exit code 0", passed and evidence.result["complete"])


Course = Sequence[tuple[float, int]]
"""Seconds since the start and bytes, in quiet moments after the warm-up."""


def _resident(evidence: Evidence, name: str) -> Course:
    """A process's memory, whether or not it shares it: a worker's part of what it shares grows when the parent gets a copy."""
    return [(sample.seconds, look.rss_bytes) for sample, look in _quiet(evidence, name)]


def _together(evidence: Evidence, names: Sequence[str]) -> Course:
    """The memory of several processes, what they share counted once."""
    kept = [sample for sample, _ in _quiet(evidence, names[0])] if names else []
    whole = [sample for sample in kept if all(name in sample.looks for name in names)]
    return [(sample.seconds, sum(sample.looks[name].pss_bytes for name in names)) for sample in whole]


def _memory(claim: str, course: Course, *, rows: bool) -> Check:
    found = growth(course)
    if found is None:
        return Check(claim, "too short a time", f"at least {SHORTEST_SECONDS:.0f} s after the warm-up", None)
    limit = growth_limit(found.mean, rows=rows)
    shown = f"{found.value / 1000:+.2f} ± {found.error / 1000:.2f} kB/min of {found.mean / 1e6:.1f} MB"
    return Check(claim, shown, f"at most {limit / 1000:.2f} kB/min, within 1.96 errors", found.at_least <= limit)


def growth(course: Course) -> Slope | None:
    """Growth of memory in bytes a minute; None where the time is too short to tell."""
    if not course or course[-1][0] - course[0][0] < SHORTEST_SECONDS:
        return None
    return slope([seconds / 60 for seconds, _ in course], [size for _, size in course])


def growth_limit(mean_bytes: float, *, rows: bool) -> float:
    """Bytes a minute that a process of this size may grow; with the rows of the result, where it is the one that keeps them."""
    return mean_bytes * GROWTH_PER_HOUR / 60 + (60 * ROW_BYTES if rows else 0)


def _descriptors(evidence: Evidence, name: str) -> Check:
    """The fewest descriptors of a third of the soak are those that no report and no visitor has: a leak raises them."""
    claim = f"descriptors of {name} flat"
    counts = [look.descriptors for _, look in _quiet(evidence, name)]
    third = len(counts) // 3
    if not third:
        return Check(claim, "too few samples", "at least 3 after the warm-up", None)
    first, last = min(counts[:third]), min(counts[-third:])
    return Check(claim, f"{last} at the end (fewest of the last third)", f"at most {first}, as in the first third", last <= first)


def _document(evidence: Evidence) -> Check:
    rows = len(evidence.result["series"])
    largest = max((sample.result_bytes for sample in evidence.samples), default=0)
    limit = (ASKED_DOCUMENT_BYTES if evidence.is_asked else DOCUMENT_BYTES) + min(rows, MOST_ROWS) * DOCUMENT_ROW_BYTES
    held = largest <= limit and rows <= MOST_ROWS
    found = f"{rows:,} rows, {largest / 1e6:.2f} MB at most"
    return Check("the result document stays small", found, f"{MOST_ROWS:,} rows, {limit / 1e6:.2f} MB", held)


def _quiet(evidence: Evidence, name: str) -> Iterator[tuple[Sample, Look]]:
    """The samples of a process after the warm-up while no fault was on and the schedule went on."""
    for sample in evidence.samples:
        if sample.quiet and evidence.warm_up_seconds <= sample.seconds <= evidence.seconds and name in sample.looks:
            yield sample, sample.looks[name]


def _names(samples: Sequence[Sample]) -> list[str]:
    names: dict[str, None] = {}
    for sample in samples:
        names.update(dict.fromkeys(sample.looks))
    return list(names)


def receiver_sizes(evidence: Evidence) -> list[int]:
    """The receivers' memory in bytes, sample by sample."""
    return [sample.looks[RECEIVER].pss_bytes for sample in evidence.samples if RECEIVER in sample.looks]


def _list(values: Mapping[str, int | str]) -> str:
    parts = [f"{name} {value:,}" if isinstance(value, int) else f"{name} {value}" for name, value in values.items()]
    return ", ".join(parts) or "none"
