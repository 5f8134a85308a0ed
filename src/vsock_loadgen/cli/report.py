"""`vsock-loadgen report`: a result as a page to look at and to send to somebody."""

from __future__ import annotations

from pathlib import Path

import click

from vsock_loadgen.errors import ConfigError, Problem
from vsock_loadgen.printable import printable
from vsock_loadgen.results.files import read_results, write_text
from vsock_loadgen.text.html import result_page


@click.command()
@click.argument("result", type=click.Path(path_type=Path, dir_okay=False), metavar="RESULT.json")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The page to write [default: the result's name with .html].",
)
def report(result: Path, output: Path | None) -> None:
    """Turn the result of a run into one HTML page with its verdict, figures and charts. It opens without a network, and
    nothing in it leads elsewhere.

    The charts need plotly: pip install 'vsock-loadgen[report]'.

    \b
    Examples:
      vsock-loadgen report result.json
      vsock-loadgen report result.json -o /tmp/report.html
    """
    (read,) = read_results([result])
    path = output or result.with_suffix(".html")
    try:
        write_text(result_page(read.result.to_json()), path)
    except OSError as error:
        raise ConfigError([Problem(str(path), "", f"cannot be written: {error.strerror}")]) from error
    click.echo(printable(f"The report is in {path}."), err=True)
