"""A share of something, as an option of the command line."""

from __future__ import annotations

from fractions import Fraction

import click

from vsock_loadgen.config.expressions import plain_number

_WHOLE = 100


class ShareType(click.ParamType[Fraction]):
    """A percentage above 0; gives the share, exactly."""

    name = "share"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Fraction:
        """The share of a text."""
        if isinstance(value, Fraction):
            return value
        percent = plain_number(str(value).removesuffix("%").strip())
        if percent is None or not 0 < percent <= _WHOLE:
            self.fail(f"{value!r}: expected a percentage above 0, up to 100%", param, ctx)
        return percent / _WHOLE


SHARE = ShareType()
