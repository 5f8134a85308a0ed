"""What `compare` does once its options are read: results side by side, or the results of a fleet's nodes added up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from vsock_loadgen.capacity.comparison import HoldsCondition
from vsock_loadgen.capacity.files import read_outcomes
from vsock_loadgen.capacity.node_document import are_parts
from vsock_loadgen.cli.comparing_searches import AnyCondition, compare_searches
from vsock_loadgen.cli.ladder_merging import merge_ladder
from vsock_loadgen.cli.outputs import put_out, writing
from vsock_loadgen.cli.terminal import streams
from vsock_loadgen.config.thresholds import Threshold, parse_threshold
from vsock_loadgen.errors import EXIT_DONE, EXIT_THRESHOLD, ConfigError, Problem
from vsock_loadgen.record import shown
from vsock_loadgen.results.comparison import Comparison, Side, compare
from vsock_loadgen.results.conditions import EXAMPLE, Condition, JudgedCondition, comparison_document, judge_conditions
from vsock_loadgen.results.files import read_results, result_document, write_result
from vsock_loadgen.results.judgement import Terms
from vsock_loadgen.results.merging import merge_results
from vsock_loadgen.results.result import Named, Result
from vsock_loadgen.text.comparison_markdown import comparison_markdown
from vsock_loadgen.text.comparison_text import comparison_text
from vsock_loadgen.text.result_text import result_text


@dataclass(frozen=True, slots=True)
class Shown:
    """How a comparison is shown: its format, its file (None: stdout), and whether Markdown has what is within the spread."""

    output: str
    to: Path | None
    shows_all: bool = False


def compare_results(baseline: Sequence[Path], files: Sequence[Path], conditions: Sequence[AnyCondition], how: Shown) -> int:
    """Show how the results of runs, or the outcomes of searches, differ, and which conditions hold; returns the exit code. Raises
    ConfigError if one cannot be used."""
    outcomes = read_outcomes([*baseline, *files])
    runs = [Named(name, outcome) for name, outcome in outcomes if isinstance(outcome, Result)]
    if len(runs) < len(outcomes):
        if baseline:
            raise click.UsageError("--baseline is for several runs of a side; of searches, the first FILE is the baseline")
        return compare_searches(outcomes, conditions, how.output, how.to)
    comparison = _sides(runs, len(baseline))
    judged = judge_conditions(_of_runs(conditions), comparison)
    _show(comparison, judged, how)
    return _exit_code(comparison, judged)


def _of_runs(conditions: Sequence[AnyCondition]) -> list[Condition]:
    """The conditions; all have to be about figures of runs."""
    for condition in conditions:
        if isinstance(condition, HoldsCondition):
            raise click.UsageError(
                f"--fail-if {condition.expression!r}: only searches (capacity --result) hold a load, these are results of runs; "
                f"expected a figure of theirs, as in {EXAMPLE!r}"
            )
    return [condition for condition in conditions if isinstance(condition, Condition)]


def _sides(runs: list[Named], baselines: int) -> Comparison:
    """Without a --baseline the first run is it, and each of the others is a side of its own."""
    if baselines:
        return compare(_side(runs[:baselines]), [_side(runs[baselines:])])
    return compare(_side(runs[:1]), [_side([run]) for run in runs[1:]])


def _side(runs: list[Named]) -> Side:
    return Side(" and ".join(run.name for run in runs), tuple(runs))


def _show(comparison: Comparison, judged: tuple[JudgedCondition, ...], how: Shown) -> None:
    terminal = streams()
    if how.output == "json":
        text = json.dumps(comparison_document(comparison, judged), indent=1) + "\n"
    elif how.output == "markdown":
        text = comparison_markdown(comparison, judged, only_beyond=not how.shows_all)
    else:
        text = comparison_text(comparison, judged, width=terminal.width, color=terminal.color)
    put_out(text, how.to, color=terminal.color)


def _exit_code(comparison: Comparison, judged: tuple[JudgedCondition, ...]) -> int:
    """If a condition was asked, an invalid run is not an answer: its code counts before that of a condition."""
    if not judged:
        return EXIT_DONE
    invalid = [run.result.verdict.exit_code for run in comparison.runs if run.result.verdict.status == "invalid"]
    return min(invalid, default=EXIT_THRESHOLD if any(condition.failed for condition in judged) else EXIT_DONE)


def merge_nodes(files: Sequence[Path], output: str, to: Path | None) -> int:
    """Add up the results of a fleet's nodes, write the sum to its file and show it; returns the exit code, that of a run. Raises
    ConfigError if one cannot be used."""
    if are_parts(files):
        return merge_ladder(files, to, output)
    parts = read_results(files)
    merged = merge_results(parts, _thresholds(parts[0]), _terms(parts[0]))
    if to is not None:
        with writing("--output", to):
            write_result(merged, to)
    if output == "json":
        click.echo(result_document(merged), nl=False)
    else:
        terminal = streams()
        click.echo(result_text(merged, width=terminal.width, color=terminal.color), nl=False, color=terminal.color)
    return merged.verdict.exit_code


def _terms(part: Named) -> Terms:
    """Those of the config, which is the same for all parts. Raises ConfigError if they cannot be read."""
    try:
        return Terms.read(part.result.config)
    except ValueError as error:
        found = shown(part.result.config.get("maxLost"))
        raise ConfigError([Problem(part.name, "config.maxLost", f"found {found}, {error}")]) from error


def _thresholds(part: Named) -> list[Threshold]:
    """Those of the config, which is the same for all parts. Raises ConfigError if they cannot be read."""
    written = part.result.config.get("thresholds") or []
    if not isinstance(written, list):
        raise ConfigError([Problem(part.name, "config.thresholds", f"found {written!r}, expected a list of thresholds")])
    try:
        return [parse_threshold(str(text)) for text in written]
    except ValueError as error:
        raise ConfigError([Problem(part.name, "config.thresholds", str(error))]) from error
