"""Builds the stand-in for Sensor, and lets it ask."""

from __future__ import annotations

import asyncio

from vsock_loadgen.config.model import Config
from vsock_loadgen.engine.capacity import raise_descriptor_limit
from vsock_loadgen.engine.stopping import StopRequests
from vsock_loadgen.plan.planning import Plan
from vsock_loadgen.results.scraped import Scraped
from vsock_loadgen.scraper.fleet import KnownFleet
from vsock_loadgen.scraper.pacing import Limits, Settings
from vsock_loadgen.scraper.sensor import Sensor


def scrape(url: str, plan: Plan, config: Config, settings: Settings) -> Scraped:
    """Ask the fleet of a plan until a stop signal comes or the config's duration is over; returns what was counted."""
    raise_descriptor_limit()
    fleet = KnownFleet.of(plan, plan.nodes[config.node_index or 0], config.serve)
    with StopRequests(after_ns=config.duration_ns or None) as stop:
        return asyncio.run(_ask(url, fleet, config, settings, stop))


async def _ask(url: str, fleet: KnownFleet, config: Config, settings: Settings, stop: StopRequests) -> Scraped:
    limits = Limits.scaled(config.time_scale)
    sensor = Sensor(url, fleet, settings.scaled(config.time_scale), limits, seed=config.seed)

    def told() -> None:
        stop.clear()
        sensor.stop()

    asyncio.get_running_loop().add_reader(stop.fileno(), told)
    if stop.count:
        sensor.stop()
    await sensor.run()
    return sensor.tally.scraped()
