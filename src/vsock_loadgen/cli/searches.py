"""What `capacity` does once its options are read: a search, a ladder, or the dry run of one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import click

from vsock_loadgen import searching
from vsock_loadgen.capacity.amounts import Asked
from vsock_loadgen.capacity.files import check_continued, read_capacity
from vsock_loadgen.capacity.outcome import Capacity
from vsock_loadgen.capacity.search import Step
from vsock_loadgen.capacity.timing import expected
from vsock_loadgen.cli.ladder import climbed, ladder_dry_run, put_out_part, refuse_options_of_a_search
from vsock_loadgen.cli.terminal import streams
from vsock_loadgen.config.load import Loaded
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
from vsock_loadgen.trials import prepared


@dataclass(frozen=True, slots=True)
class Shown:
    """How an outcome is shown: the format on stdout, the files to write, and whether a terminal may be drawn on."""

    output: str
    result: Path | None
    html: Path | None
    live: bool


def search_or_climb(loaded: Loaded, asked: Asked, shown: Shown, *, continued: Path | None, dry_run: bool, go_on: bool) -> int:
    """Find how much the target holds, and show it; returns the exit code. `continued` is the document of an interrupted search.

    Raises LoadgenError.
    """
    config, where = loaded.config, streams(live=shown.live)
    if asked.ladder:
        refuse_options_of_a_search()
    if dry_run:
        click.echo(_dry_run(config, asked, where.width), nl=False)
        return EXIT_DONE
    log = Log(where.log, style=config.log_format)
    for problem in loaded.warnings:
        log.alert(str(problem), "config")
    outputs = Outputs(result=shown.result, html=shown.html)
    if asked.ladder:
        part = climbed(config, asked, where, outputs, shown.output, go_on=go_on)
        return put_out_part(part, shown.output) if part.node_count > 1 else _put_out(part.outcome, shown, log)
    before = read_capacity(continued) if continued else None
    if before and continued:
        check_continued(before, continued, prepared(config, asked).terms, config)
    return _put_out(searching.search(config, asked, where, outputs, before=before, go_on=go_on), shown, log)


def _dry_run(config: Config, asked: Asked, width: int) -> str:
    """What the search would do, or the ladder."""
    if asked.ladder:
        return ladder_dry_run(config, asked, width)
    bench = prepared(config, asked)
    first = bench.level(Step(bench.terms.start, "search"))
    return dry_run_text(bench.terms, expected(bench.terms, (), bench.seconds), level_text(first), width=width)


def _put_out(found: Capacity, shown: Shown, log: Log) -> int:
    """Show the outcome, and write its page; returns the exit code of the search, but 1 in place of 0 if the page cannot be
    written."""
    unwritten = EXIT_DONE
    if shown.html is not None:
        try:
            write_text(capacity_page(found), shown.html)
        except OSError as error:
            log.alert(f"--html: cannot be written: {error}", "html_file")
            unwritten = EXIT_INTERNAL
    where = streams()
    click.echo(_shown(found, shown.output, where), nl=False, color=where.color)
    return found.code or unwritten


def _shown(found: Capacity, output: str, where: Streams) -> str:
    if output == "json":
        return json.dumps(found.to_json(), indent=1) + "\n"
    if output == "markdown":
        return capacity_markdown(found)
    return capacity_text(found, width=where.width, color=where.color)
