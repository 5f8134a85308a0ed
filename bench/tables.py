"""The outcome as tables: plain text for a terminal, markdown for a page. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from bench.figures import Budget, Figures, Judgement, SenderName
from bench.kept import Change, Ratio
from bench.outcome import Measured, Outcome, Pressed
from bench.scenarios import Group

Rows = list[list[str]]
Renderer = Callable[[Rows], str]
NONE = "-"
BEGIN_MARK = "<!-- tables begin: written by python -m bench --markdown -->"
END_MARK = "<!-- tables end -->"
_TITLES = {"ours": "ours", "floor": "C floor", "go": "Go sender", "bare": "bare server"}
_WHAT = {
    "cpu_us_per_report": "CPU per report",
    "lag_p99": "schedule lag p99",
    "pss_bytes": "memory (PSS), all processes",
    "first_report_seconds": "start of `run` to first report",
    "wall_seconds": "`plan`",
    "added_bytes": "memory (PSS) that askers add",
    "probe_seconds": "longest look at health, discovery, OpenAPI",
}


def number(value: float | None, digits: int = 3) -> str:
    """A number with about so many significant digits."""
    if value is None:
        return NONE
    if value == 0 or abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def time_text(seconds: float | None) -> str:
    """A time in the unit that suits it."""
    if seconds is None:
        return NONE
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{number(seconds / size)} {unit}"
    return f"{number(seconds * 1e6)} us"


def megabytes(value: float | None) -> str:
    """Bytes as megabytes (10^6)."""
    return NONE if value is None else f"{number(value / 1e6)} MB"


def percent(share: float | None) -> str:
    """A share as a percentage."""
    return NONE if share is None else f"{share * 100:.0f} %"


def value_text(figure: str, value: float | None) -> str:
    """A figure in its unit."""
    if figure in ("pss_bytes", "added_bytes"):
        return megabytes(value)
    return f"{number(value)} us" if figure == "cpu_us_per_report" else time_text(value)


_SPEED_GROUPS: frozenset[Group] = frozenset({"saturation", "shapes", "paced"})
_SPEED_HEAD = [
    "scenario", "placement", "sender", "reports/s", "CPU/report", "spread", "user", "ratio", "processes", "busiest",
    "sink/report", "sink busy", "others", "lag p50", "lag p99", "lag max", "memory", "first report", "lost",
]  # fmt: skip


def speed_rows(measured: Sequence[Measured]) -> Rows:
    """One row per scenario and sender; `ratio` is ours over this sender, in processor time per report."""
    rows = [_SPEED_HEAD]
    for one in measured:
        if one.scenario.group in _SPEED_GROUPS:
            rows += [_speed_row(one, sender, figures) for sender, figures in one.medians.items()]
    return rows


def _speed_row(one: Measured, sender: SenderName, figures: Figures) -> list[str]:
    cpu = figures.cpu_us_per_report
    return [
        one.scenario.name if sender == "ours" else "",
        one.scenario.pairing if sender == "ours" else "",
        _TITLES[sender],
        f"{figures.reports_per_second:,.0f}",
        f"{cpu:.1f} us",
        percent(one.spread(sender)),
        percent(figures.user_us_per_report / cpu if cpu else None),
        NONE if sender == "ours" else _ratio_text(one.ratio(sender)),
        number(figures.processes),
        percent(figures.busiest_share),
        f"{figures.sink_us_per_report:.1f} us",
        percent(figures.sink_share),
        percent(figures.others_share),
        time_text(figures.lag_p50),
        time_text(figures.lag_p99),
        time_text(figures.lag_max),
        megabytes(figures.pss_bytes),
        time_text(figures.first_report_seconds),
        f"{figures.not_delivered:,.0f}",
    ]


def _ratio_text(value: float | None) -> str:
    return NONE if value is None else f"{value:.2f}"


def asked_rows(measured: Sequence[Measured]) -> Rows:
    """One row per scenario of a fleet that is asked, and server; `ratio` is ours over this one, in processor time per answer."""
    head = ["scenario", "server", "answers/s", "CPU/answer", "spread", "ratio", "busy", "asker/answer", "others"]
    rows = [[*head, "lag p50", "lag p99", "longest look", "memory", "added", "broken"]]
    for one in measured:
        if one.scenario.group == "asked":
            rows += [_asked_row(one, sender, figures) for sender, figures in one.medians.items()]
    return rows


def _asked_row(one: Measured, sender: SenderName, figures: Figures) -> list[str]:
    is_asking = one.scenario.asking.get("manner", "ask") == "ask"
    costs = [
        f"{figures.reports_per_second:,.0f}",
        f"{figures.cpu_us_per_report:,.0f} us",
        percent(one.spread(sender)),
        NONE if sender == "ours" else _ratio_text(one.ratio(sender)),
        percent(figures.busiest_share),
        f"{figures.sink_us_per_report:,.0f} us",
    ]
    return [
        one.scenario.name if sender == "ours" else "",
        _TITLES[sender],
        *(costs if is_asking else [NONE] * len(costs)),
        percent(figures.others_share),
        time_text(figures.lag_p50 if is_asking else None),
        time_text(figures.lag_p99 if is_asking else None),
        time_text(figures.probe_seconds),
        megabytes(figures.pss_bytes),
        megabytes(figures.added_bytes),
        f"{figures.not_delivered:,.0f}",
    ]


def growth_rows(measured: Sequence[Measured]) -> Rows:
    """How the cost of ours grows with the number of VMs, the rate and the size."""
    rows = [
        ["VMs", "packages", "reports/s", "processes", "CPU/report", "user", "sink/report", "lag p50", "lag p99", "memory", "others"]
    ]
    for one, ours in _ours_of(measured, "growth"):
        cpu = ours.cpu_us_per_report
        rows.append(
            [
                f"{one.scenario.vms:,}",
                f"{one.scenario.packages:,}" if isinstance(one.scenario.packages, int) else "various",
                f"{ours.reports_per_second:,.0f}",
                number(ours.processes),
                f"{cpu:.1f} us",
                percent(ours.user_us_per_report / cpu if cpu else None),
                f"{ours.sink_us_per_report:.1f} us",
                time_text(ours.lag_p50),
                time_text(ours.lag_p99),
                megabytes(ours.pss_bytes),
                percent(ours.others_share),
            ]
        )
    return rows


def memory_rows(measured: Sequence[Measured]) -> Rows:
    """Peak memory of all processes by distribution."""
    rows = [["scenario", "VMs", "processes", "memory (PSS)"]]
    for one, ours in _ours_of(measured, "memory"):
        rows.append([one.scenario.name, f"{one.scenario.vms:,}", number(ours.processes), megabytes(ours.pss_bytes)])
    return rows


def start_rows(measured: Sequence[Measured]) -> Rows:
    """Wall time from the command to the first byte of a report, and of `plan`."""
    rows = [["scenario", "VMs", "first report", "whole command", "memory", "others"]]
    for one, ours in [*_ours_of(measured, "start"), *_ours_of(measured, "plan")]:
        first, whole = time_text(ours.first_report_seconds), time_text(ours.wall_seconds)
        rows.append(
            [one.scenario.name, f"{one.scenario.vms:,}", first, whole, megabytes(ours.pss_bytes), percent(ours.others_share)]
        )
    return rows


def _ours_of(measured: Sequence[Measured], group: Group) -> Iterator[tuple[Measured, Figures]]:
    for one in measured:
        if one.scenario.group == group and (ours := one.medians.get("ours")):
            yield one, ours


def budget_rows(judgements: Sequence[Judgement]) -> Rows:
    """What was allowed and what was found."""
    rows = [["budget", "scenario", "at most", "found", ""]]
    for judgement in judgements:
        budget = judgement.budget
        state = {True: "met", False: "MISSED", None: "not measured"}[judgement.met]
        limit, found = _budget_value(budget, budget.limit), _budget_value(budget, judgement.value)
        rows.append([_WHAT[budget.figure], judgement.scenario, limit, found, state])
    return rows


def change_rows(changes: Sequence[Change]) -> Rows:
    """The ratios beside those that were kept of this machine."""
    rows = [["scenario", "ratio to", "kept", "spread", "now", "spread", "change", ""]]
    for one in changes:
        before, now = (_ratio_and_spread(each) for each in (one.before, one.now))
        rows.append([one.scenario, _TITLES[one.reference], *before, *now, f"{100 * one.share:+.0f} %", one.meaning])
    return rows


def _ratio_and_spread(ratio: Ratio) -> list[str]:
    return [_ratio_text(ratio.value), percent(ratio.spread)]


def _budget_value(budget: Budget, value: float | None) -> str:
    if budget.reference is None:
        return value_text(budget.figure, value)
    return NONE if value is None else f"{value:.2f} x the {_TITLES[budget.reference]}"


def pressure_rows(pressed: Sequence[Pressed]) -> Rows:
    """The accounts of the scenarios under pressure, and their claims."""
    counts = ["due", "delivered", "failed", "skipped", "unfinished", "peak in flight"]
    times = ["lag p50", "lag p99", "lag max", "response p99"]
    rows = [["scenario", *counts, *times, "claims"]]
    for one in pressed:
        if one.skipped:
            continue
        cells = [_count(one.facts.get(name)) for name in counts] + [time_text(one.facts.get(name)) for name in times]
        rows.append([one.name, *cells, f"{sum(one.claims.values())} of {len(one.claims)} hold"])
    return rows


def _count(value: float | None) -> str:
    return NONE if value is None else f"{value:,.0f}"


def _claims(one: Pressed) -> list[str]:
    return [f"{one.name}: {claim}: {'holds' if holds else 'BROKEN'}" for claim, holds in one.claims.items()]


def text_table(rows: Rows) -> str:
    """Columns padded with spaces, numbers as they come."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]]) + "\n"


def markdown_table(rows: Rows) -> str:
    """The same as a markdown table."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]]) + "\n"


def put_into(page: str, tables: str) -> str:
    """A page with these tables between its two marks, in place of what was there; the tables alone where the page has no marks."""
    before, begin, rest = page.partition(BEGIN_MARK)
    _, finish, after = rest.partition(END_MARK)
    return f"{before}{begin}\n\n{tables}\n{finish}{after}" if begin and finish else tables


def render(outcome: Outcome, changes: Sequence[Change], table: Renderer, heading: str = "") -> str:
    """All tables that have anything in them, each under its title."""
    measured, skipped = outcome.measured, [reason for one in outcome.measured for reason in one.skipped]
    skipped += [f"{one.name}: {one.skipped}" for one in outcome.pressed if one.skipped]
    sections = [
        ("Budgets", budget_rows(outcome.judgements())),
        (f"Speed: medians of {outcome.rounds} round{'s' if outcome.rounds > 1 else ''}", speed_rows(measured)),
        ("Memory", memory_rows(measured)),
        ("Start and plan", start_rows(measured)),
        ("Growth", growth_rows(measured)),
        ("A fleet that is asked", asked_rows(measured)),
        ("On time under pressure", pressure_rows(outcome.pressed)),
        ("Since the kept figures of this machine", change_rows(changes)),
    ]
    parts = [f"{heading}{title}\n\n{table(rows)}" for title, rows in sections if len(rows) > 1]
    if claims := [claim for one in outcome.pressed for claim in _claims(one)]:
        parts.append(f"{heading}Claims\n\n" + "".join(f"- {claim}\n" for claim in claims))
    parts.append(f"{heading}Machine\n\n" + "".join(f"- {name}: {value}\n" for name, value in outcome.machine.items()))
    if skipped:
        parts.append(f"{heading}Not measured\n\n" + "".join(f"- {reason}\n" for reason in skipped))
    return "\n".join(parts)
