"""Loads as options of the command line."""

from __future__ import annotations

import click

from vsock_loadgen.capacity.amounts import Amount
from vsock_loadgen.config.expressions import plain_percent

_LEAST_PRECISION, _MOST_PRECISION = 1, 100


class AmountType(click.ParamType[Amount]):
    """A load: `100/s`, or a number."""

    name = "load"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Amount:
        """The amount of a text."""
        try:
            return Amount.parse(str(value))
        except ValueError as error:
            self.fail(f"{value!r}: {error}", param, ctx)


class PrecisionType(click.ParamType[float]):
    """A percentage; gives the share."""

    name = "precision"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The share of a text."""
        if isinstance(value, float):
            return value
        percent = plain_percent(str(value))
        if percent is None or not _LEAST_PRECISION <= percent <= _MOST_PRECISION:
            self.fail(f"{value!r}: expected {_LEAST_PRECISION}% to {_MOST_PRECISION}%", param, ctx)
        return float(percent / 100)


class LadderType(click.ParamType[tuple[Amount, ...]]):
    """Loads with commas between them."""

    name = "ladder"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Amount, ...]:
        """The loads of a text."""
        try:
            return tuple(Amount.parse(text) for text in str(value).split(","))
        except ValueError as error:
            self.fail(f"{value!r}: {error}, with commas between the loads", param, ctx)


AMOUNT, LADDER, PRECISION = AmountType(), LadderType(), PrecisionType()
