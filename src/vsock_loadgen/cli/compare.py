"""`vsock-loadgen compare`: results side by side, outcomes of searches side by side, or the results of a fleet's nodes added up."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from vsock_loadgen.capacity.comparison import HOLDS, HoldsCondition, parse_holds
from vsock_loadgen.capacity.files import read_outcomes
from vsock_loadgen.capacity.node_document import are_parts
from vsock_loadgen.cli.comparing_searches import AnyCondition, compare_searches
from vsock_loadgen.cli.configuring import streams
from vsock_loadgen.cli.ladder_merging import merge_ladder
from vsock_loadgen.cli.outputs import INPUT, check_files, output_option, put_out, writing
from vsock_loadgen.config.thresholds import Threshold, parse_threshold
from vsock_loadgen.errors import EXIT_DONE, EXIT_THRESHOLD, ConfigError, Problem
from vsock_loadgen.record import shown
from vsock_loadgen.results.comparison import Comparison, Side
from vsock_loadgen.results.comparison import compare as compare_sides
from vsock_loadgen.results.conditions import (
    EXAMPLE,
    Condition,
    JudgedCondition,
    comparison_document,
    judge_conditions,
    parse_condition,
)
from vsock_loadgen.results.files import read_results, result_document, write_result
from vsock_loadgen.results.judgement import Terms
from vsock_loadgen.results.merging import merge_results
from vsock_loadgen.results.result import Named, Result
from vsock_loadgen.text.comparison_markdown import comparison_markdown
from vsock_loadgen.text.comparison_text import comparison_text
from vsock_loadgen.text.result_text import result_text


class ConditionType(click.ParamType[AnyCondition]):
    """A bound on the difference from the baseline."""

    name = "condition"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> AnyCondition:
        """The condition of a text."""
        text = str(value)
        try:
            return parse_holds(text) if text.lstrip().startswith(HOLDS) else parse_condition(text)
        except ValueError as error:
            self.fail(f"{value!r}: {error}", param, ctx)


@click.command("compare")
@click.argument("files", nargs=-1, type=INPUT, metavar="FILE...")
@click.option("--baseline", multiple=True, type=INPUT, metavar="FILE", help="A run of the baseline; all FILEs are then one side.")
@click.option(
    "--fail-if",
    "conditions",
    multiple=True,
    type=ConditionType(),
    metavar="CONDITION",
    help="Exit with 3 where the condition holds.",
)
@click.option("--format", "output", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True)
@click.option("--merge", is_flag=True, help="Add up the results of the nodes that share one fleet.")
@output_option("Write there instead of to stdout; with --merge the sum, as run --result does (- is stdout).", "--out")
def compare(
    files: tuple[Path, ...],
    baseline: tuple[Path, ...],
    conditions: tuple[AnyCondition, ...],
    output: str,
    merge: bool,
    to: Path | None,
) -> None:
    """Hold each result FILE (- is stdin) against the first one, or against the --baseline: rates, percentiles, failures and lag,
    with the differences. Several runs of a side tell whether a difference is more than the runs differ among themselves.

    A CONDITION is a figure of thresholds, a comparison and a signed difference: 'response_time.p99 > +10%' in percent of the
    baseline, 'response_time.p99 > +5ms', 'failed_percent > +0.1' and 'reports_per_second < -2' in the figure's unit. As in
    thresholds, a group of VMs or a phase may stand in front: 'packages.2000.response_time.p99 > +10%'.

    Outcomes of searches (capacity --result) are held against the first one: how much more or less holds than before, and whether
    that is more than the width of the bounds. Their one CONDITION is 'holds < -10%'.

    With --merge the FILEs are the results of nodes that shared one fleet, and become one result: counts are added, histograms
    merged, thresholds judged on the sums. The documents of nodes that tried a ladder (capacity --ladder) become the document of one
    capacity.

    Exit codes: 0 done, 2 a file cannot be used; with --fail-if 3 where a condition holds, or the code of an invalid run; with
    --merge the code of the merged result, as of a run, or of the capacity.

    \b
    Examples:
      vsock-loadgen compare before.json after.json
      vsock-loadgen compare --baseline a1.json --baseline a2.json b1.json b2.json --fail-if 'response_time.p99 > +10%'
      vsock-loadgen compare capacity-before.json capacity-after.json --fail-if 'holds < -10%'
      vsock-loadgen compare --merge node-*.json -o fleet.json
    """
    if merge:
        if baseline or conditions or output == "markdown":
            raise click.UsageError("--merge gives one result: --baseline, --fail-if and --format markdown do not go with it")
        sys.exit(_merge(files, to, output))
    if not files or len(files) + len(baseline) < 2:
        raise click.UsageError("expected two or more results: a baseline and what is held against it")
    check_files({"--output": to}, (*baseline, *files))
    outcomes = read_outcomes([*baseline, *files])
    runs = [Named(name, outcome) for name, outcome in outcomes if isinstance(outcome, Result)]
    if len(runs) < len(outcomes):
        if baseline:
            raise click.UsageError("--baseline is for several runs of a side; of searches, the first FILE is the baseline")
        sys.exit(compare_searches(outcomes, conditions, output, to))
    comparison = _sides(runs, len(baseline))
    judged = judge_conditions(_of_runs(conditions), comparison)
    _show(comparison, judged, output, to)
    sys.exit(_exit_code(comparison, judged))


def _of_runs(conditions: tuple[AnyCondition, ...]) -> list[Condition]:
    """The conditions, all of which have to be about figures of runs."""
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
        return compare_sides(_side(runs[:baselines]), [_side(runs[baselines:])])
    return compare_sides(_side(runs[:1]), [_side([run]) for run in runs[1:]])


def _side(runs: list[Named]) -> Side:
    return Side(" and ".join(run.name for run in runs), tuple(runs))


def _show(comparison: Comparison, judged: tuple[JudgedCondition, ...], output: str, to: Path | None) -> None:
    terminal = streams()
    if output == "json":
        text = json.dumps(comparison_document(comparison, judged), indent=1) + "\n"
    elif output == "markdown":
        text = comparison_markdown(comparison, judged)
    else:
        text = comparison_text(comparison, judged, width=terminal.width, color=terminal.color)
    put_out(text, to, color=terminal.color)


def _exit_code(comparison: Comparison, judged: tuple[JudgedCondition, ...]) -> int:
    """Where something was asked, an invalid run is no answer: its code counts before that of a condition."""
    if not judged:
        return EXIT_DONE
    invalid = [run.result.verdict.exit_code for run in comparison.runs if run.result.verdict.status == "invalid"]
    return min(invalid, default=EXIT_THRESHOLD if any(condition.failed for condition in judged) else EXIT_DONE)


def _merge(files: tuple[Path, ...], to: Path | None, output: str) -> int:
    if not files:
        raise click.UsageError("--merge: expected the results of a fleet's nodes")
    check_files({"--output": to}, files)
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
    """Those of the config, which is the same for all parts. Raises ConfigError where they cannot be read."""
    try:
        return Terms.read(part.result.config)
    except ValueError as error:
        found = shown(part.result.config.get("maxLost"))
        raise ConfigError([Problem(part.name, "config.maxLost", f"found {found}, {error}")]) from error


def _thresholds(part: Named) -> list[Threshold]:
    """Those of the config, which is the same for all parts. Raises ConfigError where they cannot be read."""
    written = part.result.config.get("thresholds") or []
    if not isinstance(written, list):
        raise ConfigError([Problem(part.name, "config.thresholds", f"found {written!r}, expected a list of thresholds")])
    try:
        return [parse_threshold(str(text)) for text in written]
    except ValueError as error:
        raise ConfigError([Problem(part.name, "config.thresholds", str(error))]) from error
