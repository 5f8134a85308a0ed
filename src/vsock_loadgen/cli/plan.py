"""`vsock-loadgen plan`: show what would be sent, and send nothing."""

from __future__ import annotations

import json

import click

from vsock_loadgen import app
from vsock_loadgen.cli.configuring import Given, config_options, streams
from vsock_loadgen.plan.document import plan_document
from vsock_loadgen.report.plan_text import plan_text


@click.command(short_help="Show what would be sent, and send nothing.")
@config_options
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--vms", is_flag=True, help="With --format json: list every VM.")
@click.option("--nodes", type=click.IntRange(1, 100_000), metavar="N", help="Show how the fleet splits over N nodes.")
def plan(given: Given, output: str, vms: bool, nodes: int | None) -> None:
    """Show what would be sent, and send nothing: the fleet, its statistics, and the load that it makes.

    \b
    Examples:
      vsock-loadgen plan --config fleet.yaml
      vsock-loadgen plan --config fleet.yaml --nodes 4 --format json --vms
    """
    if vms and output != "json":
        raise click.UsageError("--vms needs --format json")
    loaded = given.load()
    for problem in loaded.warnings:
        click.echo(f"warning: {problem}", err=True)
    made, _ = app.prepare(loaded.config, nodes=nodes)
    if output == "json":
        click.echo(json.dumps(plan_document(made, with_vms=vms), indent=1))
    else:
        terminal = streams()
        click.echo(plan_text(made, width=terminal.width, color=terminal.color), nl=False, color=terminal.color)
