"""The files that a run writes, as options of the verbs that run a fleet."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vsock_loadgen.cli.outputs import OUTPUT, result_option
from vsock_loadgen.config.expressions import plain_percent
from vsock_loadgen.outputs import is_stream

if TYPE_CHECKING:
    from vsock_loadgen.stage import Outputs

_WHOLE_PERCENT = 100


class ShareType(click.ParamType[Fraction]):
    """A percentage above 0; gives the share, exactly."""

    name = "share"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Fraction:
        """The share of a text."""
        if isinstance(value, Fraction):
            return value
        percent = plain_percent(str(value))
        if percent is None or not 0 < percent <= _WHOLE_PERCENT:
            self.fail(f"{value!r}: expected a percentage above 0, up to 100%", param, ctx)
        return percent / _WHOLE_PERCENT


_OPTIONS = (
    result_option("Write the result as JSON."),
    click.option("--html", type=OUTPUT, metavar="FILE", help="Write the result as an HTML page."),
    click.option("--summary", type=OUTPUT, metavar="FILE", help="Append the result as Markdown, as to $GITHUB_STEP_SUMMARY."),
    click.option("--samples", type=OUTPUT, metavar="FILE", help="Write a row for each report as gzipped CSV (.csv.gz)."),
    click.option(
        "--samples-share",
        type=ShareType(),
        default=Fraction(1),
        metavar="PERCENT",
        help="Write samples of this share of the VMs, the same VMs in every run. [default: 100%]",
    ),
)


@dataclass(frozen=True, slots=True)
class Written:
    """The files that are wanted."""

    result: Path | None
    html: Path | None
    summary: Path | None
    samples: Path | None
    samples_share: Fraction

    @property
    def anew(self) -> dict[str, Path | None]:
        """Those that every run replaces, by flag."""
        return {"--result": self.result, "--html": self.html, "--samples": self.samples}

    @property
    def appended(self) -> dict[str, Path | None]:
        """Those that are appended to."""
        return {"--summary": self.summary}

    def outputs(self) -> Outputs:
        """As a run takes them. Raises BadParameter if samples are to go to a stream."""
        from vsock_loadgen.stage import Outputs

        if self.samples is not None and is_stream(self.samples):
            raise click.BadParameter(f"{self.samples}: expected a file", param_hint="--samples")
        return Outputs(self.result, self.html, self.summary, self.samples, self.samples_share)


def written_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command an option for each of them; it is called with `written: Written` in their place."""

    @functools.wraps(command)
    def called(
        result: Path | None, html: Path | None, summary: Path | None, samples: Path | None, samples_share: Fraction, **given: Any
    ) -> None:
        command(written=Written(result, html, summary, samples, samples_share), **given)

    for option in reversed(_OPTIONS):
        called = option(called)
    return called
