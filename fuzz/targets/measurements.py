"""Measured values for `fit`: plain lines and CSV."""

from __future__ import annotations

from fuzz.command import command, hold_ended
from fuzz.confinement import confined
from fuzz.draws import Draws
from fuzz.oracle import hold
from vsock_loadgen.config.load import load


def check(data: bytes) -> None:
    """The block that comes out loads as a config, and as what was fitted; or the first mistake is named."""
    draws = Draws(data)
    kind = draws.pick(("packages", "intervals"))
    options = ["--kind", kind, "--form", draws.pick(("percentile", "quantiles")), "--max-buckets", str(1 + draws.number(99))]
    column = draws.pick((None, "1", "2", "9" * 20, "value", ""))
    options += [] if column is None else ["--column", column]
    with confined() as folder:
        file = folder / "values.csv"
        file.write_bytes(draws.rest())
        ended = command(["fit", str(file), *options])
        hold_ended(ended, (0, 2))
        if ended.code == 0:
            file.write_text(f"loadgen:\n{ended.out}")
            loaded = load(file, environment={}, strict=True)
            key = {"packages": "packages", "intervals": "reportInterval"}[kind]
            hold(ended.out.startswith(f"  {key}:"), "the block has its key", ended.out)
            hold(not loaded.warnings, "the block is nothing to warn of", loaded.warnings)
