"""What `fit` does once its options are read: from measured data to a block of the config."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

import click

from vsock_loadgen.cli.outputs import put_out
from vsock_loadgen.cli.terminal import streams
from vsock_loadgen.config.load import Override, load
from vsock_loadgen.distributions.quantity import PACKAGES, REPORT_INTERVAL, Grain, Quantity
from vsock_loadgen.errors import ConfigError, InternalError, Problem
from vsock_loadgen.fitting.fit import TOLERANCE, VALUE_TOLERANCE, Fit, Form, fit_block
from vsock_loadgen.fitting.measurements import Measured, read_measurements
from vsock_loadgen.inputs import InputError, name_of, read_input, text_of
from vsock_loadgen.text.fit_text import fit_text, fit_yaml
from vsock_loadgen.units import MILLISECOND, SECOND

_QUANTITIES: dict[Measured, Quantity] = {"packages": PACKAGES, "intervals": REPORT_INTERVAL}
_MOST_BYTES = 256_000_000
_BUCKET_INTERVAL_NS = Grain(step=MILLISECOND, least=MILLISECOND)


def fit_file(file: Path, kind: Measured, column: str | None, form: Form, max_buckets: int, to: Path | None) -> None:
    """Write the block that fits the values of a file, and show how close it is. Raises ConfigError if the file has no usable
    values."""
    values = read_measurements(_lines(file), name_of(file), kind, column)
    _refuse_short(values, form, kind, name_of(file))
    quantity = _QUANTITIES[kind]
    grain = _BUCKET_INTERVAL_NS if kind == "intervals" and form == "percentile" else quantity.grain
    made = fit_block(values, form, max_buckets, grain)
    block = fit_yaml(made, quantity)
    _check(made, quantity, block)
    terminal = streams()
    click.echo(fit_text(made, quantity, width=terminal.width, color=terminal.color), err=True, color=terminal.color)
    if not made.is_close:
        wanted = f"{TOLERANCE:.0%} (of single values, on average, {VALUE_TOLERANCE:.0%})"
        click.echo(f"warning: no block of {max_buckets} is within {wanted}; this is the closest: raise --max-buckets", err=True)
    put_out(block, to)


def _lines(file: Path) -> Iterable[str]:
    """The lines of a file with their ends, as CSV needs them. Raises ConfigError if it cannot be read."""
    try:
        content = read_input(file, _MOST_BYTES, f"larger than {_MOST_BYTES:,} bytes, expected measured values")
        return io.StringIO(text_of(content), newline="")
    except InputError as error:
        raise ConfigError([Problem(name_of(file, error.line), "", str(error))]) from None


def _refuse_short(values: list[int], form: Form, kind: Measured, name: str) -> None:
    short = sum(value < SECOND for value in values) if kind == "intervals" and form == "quantiles" else 0
    if short:
        message = f"{short:,} intervals are below 1s, which quantiles cannot have; expected --form percentile"
        raise ConfigError([Problem(name, "", message)])


def _check(made: Fit, quantity: Quantity, block: str) -> None:
    """Load what was made, as a config would: a promise of this tool, not of its user."""
    _, _, text = block.partition(":")
    config = load(None, environment={}, overrides=[Override("fit", quantity.key, text)]).config
    loaded = config.packages if quantity is PACKAGES else config.report_interval
    if loaded != made.distribution:
        raise InternalError(f"the block does not load as it was fitted: {block}")
