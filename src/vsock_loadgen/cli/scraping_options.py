"""Sensor's settings, and the faults that it can inject, as options of the verbs that stand in for it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import click

from vsock_loadgen.cli.durations import DURATION

_DURATIONS = {
    "poll_ns": ("--poll-interval", "Ask a VM again after DURATION."),
    "tick_ns": ("--tick-interval", "Tick every DURATION."),
    "timeout_ns": ("--vm-timeout", "Give one VM at most DURATION; the time scale does not divide it."),
    "backoff_ns": ("--initial-backoff", "Ask a VM that was not ready again after DURATION, doubled each time."),
    "refresh_ns": ("--refresh-interval", "Ask for the whole report after DURATION, even if it did not change."),
}


_BYTES, _PERCENT = click.IntRange(0), click.FloatRange(0, 100)


def manner_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command an option for every fault it can inject; it is called with `manners: Manners` in their place."""

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
        click.option("--read-rate", type=click.IntRange(1), metavar="BYTES", help="Read each response at BYTES per second."),
        click.option(
            "--stop-reading-after", "stop_reading_bytes", type=_BYTES, metavar="BYTES", help="Stop reading after BYTES."
        ),
        click.option(
            "--break-off-after", "break_off_bytes", type=_BYTES, metavar="BYTES",
            help="Drop each connection after BYTES.",
        ),
        click.option(
            "--ask-twice", "asks_twice", is_flag=True,
            help="Connect to each agent a second time while the first connection is open.",
        ),
        click.option("--never-close", "never_closes", is_flag=True, help="Let the agent close each connection."),
        click.option("--rubbish", type=_PERCENT, default=0, metavar="PERCENT", help="Send bytes that are not requests this often."),
        click.option("--nack", type=_PERCENT, default=0, metavar="PERCENT", help="Ask again for this share of the reports."),
    )  # fmt: skip


def _with(command: Callable[..., None], *options: Callable[[Callable[..., None]], Callable[..., None]]) -> Callable[..., None]:
    for option in reversed(options):
        command = option(command)
    return command


def sensor_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command an option for every setting of Sensor; it is called with `settings: Settings` in their place."""

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
            help="Use Sensor's schedule and defaults of this month of 2026.",
        ),
        *(click.option(flag, name, type=DURATION, metavar="DURATION", help=says) for name, (flag, says) in _DURATIONS.items()),
        click.option("--concurrency", type=click.IntRange(1, 10_000), metavar="N", help="Ask N VMs at once."),
    )
