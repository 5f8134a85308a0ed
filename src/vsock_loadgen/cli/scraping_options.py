"""What Sensor is set to, and how it misbehaves on request, as options of the verbs that stand in for it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import click

from vsock_loadgen.cli.durations import DURATION

_DURATIONS = {
    "poll_ns": ("--poll-interval", "Time between two askings of a VM."),
    "tick_ns": ("--tick-interval", "Time between two ticks."),
    "timeout_ns": ("--vm-timeout", "Longest time for one VM; no time scale divides it."),
    "backoff_ns": ("--initial-backoff", "Time until a VM is asked again that was not ready; doubled each time."),
    "refresh_ns": ("--refresh-interval", "Time after which the whole report is asked for, whatever the VM had."),
}


_BYTES, _PERCENT = click.IntRange(0), click.FloatRange(0, 100)


def manner_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command an option for every way to misbehave; it is called with `manners: Manners` in their place."""

    @functools.wraps(command)
    def called(read_rate: int | None, nack: float, rubbish: float, **given: Any) -> None:
        from vsock_loadgen.scraper.manners import Manners

        said = {name: given.pop(name) for name in ("break_off_bytes", "stop_reading_bytes", "asks_twice", "never_closes")}
        manners = Manners(
            read_bytes_per_second=read_rate or 0, nacks=Fraction(str(nack)) / 100, rubbish=Fraction(str(rubbish)) / 100, **said
        )
        command(manners=manners, **given)

    return _with(
        called,
        click.option("--read-rate", type=click.IntRange(1), metavar="BYTES", help="Read each response at so many bytes a second."),
        click.option(
            "--stop-reading-after", "stop_reading_bytes", type=_BYTES, metavar="BYTES", help="Read no more after so many bytes."
        ),
        click.option(
            "--break-off-after", "break_off_bytes", type=_BYTES, metavar="BYTES",
            help="Break each connection off after so many bytes.",
        ),
        click.option(
            "--ask-twice", "asks_twice", is_flag=True,
            help="Connect to each agent a second time while the first connection is open.",
        ),
        click.option("--never-close", "never_closes", is_flag=True, help="Leave it to the agent to close each connection."),
        click.option("--rubbish", type=_PERCENT, default=0, metavar="PERCENT", help="Send bytes that are no request so often."),
        click.option("--nack", type=_PERCENT, default=0, metavar="PERCENT", help="Ask again for so many of the reports."),
    )  # fmt: skip


def _with(command: Callable[..., None], *options: Callable[[Callable[..., None]], Callable[..., None]]) -> Callable[..., None]:
    for option in reversed(options):
        command = option(command)
    return command


def sensor_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command an option for every setting of Sensor's; it is called with `settings: Settings` in their place."""

    @functools.wraps(command)
    def called(sensor_release: str, **given: Any) -> None:
        from vsock_loadgen.plan.polling import Settings

        defaults = Settings.of("august" if sensor_release == "august" else "september")
        said = {name: value for name in (*_DURATIONS, "concurrency") if (value := given.pop(name)) is not None}
        command(settings=replace(defaults, **said), **given)

    return _with(
        called,
        click.option(
            "--sensor-release",
            type=click.Choice(["august", "september"]),
            default="september",
            show_default=True,
            help="Schedule and defaults of Sensor as of which month of 2026.",
        ),
        *(click.option(flag, name, type=DURATION, metavar="DURATION", help=says) for name, (flag, says) in _DURATIONS.items()),
        click.option("--concurrency", type=click.IntRange(1, 10_000), metavar="N", help="VMs that are asked at once."),
    )
