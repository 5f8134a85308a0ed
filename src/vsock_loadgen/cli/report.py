"""`vsock-loadgen report`: a result, or the outcome of a search, in the form that its reader needs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsock_loadgen.cli.outputs import INPUT, check_files, output_option, put_out, writing
from vsock_loadgen.cli.verb import Verb
from vsock_loadgen.inputs import STDIN
from vsock_loadgen.outputs import write_text
from vsock_loadgen.printable import printable

if TYPE_CHECKING:
    from vsock_loadgen.capacity.outcome import Capacity
    from vsock_loadgen.results.result import Result
    from vsock_loadgen.results.tables import Kind

_OF_RUNS = ("junit", "csv")


@click.command(cls=Verb)
@click.argument("result", type=INPUT, metavar="RESULT.json")
@click.option(
    "--format",
    "form",
    type=click.Choice(["html", "markdown", "junit", "csv"]),
    default="html",
    show_default=True,
    help="Write a page, a summary for a pull request, tests for a pipeline, or rows for a spreadsheet.",
)
@click.option(
    "--table",
    type=click.Choice(["series", "groups"]),
    help="Write a CSV row per second (series) or per group of VMs (groups). [default: series]",
)
@output_option("Write there (- is stdout) [default: a page to the result's name with .html, else stdout].")
def report(result: Path, form: str, table: Kind | None, to: Path | None) -> None:
    """Turn the result of a run, or the outcome of a search with capacity, into one HTML page with its verdict, figures and charts
    (- is stdin). The page opens without a network and has no outside links.

    For pipelines: Markdown has the verdict, each threshold with its margin, and the groups of VMs. JUnit has a test for each
    threshold, for completeness, and for the generator. CSV has the columns of the result's document.

    \b
    Examples:
      vsock-loadgen report result.json
      vsock-loadgen report capacity.json -o /tmp/report.html
      vsock-loadgen report result.json --format junit -o junit.xml
      vsock-loadgen report result.json --format csv --table groups
    """
    if table and form != "csv":
        raise click.UsageError("--table chooses the rows of --format csv")
    if to is None and form == "html":
        if result == STDIN:
            raise click.UsageError("the result comes from stdin: expected --output FILE, the name of the page")
        to = result.parent / f"{result.stem}.html"
    check_files({"--output": to}, [result])
    from vsock_loadgen.capacity.files import read_outcomes

    ((_, outcome),) = read_outcomes([result])
    text = _text(outcome, form, table or "series")
    if form != "html" or to is None:
        put_out(text, to)
        return
    with writing("--output", to):
        write_text(text, to)
    click.echo(printable(f"The report is in {to}."), err=True)


def _text(outcome: Result | Capacity, form: str, table: Kind) -> str:
    """The outcome in a form. Raises UsageError if the outcome of a search has no such form."""
    from vsock_loadgen.capacity.outcome import Capacity

    if isinstance(outcome, Capacity):
        return _of_search(outcome, form)
    if form == "markdown":
        from vsock_loadgen.text.result_markdown import result_markdown

        return result_markdown(outcome)
    if form == "junit":
        from vsock_loadgen.text.result_junit import result_junit

        return result_junit(outcome)
    if form == "csv":
        from vsock_loadgen.results.tables import table_of
        from vsock_loadgen.text.result_csv import table_csv

        return table_csv(table_of(outcome, table))
    from vsock_loadgen.text.html import result_page

    return result_page(outcome.to_json())


def _of_search(outcome: Capacity, form: str) -> str:
    if form in _OF_RUNS:
        raise click.UsageError(f"--format {form} is for the result of a run, found the outcome of a search")
    if form == "markdown":
        from vsock_loadgen.text.capacity_markdown import capacity_markdown

        return capacity_markdown(outcome)
    from vsock_loadgen.text.capacity_page import capacity_page

    return capacity_page(outcome)
