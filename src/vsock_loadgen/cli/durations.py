"""Durations as options of the command line."""

from __future__ import annotations

import click

from vsock_loadgen.units import HOUR, parse_duration

_LONGEST_NS = 100 * 365 * 24 * HOUR  # as for a run; the system's timers do not take every duration of the grammar


class DurationType(click.ParamType[int]):
    """A duration in Go's grammar, from 0 to 100 years; gives nanoseconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Nanoseconds of the text; a default is nanoseconds already."""
        if isinstance(value, int):
            return value
        try:
            nanoseconds = parse_duration(str(value))
        except ValueError as error:
            self.fail(f"{value!r} {error}, expected a duration such as 250ms or 1m30s", param, ctx)
        if not 0 <= nanoseconds <= _LONGEST_NS:
            what = "is negative" if nanoseconds < 0 else "is longer than 100 years"
            self.fail(f"{value!r} {what}, expected a duration such as 250ms or 1m30s", param, ctx)
        return nanoseconds


DURATION = DurationType()
