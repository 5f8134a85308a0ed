"""What `capacity` does with `--ladder`."""

from __future__ import annotations

import json

import click
from click.core import ParameterSource

from vsock_loadgen.capacity.amounts import Asked
from vsock_loadgen.capacity.node_document import LadderPart
from vsock_loadgen.capacity.search import Step
from vsock_loadgen.cli.terminal import streams
from vsock_loadgen.config.model import Config
from vsock_loadgen.errors import EXIT_DONE, EXIT_INTERNAL, ConfigError, Problem
from vsock_loadgen.laddering import Tried, climb, ladder_asked
from vsock_loadgen.stage import Outputs
from vsock_loadgen.text.console import Streams
from vsock_loadgen.text.ladder_text import ladder_text, node_text

_OF_A_SEARCH = {"start": "--from", "highest": "--to", "confirm": "--confirm", "continued": "--continue"}


def refuse_options_of_a_search() -> None:
    """Raise UsageError if the command line has options that a ladder does not use."""
    context = click.get_current_context()
    given = [flag for name, flag in _OF_A_SEARCH.items() if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if given:
        raise click.UsageError(f"--ladder names the loads, and each is tried once: {' and '.join(given)} does not go with it")


def ladder_dry_run(config: Config, asked: Asked, width: int) -> str:
    """What the ladder would do."""
    tried = ladder_asked(config, asked)
    levels = [tried.bench.level(Step(load, "ladder")) for load in tried.ladder.loads]
    return ladder_text(tried.ladder, tried.bench.terms.goals, levels, width=width)


def climbed(config: Config, asked: Asked, where: Streams, outputs: Outputs, output: str, *, go_on: bool) -> LadderPart:
    """Try the loads; returns what this node has seen. Raises LoadgenError."""
    tried = ladder_asked(config, asked)
    _check_outputs(tried, outputs, output)
    return climb(tried, asked, where, outputs, go_on=go_on)


def _check_outputs(tried: Tried, outputs: Outputs, output: str) -> None:
    """Raises ConfigError if the part of one of several nodes would be lost, or shown as the whole."""
    if tried.identity.count == 1:
        return
    problems = []
    if outputs.result is None and output != "json":
        message = f"expected a FILE (or --format json): the outcome is that of all {tried.identity.count} nodes' documents merged"
        problems.append(Problem("--result", "", message))
    if outputs.html is not None or output == "markdown":
        flag = "--html" if outputs.html is not None else "--format markdown"
        problems.append(Problem(flag, "", "expected none on one of several nodes: the outcome is that of all nodes merged"))
    if problems:
        raise ConfigError(problems)


def put_out_part(part: LadderPart, output: str) -> int:
    """Show what one of several nodes has seen; returns the exit code: whether it has tried all loads."""
    where = streams()
    text = json.dumps(part.to_json()) + "\n" if output == "json" else node_text(part, width=where.width, color=where.color)
    click.echo(text, nl=False, color=where.color)
    is_whole = part.outcome.complete and part.outcome.limited_by != "not recovered"
    return EXIT_DONE if is_whole else EXIT_INTERNAL
