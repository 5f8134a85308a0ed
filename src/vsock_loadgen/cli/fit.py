"""`vsock-loadgen fit`: from measured data to a block of the config."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsock_loadgen.cli.outputs import INPUT, check_files, output_option
from vsock_loadgen.cli.verb import Verb

if TYPE_CHECKING:
    from vsock_loadgen.fitting.fit import Form
    from vsock_loadgen.fitting.measurements import Measured


@click.command(cls=Verb)
@click.argument("file", type=INPUT, metavar="FILE")
@click.option("--kind", type=click.Choice(["packages", "intervals"]), required=True, help="Say what was measured.")
@click.option("--column", metavar="NAME|N", help="Read this column of a CSV FILE: a heading, or a number from 1.")
@click.option("--form", type=click.Choice(["percentile", "quantiles"]), default="percentile", show_default=True)
@click.option(
    "--max-buckets",
    type=click.IntRange(1, 100),
    default=12,
    show_default=True,
    metavar="N",
    help="Make at most N buckets, or quantiles between the ends.",
)
@output_option("Write the block there instead of to stdout.")
def fit(file: Path, kind: Measured, column: str | None, form: Form, max_buckets: int, to: Path | None) -> None:
    """Make a block of the config from measured data. FILE has one value per line, or is CSV with --column; - is stdin.

    Packages are whole numbers. Intervals are seconds, or durations such as 1m30s.

    The smallest block is taken whose mean, p50, p95 and p99 are within 2 %, and single values within 10 % on average. If
    --max-buckets are too few for that, it is the closest one. If there are no more distinct values than buckets, each becomes a
    bucket. The block goes to stdout, its error and a chart to stderr.

    \b
    Examples:
      vsock-loadgen fit counts.txt --kind packages
      vsock-loadgen fit vms.csv --column interval --kind intervals --form quantiles
      cut -f3 inventory.tsv | vsock-loadgen fit - --kind packages >> fleet.yaml
    """
    check_files({"--output": to}, [file])
    from vsock_loadgen.cli.fitting import fit_file

    fit_file(file, kind, column, form, max_buckets, to)
