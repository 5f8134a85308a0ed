"""`vsock-loadgen report`: a result, or the outcome of a search, as a page to look at and to send to somebody."""

from __future__ import annotations

from pathlib import Path

import click

from vsock_loadgen.cli.outputs import INPUT, check_files, output_option, writing
from vsock_loadgen.inputs import STDIN
from vsock_loadgen.outputs import write_text
from vsock_loadgen.printable import printable


@click.command()
@click.argument("result", type=INPUT, metavar="RESULT.json")
@output_option("The page to write (- is stdout) [default: the result's name with .html].")
def report(result: Path, to: Path | None) -> None:
    """Turn the result of a run, or the outcome of a search with capacity (- is stdin), into one HTML page with its verdict, figures
    and charts. It opens without a network, and nothing in it leads elsewhere.

    \b
    Examples:
      vsock-loadgen report result.json
      vsock-loadgen report capacity.json -o /tmp/report.html
    """
    if to is None and result == STDIN:
        raise click.UsageError("the result comes from stdin: expected --output FILE, the name of the page")
    path = to or result.parent / f"{result.stem}.html"
    check_files({"--output": path}, [result])
    from vsock_loadgen.capacity.files import read_outcomes
    from vsock_loadgen.capacity.outcome import Capacity
    from vsock_loadgen.text.capacity_page import capacity_page
    from vsock_loadgen.text.html import result_page

    ((_, outcome),) = read_outcomes([result])
    page = capacity_page(outcome) if isinstance(outcome, Capacity) else result_page(outcome.to_json())
    with writing("--output", path):
        write_text(page, path)
    click.echo(printable(f"The report is in {path}."), err=True)
