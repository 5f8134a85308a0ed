"""What Sensor is set to, as options of the verbs that stand in for it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
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


def sensor_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command an option for every setting of Sensor's; it is called with `settings: Settings` in their place."""

    @functools.wraps(command)
    def called(sensor_release: str, **given: Any) -> None:
        from vsock_loadgen.plan.polling import Settings

        defaults = Settings.of("august" if sensor_release == "august" else "september")
        said = {name: value for name in (*_DURATIONS, "concurrency") if (value := given.pop(name)) is not None}
        command(settings=replace(defaults, **said), **given)

    options = [
        click.option(
            "--sensor-release",
            type=click.Choice(["august", "september"]),
            default="september",
            show_default=True,
            help="Schedule and defaults of Sensor as of which month of 2026.",
        ),
        *(click.option(flag, name, type=DURATION, metavar="DURATION", help=says) for name, (flag, says) in _DURATIONS.items()),
        click.option("--concurrency", type=click.IntRange(1, 10_000), metavar="N", help="VMs that are asked at once."),
    ]
    for option in reversed(options):
        called = option(called)
    return called
