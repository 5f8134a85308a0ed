"""`vsock-loadgen capacity`: how much a target holds."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import click

from vsock_loadgen import searching
from vsock_loadgen.capacity.asked import Amount, Asked
from vsock_loadgen.capacity.files import check_continued, read_capacity
from vsock_loadgen.capacity.outcome import Capacity
from vsock_loadgen.capacity.search import Step, Vary
from vsock_loadgen.capacity.timing import expected
from vsock_loadgen.cli.configuring import Given, config_options, streams, thresholds_given
from vsock_loadgen.cli.ladder import LadderType, climbed, ladder_dry_run, put_out_part, refuse_options_of_a_search
from vsock_loadgen.cli.outputs import OUTPUT
from vsock_loadgen.config.expressions import plain_number
from vsock_loadgen.config.model import Config
from vsock_loadgen.errors import EXIT_DONE, EXIT_INTERNAL
from vsock_loadgen.log import Log
from vsock_loadgen.outputs import write_text
from vsock_loadgen.stage import Outputs
from vsock_loadgen.text.capacity_markdown import capacity_markdown
from vsock_loadgen.text.capacity_page import capacity_page
from vsock_loadgen.text.capacity_sheet import level_text
from vsock_loadgen.text.capacity_text import capacity_text, dry_run_text
from vsock_loadgen.text.console import Streams
from vsock_loadgen.text.html import plotly_source
from vsock_loadgen.trials import prepared

_LEAST_PRECISION, _MOST_PRECISION = 1, 100
_MOST_CONFIRM = 10


class AmountType(click.ParamType[Amount]):
    """A load: `100/s`, or a number."""

    name = "load"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Amount:
        """The amount of a text."""
        try:
            return Amount.parse(str(value))
        except ValueError as error:
            self.fail(f"{value!r}: {error}", param, ctx)


class PrecisionType(click.ParamType[float]):
    """A percentage; gives the share."""

    name = "precision"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The share of a text."""
        if isinstance(value, float):
            return value
        percent = plain_number(str(value).removesuffix("%").strip())
        if percent is None or not _LEAST_PRECISION <= percent <= _MOST_PRECISION:
            self.fail(f"{value!r}: expected {_LEAST_PRECISION}% to {_MOST_PRECISION}%", param, ctx)
        return float(percent / 100)


AMOUNT = AmountType()


@click.command()
@config_options
@click.option(
    "--goal", "goals", multiple=True, metavar="THRESHOLD", help="What a load has to keep [default: the config's thresholds]."
)
@click.option(
    "--vary",
    type=click.Choice(["rate", "vms"]),
    default="rate",
    show_default=True,
    help="Vary how often VMs report, or how many VMs there are.",
)
@click.option("--from", "start", type=AMOUNT, metavar="LOAD", help="Begin with LOAD [default: that of the config].")
@click.option("--to", "highest", type=AMOUNT, metavar="LOAD", help="Try nothing above LOAD.")
@click.option(
    "--precision", type=PrecisionType(), default=0.05, metavar="PERCENT", help="Go on until the bounds are so near [default: 5%]."
)
@click.option(
    "--confirm",
    type=click.IntRange(1, _MOST_CONFIRM),
    default=2,
    show_default=True,
    metavar="N",
    help="See each bound in N trials.",
)
@click.option(
    "--ladder",
    type=LadderType(),
    metavar="LOAD,LOAD,...",
    help="Try these loads in place of a search, the lowest first, in slots of equal length; on several nodes from startAt on.",
)
@click.option("--at-least", type=AMOUNT, metavar="LOAD", help="Exit with 3 if less than LOAD holds.")
@click.option("--dry-run", is_flag=True, help="Say what the search would do, and send nothing.")
@click.option(
    "--continue",
    "continued",
    type=OUTPUT,
    metavar="FILE",
    help="Go on with the interrupted search that wrote FILE, and write there.",
)
@click.option("--format", "output", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True)
@click.option("--result", type=OUTPUT, metavar="FILE", help="Write the outcome as JSON, after every trial.")
@click.option("--html", type=OUTPUT, metavar="FILE", help="Write the outcome as an HTML page.")
@click.option("--no-live", is_flag=True, help="Write a line for each trial also where the log is a terminal.")
@click.option(
    "--no-loopback-check", is_flag=True, help="Connect to vsock CID 1 even where the kernel would send it to the hypervisor."
)
def capacity(
    given: Given,
    goals: tuple[str, ...],
    vary: Vary,
    start: Amount | None,
    highest: Amount | None,
    precision: float,
    confirm: int,
    ladder: tuple[Amount, ...] | None,
    at_least: Amount | None,
    dry_run: bool,
    continued: Path | None,
    output: str,
    result: Path | None,
    html: Path | None,
    no_live: bool,
    no_loopback_check: bool,
) -> None:
    """Search for the highest load that the target holds: one trial after the other, each with the config's fleet, until the highest
    load that keeps all goals and the lowest that does not are near each other.

    A LOAD is reports per second of the whole fleet (100/s), or a number: a factor on how often VMs report, or VMs with --vary vms.

    Several nodes cannot search, since nothing tells them which trial comes next. With --ladder each tries the same loads with its
    own VMs, in the same slots, and compare --merge makes one outcome of their --result files.

    Exit codes: 0 found, or all of the bounds held, 1 interrupted, not recovered, or contradictory, 2 nothing was sent, 3 the lowest
    load misses, or less than --at-least holds, 4 the generator was the limit. One of several nodes ends with 0 if it has tried all
    loads.

    \b
    Examples:
      vsock-loadgen capacity --config fleet.yaml --goal 'response_time.p99 < 500ms'
      vsock-loadgen capacity --config fleet.yaml --vary vms --at-least 5000 --result capacity.json
      vsock-loadgen capacity --config fleet.yaml --dry-run
      vsock-loadgen capacity --config fleet.yaml --ladder 50/s,100/s,200/s --node-index 0 --node-count 2 --result node-0.json
    """
    if ladder:
        refuse_options_of_a_search()
    given = replace(given, overrides=(*given.overrides, *thresholds_given(goals, "--goal")))
    if continued and result:
        raise click.UsageError("--continue FILE writes to that FILE, expected no --result beside it")
    loaded = given.load({"--result": result, "--html": html, "--continue": continued})
    asked = Asked(vary, start, highest, at_least, precision, confirm, ladder or ())
    where = streams(live=not no_live)
    if dry_run:
        click.echo(_dry_run(loaded.config, asked, where.width), nl=False)
        return
    log = Log(where.log, style=loaded.config.log_format)
    for problem in loaded.warnings:
        log.alert(str(problem), "config")
    if html is not None:
        plotly_source()  # where it is missing, that is said before anything is sent
    outputs = Outputs(result=result or continued, html=html)
    if ladder:
        part = climbed(loaded.config, asked, where, outputs, output, go_on=no_loopback_check)
        sys.exit(put_out_part(part, output) if part.node_count > 1 else _put_out(part.outcome, output, html, log))
    before = read_capacity(continued) if continued else None
    if before and continued:
        check_continued(before, continued, prepared(loaded.config, asked).terms, loaded.config)
    found = searching.search(loaded.config, asked, where, outputs, before=before, go_on=no_loopback_check)
    sys.exit(_put_out(found, output, html, log))


def _dry_run(config: Config, asked: Asked, width: int) -> str:
    """What the search would do, or the ladder."""
    if asked.ladder:
        return ladder_dry_run(config, asked, width)
    bench = prepared(config, asked)
    first = bench.level(Step(bench.terms.start, "search"))
    return dry_run_text(bench.terms, expected(bench.terms, (), bench.seconds), level_text(first), width=width)


def _put_out(found: Capacity, output: str, html: Path | None, log: Log) -> int:
    """Show the outcome, and write its page; returns the exit code: that of the search, but 1 in place of 0 where the page could not
    be written."""
    unwritten = EXIT_DONE
    if html is not None:
        try:
            write_text(capacity_page(found), html)
        except OSError as error:
            log.alert(f"--html: cannot be written: {error}", "html_file")
            unwritten = EXIT_INTERNAL
    where = streams()
    click.echo(_shown(found, output, where), nl=False, color=where.color)
    return found.code or unwritten


def _shown(found: Capacity, output: str, where: Streams) -> str:
    if output == "json":
        return json.dumps(found.to_json(), indent=1) + "\n"
    if output == "markdown":
        return capacity_markdown(found)
    return capacity_text(found, width=where.width, color=where.color)
