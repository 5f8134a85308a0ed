"""The section of a document that tells of a soak."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from bench.tables import Rows, markdown_table

from soak.checks import GROWTH_PER_HOUR, MOST_ROWS, ROW_BYTES, Check, receiver_sizes
from soak.evidence import Evidence
from soak.faults import ASKER_MEANING, MEANING
from vsock_loadgen.units import SECOND, format_duration

BEGIN_MARK, END_MARK = "<!-- soak -->", "<!-- /soak -->"
ASKED_MARKS = "<!-- soak of a fleet that is asked -->", "<!-- /soak of a fleet that is asked -->"
PICTURE, ASKED_PICTURE = "soak.svg", "soak-asked.svg"
_SAYS = {True: "yes", False: "NO", None: "not checked"}


def check_rows(made: Sequence[Check]) -> Rows:
    """The checks as a table with a head."""
    return [["claim", "found", "expected", "holds"], *[[one.claim, one.found, one.expected, _SAYS[one.held]] for one in made]]


def section(evidence: Evidence, made: Sequence[Check]) -> str:
    """The whole section as Markdown, without a heading."""
    elapsed = evidence.result["elapsed_seconds"]
    rate = evidence.result["totals"]["due"] / elapsed
    duration = format_duration(round(evidence.seconds * SECOND))
    sizes = receiver_sizes(evidence) or [0]
    others = "askers" if evidence.is_asked else "receivers, which held reports half read,"
    scale = evidence.result.get("plan", {}).get("time_scale", 1)
    scaled = "" if scale == 1 else f" --time-scale {scale:g}"
    asked = "--asked " if evidence.is_asked else ""
    example = "fleet-pull.yaml" if evidence.is_asked else "fleet-200.yaml"
    other = "that `vsock-loadgen scrape`\nasks for" if evidence.is_asked else "to `vsock-loadgen receive` over a\nunix socket"
    lines = [
        f"`python -m soak {asked}--vm-count {evidence.vm_count} --duration {duration} --seed {evidence.seed}{scaled}`: "
        f"{evidence.vm_count:,} VMs with the distributions of",
        f"`examples/{example}`, {rate:,.0f} reports a second for {elapsed / 60:.1f} minutes {other}, {len(evidence.injected)} "
        "faults at moments that the seed decides.",
    ]
    if evidence.interrupted:
        lines.append("**The soak was broken off: what follows is incomplete.**")
    lines += ["", markdown_table(check_rows(made)).rstrip("\n"), ""]
    lines += [
        "Memory is that of quiet samples after the first third (at most ten minutes), its growth a least-squares slope with",
        "its Newey-West error.",
        f"Flat means at most {100 * GROWTH_PER_HOUR:g} % of the process's memory an hour; on top of that the parent has a row of",
        f"the result for each second, {ROW_BYTES:,} bytes with its part of the documents, and {MOST_ROWS:,} of them at most.",
        "",
        f"The {others} used {statistics.median(sizes) / 1e6:.0f} MB in the median and {max(sizes) / 1e6:.0f} MB at most.",
        "",
        markdown_table(_fault_rows(evidence)).rstrip("\n"),
        "",
        markdown_table(_visitor_rows(evidence)).rstrip("\n"),
        "",
        "![Memory, descriptors, reports a second and schedule lag over the soak]"
        f"(pictures/{ASKED_PICTURE if evidence.is_asked else PICTURE})",
        "",
    ]
    return "\n".join(lines)


def _fault_rows(evidence: Evidence) -> Rows:
    counts = Counter[str](each.fault.kind for each in evidence.injected)
    meaning = list(ASKER_MEANING.items() if evidence.is_asked else MEANING.items())
    return [["fault", "times", "what happens"], *[[kind, str(counts[kind]), says] for kind, says in meaning]]


def _visitor_rows(evidence: Evidence) -> Rows:
    rows = [[name, f"{each.answered:,}", f"{each.unanswered:,}"] for name, each in evidence.visits.items()]
    return [["visitor of the metrics port", "answered", "turned away"], *rows]


def marks_of(*, is_asked: bool) -> tuple[str, str]:
    """Between which marks of a page a section stands."""
    return ASKED_MARKS if is_asked else (BEGIN_MARK, END_MARK)


def into_page(page: Path, text: str, marks: tuple[str, str] = (BEGIN_MARK, END_MARK)) -> None:
    """Put the section into a page between its marks; after the first one where it has no second. Raises ValueError without any."""
    before, after = parts_of(page, marks)
    page.write_text(f"{before}{marks[0]}\n\n{text}\n{marks[1]}{after}")


def parts_of(page: Path, marks: tuple[str, str] = (BEGIN_MARK, END_MARK)) -> tuple[str, str]:
    """What stands before a page's marks and after them. Raises ValueError where it has none."""
    before, begin, rest = page.read_text().partition(marks[0])
    if not begin:
        raise ValueError(f"{page}: found no mark, expected {marks[0]}")
    _, finish, after = rest.partition(marks[1])
    return before, after if finish else rest
