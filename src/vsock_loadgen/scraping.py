"""Builds the stand-in for Sensor, and lets it ask."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from pathlib import Path

from vsock_loadgen.config.model import Config
from vsock_loadgen.engine.capacity import raise_descriptor_limit
from vsock_loadgen.engine.stopping import StopRequests
from vsock_loadgen.errors import ConfigError, Problem
from vsock_loadgen.plan.planning import Plan
from vsock_loadgen.plan.polling import Settings
from vsock_loadgen.results.scraped import Scraped
from vsock_loadgen.scraper.fleet import KnownFleet
from vsock_loadgen.scraper.manners import GOOD, Manners
from vsock_loadgen.scraper.sensor import Sensor


@dataclass(frozen=True, slots=True)
class Tls:
    """What an asker needs for https: a CA other than the machine's, and a certificate and key of its own, where they are given."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def context(self) -> ssl.SSLContext:
        """For a client. Raises ConfigError where a file cannot be used."""
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


NO_FILES = Tls()


def scrape(url: str, plan: Plan, config: Config, settings: Settings, tls: Tls = NO_FILES, manners: Manners = GOOD) -> Scraped:
    """Ask the fleet of a plan until a stop signal comes or the config's duration is over; returns what was counted."""
    context = tls.context() if url.startswith("https://") else None
    raise_descriptor_limit()
    fleet = KnownFleet.of(plan, plan.nodes[config.node_index or 0], config.serve)
    with StopRequests(after_ns=config.duration_ns or None) as stop:
        return asyncio.run(_ask(url, fleet, config, settings, stop, context, manners))


async def _ask(
    url: str,
    fleet: KnownFleet,
    config: Config,
    settings: Settings,
    stop: StopRequests,
    tls: ssl.SSLContext | None,
    manners: Manners,
) -> Scraped:
    sensor = Sensor(url, fleet, settings.scaled(config.time_scale), seed=config.seed, tls=tls, manners=manners)

    def told() -> None:
        stop.clear()
        sensor.stop()

    asyncio.get_running_loop().add_reader(stop.fileno(), told)
    if stop.count:
        sensor.stop()
    await sensor.run()
    return sensor.tally.scraped()
