"""`vsock-loadgen compare`: results side by side, outcomes of searches side by side, or the results of a fleet's nodes added up."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsock_loadgen.cli.outputs import INPUT, check_files, output_option
from vsock_loadgen.cli.verb import Verb
from vsock_loadgen.inputs import STDIN

if TYPE_CHECKING:
    from vsock_loadgen.cli.comparing_searches import AnyCondition


class ConditionType(click.ParamType["AnyCondition"]):
    """A bound on the difference from the baseline."""

    name = "condition"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> AnyCondition:
        """The condition of a text."""
        from vsock_loadgen.capacity.comparison import HOLDS, parse_holds
        from vsock_loadgen.results.conditions import parse_condition

        text = str(value)
        try:
            return parse_holds(text) if text.lstrip().startswith(HOLDS) else parse_condition(text)
        except ValueError as error:
            self.fail(f"{value!r}: {error}", param, ctx)


@click.command("compare", cls=Verb)
@click.argument("files", nargs=-1, type=INPUT, metavar="FILE...")
@click.option(
    "--baseline",
    multiple=True,
    type=INPUT,
    metavar="FILE",
    help="Compare with this run, or with those of a pattern such as 'old-*.json'; all FILEs are then one side.",
)
@click.option(
    "--fail-if",
    "conditions",
    multiple=True,
    type=ConditionType(),
    metavar="CONDITION",
    help="Exit with 3 if the condition holds.",
)
@click.option("--format", "output", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True)
@click.option("--all", "shows_all", is_flag=True, help="Show differences within their own spread in Markdown too.")
@click.option("--merge", is_flag=True, help="Add up the results of the nodes that share one fleet.")
@output_option("Write there instead of to stdout; with --merge the sum, as run --result does (- is stdout).", "--out")
def compare(
    files: tuple[Path, ...],
    baseline: tuple[Path, ...],
    conditions: tuple[AnyCondition, ...],
    output: str,
    shows_all: bool,
    merge: bool,
    to: Path | None,
) -> None:
    """Compare each result FILE (- is stdin) with the first one, or with the --baseline. Several runs of a side tell whether a
    difference is larger than their own spread.

    A CONDITION is a figure of thresholds, a comparison and a signed difference. The difference is in percent of the baseline
    ('response_time.p99 > +10%') or in the figure's unit ('response_time.p99 > +5ms', 'failed_percent > +0.1'). As in thresholds, a
    group of VMs or a phase may stand in front: 'packages.2000.response_time.p99 > +10%'.

    Outcomes of searches (capacity --result) are compared with the first one too: how much more or less holds, and whether that
    exceeds the width of the bounds. Their one CONDITION is 'holds < -10%'.

    With --merge the FILEs are the results of nodes that shared one fleet, and become one result. Its counts and histograms are
    sums, and thresholds are judged on them. Documents of nodes that tried a ladder (capacity --ladder) become one outcome.

    \b
    Exit codes:
      0  done
      2  a file cannot be used
      3  with --fail-if: a condition holds

    With --fail-if an invalid run decides first, with its own code. With --merge the code is that of the merged result.

    \b
    Examples:
      vsock-loadgen compare before.json after.json
      vsock-loadgen compare --baseline 'old-*.json' new-1.json new-2.json new-3.json --fail-if 'response_time.p99 > +10%'
      vsock-loadgen compare --baseline 'old-*.json' new-*.json --format markdown
      vsock-loadgen compare capacity-before.json capacity-after.json --fail-if 'holds < -10%'
      vsock-loadgen compare --merge node-*.json -o fleet.json
    """
    from vsock_loadgen.cli.comparing import Shown, compare_results, merge_nodes

    if merge:
        if baseline or conditions or output == "markdown":
            raise click.UsageError("--merge gives one result: --baseline, --fail-if and --format markdown do not go with it")
        if not files:
            raise click.UsageError("--merge: expected the results of a fleet's nodes")
        check_files({"--output": to}, files)
        sys.exit(merge_nodes(files, output, to))
    if not files or len(files) + len(baseline) < 2:
        raise click.UsageError("expected two or more results: a baseline and what is compared with it")
    baseline = tuple(path for pattern in baseline for path in _matching(pattern))
    check_files({"--output": to}, (*baseline, *files))
    sys.exit(compare_results(baseline, files, conditions, Shown(output, to, shows_all=shows_all)))


def _matching(pattern: Path) -> Sequence[Path]:
    """The files that a pattern means, in the order of their names; itself if there are none, or if it is a name."""
    if pattern == STDIN or pattern.exists():
        return [pattern]
    try:
        return sorted(Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor)))) or [pattern]
    except ValueError:  # of what cannot be a pattern: as a name, nothing is there
        return [pattern]
