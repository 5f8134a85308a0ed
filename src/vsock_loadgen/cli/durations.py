"""Durations as options of the command line."""

from __future__ import annotations

import click

from vsock_loadgen.units import parse_duration


class DurationType(click.ParamType[int]):
    """A duration in Go's grammar, not negative; gives nanoseconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Nanoseconds of the text; a default is nanoseconds already."""
        if isinstance(value, int):
            return value
        try:
            nanoseconds = parse_duration(str(value))
        except ValueError as error:
            self.fail(f"{value!r} {error}, expected a duration such as 250ms or 1m30s", param, ctx)
        if nanoseconds < 0:
            self.fail(f"{value!r} is negative, expected a duration such as 250ms or 1m30s", param, ctx)
        return nanoseconds


DURATION = DurationType()
