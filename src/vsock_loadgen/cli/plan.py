"""`vsock-loadgen plan`: show what would be sent, and send nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsock_loadgen.cli.configuring import Given, config_options
from vsock_loadgen.cli.durations import DURATION
from vsock_loadgen.cli.outputs import output_option, put_out
from vsock_loadgen.cli.scraping_options import sensor_options
from vsock_loadgen.cli.sections import Sectioned
from vsock_loadgen.config.reconcile import variables_in
from vsock_loadgen.config.schema import NEWER
from vsock_loadgen.errors import EXIT_THRESHOLD
from vsock_loadgen.printable import printable

if TYPE_CHECKING:
    from vsock_loadgen.config.model import Config
    from vsock_loadgen.plan.planning import Plan
    from vsock_loadgen.plan.polling import Settings


@click.command(cls=Sectioned)
@config_options
@sensor_options
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--vms", is_flag=True, help="List every VM, with --format json.")
@click.option("--nodes", type=click.IntRange(1, 100_000), metavar="N", help="Show how the fleet splits over N nodes.")
@click.option(
    "--service-time",
    type=DURATION,
    metavar="DURATION",
    help="Show how many reports are in flight at a time if the target takes this long for each.",
)
@click.option("--fail-on-warning", is_flag=True, help="Exit with 3 if there is a warning, for pipelines.")
@click.option(
    "--references", is_flag=True, help="Print no plan, but the files and environment variables that the config refers to."
)
@output_option("Write there instead of to stdout.")
def plan(
    given: Given,
    settings: Settings,
    output: str,
    vms: bool,
    nodes: int | None,
    service_time: int | None,
    fail_on_warning: bool,
    references: bool,
    to: Path | None,
) -> None:
    """Show what would be sent, and send nothing: the fleet, its statistics, and the load that it makes.

    With a block `serve` in the config, the plan is that of a fleet that is asked for its reports. Sensor's settings are options.

    Exit codes: 0 done, 2 bad input, 3 a warning with --fail-on-warning.

    \b
    Examples:
      vsock-loadgen plan --config fleet.yaml
      vsock-loadgen plan --config fleet.yaml --service-time 200ms --fail-on-warning
      vsock-loadgen plan --config fleet.yaml --nodes 4 --format json --vms
      vsock-loadgen plan --config fleet.yaml --set serve.dialect=token --poll-interval 1h
    """
    if vms and output != "json":
        raise click.UsageError("--vms needs --format json")
    loaded = given.load({"--output": to})
    for problem in loaded.warnings:
        click.echo(printable(f"warning: {problem}"), err=True)
    from vsock_loadgen.preparing import prepare

    made, _ = prepare(loaded.config, nodes=nodes, asker=_asker(loaded.config, settings, service_time))
    if references:
        put_out("".join(f"{kind}\t{name}\t{value}\n" for kind, name, value in _references(loaded.config)), to)
    elif output == "json":
        put_out(_document(made, vms, service_time), to)
    else:
        _show(made, service_time, to)
    if fail_on_warning and (loaded.warnings or made.warnings):
        sys.exit(EXIT_THRESHOLD)


def _asker(config: Config, settings: Settings, service_time: int | None) -> Settings | None:
    """The asker of a fleet that is asked; None if reports are sent. Raises UsageError if an option is about the other mode."""
    if config.has_serve:
        if service_time is not None:
            raise click.UsageError(
                "--service-time is about reports that are sent; for a fleet that is asked, set serve.answerDelay"
            )
        return settings
    if settings != type(settings)():
        raise click.UsageError(
            "Sensor's settings are about a fleet that is asked: give the config a block `serve`, as in serve: {}"
        )
    return None


def _document(made: Plan, with_vms: bool, service_time_ns: int | None) -> str:
    from vsock_loadgen.plan.document import plan_document

    return json.dumps(plan_document(made, with_vms=with_vms, service_time_ns=service_time_ns), indent=1) + "\n"


def _show(made: Plan, service_time_ns: int | None, to: Path | None) -> None:
    from vsock_loadgen.cli.terminal import streams
    from vsock_loadgen.text.plan_text import plan_text

    terminal = streams()
    put_out(plan_text(made, width=terminal.width, color=terminal.color, service_time_ns=service_time_ns), to, color=terminal.color)


def _references(config: Config) -> Iterator[tuple[str, str, str]]:
    """What a config needs beside itself: a file, with the variable that can name another, or a variable of the environment."""
    for field, path in config.files.items():
        yield "file", NEWER[field].environment, str(path)
    for key, url in (
        ("reconcile", config.reconcile_url),
        ("reconcileCentral", config.reconcile_central),
        ("pushGateway", config.push_gateway),
    ):
        for name in variables_in(url or ""):
            yield "variable", name, key
