"""Builds the stand-in for Sensor, and lets it ask."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from vsock_loadgen.config.model import Config
from vsock_loadgen.engine.machine import raise_descriptor_limit
from vsock_loadgen.engine.stopping import StopRequests
from vsock_loadgen.errors import ConfigError, Problem
from vsock_loadgen.plan.polling import Settings
from vsock_loadgen.results.scraped import Scraped
from vsock_loadgen.scraper.exposition import exposition
from vsock_loadgen.scraper.fleet import KnownFleet
from vsock_loadgen.scraper.manners import GOOD, Manners
from vsock_loadgen.scraper.sensor import Sensor
from vsock_loadgen.transport.exposing import exposing


@dataclass(frozen=True, slots=True)
class Credentials:
    """The asker's credentials, if given: for https a CA other than the machine's, and a certificate and key; and a file with a
    bearer token."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    token: Path | None = None

    def context(self) -> ssl.SSLContext:
        """For a client. Raises ConfigError if a file cannot be used."""
        try:
            context = ssl.create_default_context(cafile=self.ca)
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.key)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            files = ", ".join(str(path) for path in (self.ca, self.certificate, self.key) if path is not None)
            raise ConfigError([Problem("--ca, --client-cert, --client-key", "", f"{files} cannot be used: {why}")]) from error
        return context

    def headers(self) -> dict[str, str]:
        """Headers of every asking. Raises ConfigError if the file has no token."""
        if self.token is None:
            return {}
        try:
            token = self.token.read_text().strip()
        except (OSError, ValueError) as error:
            raise ConfigError([Problem("--token", "", f"{self.token} cannot be read: {error}")]) from error
        if not token.isascii() or not token.isprintable() or not token or " " in token:
            raise ConfigError([Problem("--token", "", f"{self.token}: expected one bearer token in a line")])
        return {"Authorization": f"Bearer {token}"}


NO_FILES = Credentials()
_SHOWN_EVERY_SECONDS = 1.0


def scrape(
    url: str,
    fleet: KnownFleet,
    config: Config,
    settings: Settings,
    credentials: Credentials = NO_FILES,
    manners: Manners = GOOD,
    *,
    begun: Callable[[], None],
    counters_port: int | None = None,
) -> Scraped:
    """Ask VMs until a stop signal comes or the config's duration is over; returns what was counted. Settings are scaled as the
    config says. `begun` is called once a signal ends the asking in order. The counts so far are served on a `counters_port` under
    Sensor's names. Raises TargetError if it is taken."""
    context = credentials.context() if url.startswith("https://") else None
    raise_descriptor_limit()
    scaled = settings.scaled(config.time_scale)
    make = partial(Sensor, url, fleet, scaled, seed=config.seed, tls=context, headers=credentials.headers(), manners=manners)
    shown = _Shown()
    with ExitStack() as stack:
        stop = stack.enter_context(StopRequests(after_ns=config.duration_ns or None))
        if counters_port:
            stack.enter_context(
                exposing(counters_port, lambda started: exposition(shown.scraped, settings, started), "--counters-port")
            )
        begun()
        return asyncio.run(_ask(make, stop, shown))


@dataclass(slots=True)
class _Shown:
    """What was counted a moment ago: another thread reads it."""

    scraped: Scraped = field(default_factory=Scraped)

    async def follow(self, sensor: Sensor) -> None:
        """Count again, once per second."""
        while True:
            self.scraped = sensor.tally.scraped()
            await asyncio.sleep(_SHOWN_EVERY_SECONDS)


async def _ask(make: Callable[[], Sensor], stop: StopRequests, shown: _Shown) -> Scraped:
    sensor = make()
    following = asyncio.create_task(shown.follow(sensor))

    def told() -> None:
        stop.clear()
        sensor.stop()

    asyncio.get_running_loop().add_reader(stop.fileno(), told)
    if stop.count:
        sensor.stop()
    await sensor.run()
    following.cancel()
    return sensor.tally.scraped()
