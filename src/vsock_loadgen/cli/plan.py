"""`vsock-loadgen plan`: show what would be sent, and send nothing."""

from __future__ import annotations

import json
import sys

import click

from vsock_loadgen import preparing
from vsock_loadgen.cli.configuring import Given, config_options, streams
from vsock_loadgen.cli.durations import DURATION
from vsock_loadgen.errors import EXIT_THRESHOLD
from vsock_loadgen.plan.document import plan_document
from vsock_loadgen.printable import printable
from vsock_loadgen.text.plan_text import plan_text


@click.command()
@config_options
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--vms", is_flag=True, help="With --format json: list every VM.")
@click.option("--nodes", type=click.IntRange(1, 100_000), metavar="N", help="Show how the fleet splits over N nodes.")
@click.option(
    "--service-time",
    type=DURATION,
    metavar="DURATION",
    help="How long the target takes for a report: shows how many will be under way at a time.",
)
@click.option("--fail-on-warning", is_flag=True, help="End with exit code 3 where there is any warning, for pipelines.")
def plan(given: Given, output: str, vms: bool, nodes: int | None, service_time: int | None, fail_on_warning: bool) -> None:
    """Show what would be sent, and send nothing: the fleet, its statistics, and the load that it makes.

    Exit codes: 0 done, 2 bad input, 3 a warning with --fail-on-warning.

    \b
    Examples:
      vsock-loadgen plan --config fleet.yaml
      vsock-loadgen plan --config fleet.yaml --service-time 200ms --fail-on-warning
      vsock-loadgen plan --config fleet.yaml --nodes 4 --format json --vms
    """
    if vms and output != "json":
        raise click.UsageError("--vms needs --format json")
    loaded = given.load()
    for problem in loaded.warnings:
        click.echo(printable(f"warning: {problem}"), err=True)
    made, _ = preparing.prepare(loaded.config, nodes=nodes)
    if output == "json":
        click.echo(json.dumps(plan_document(made, with_vms=vms, service_time_ns=service_time), indent=1))
    else:
        terminal = streams()
        text = plan_text(made, width=terminal.width, color=terminal.color, service_time_ns=service_time)
        click.echo(text, nl=False, color=terminal.color)
    if fail_on_warning and (loaded.warnings or made.warnings):
        sys.exit(EXIT_THRESHOLD)
