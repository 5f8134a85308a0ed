"""The fleet of the documentation's example, and plans of it, for tests that need one."""

from __future__ import annotations

from fractions import Fraction

from vsock_loadgen.config.address import UnixAddress
from vsock_loadgen.config.model import Config
from vsock_loadgen.distributions.buckets import Buckets
from vsock_loadgen.distributions.constant import Constant
from vsock_loadgen.distributions.kind import Bucket, Distribution
from vsock_loadgen.plan.fleet import build_fleet
from vsock_loadgen.plan.planning import Plan, make_plan
from vsock_loadgen.plan.polling import Settings
from vsock_loadgen.units import SECOND

TARGET = UnixAddress("/nowhere.sock")
PACKAGE_BYTES = 590
ENVELOPE_BYTES = 1_000


def buckets(*pairs: tuple[int | str, int | Distribution]) -> Buckets:
    """A percentile block of (percent, value) pairs; percents as text may have decimals."""
    each = ((percent, Constant(value) if isinstance(value, int) else value) for percent, value in pairs)
    return Buckets(tuple(Bucket(Fraction(percent), value) for percent, value in each))


EXAMPLE_PACKAGES = buckets((70, 500), (20, 1_000), (8, 1_500), (2, 2_000))
EXAMPLE_INTERVALS = buckets((50, 30 * SECOND), (30, 60 * SECOND), (20, 300 * SECOND))
EXAMPLE = Config(vm_count=200, packages=EXAMPLE_PACKAGES, report_interval=EXAMPLE_INTERVALS, target=TARGET)


def report_bytes(_index: int, packages: int) -> int:
    """The size of a report where the payloads have no part in a test."""
    return ENVELOPE_BYTES + PACKAGE_BYTES * packages


def plan_of(config: Config, nodes: int | None = None, asker: Settings | None = None) -> Plan:
    """The plan of a config, with reports of a made-up size."""
    return make_plan(config, build_fleet(config), report_bytes, nodes=nodes, asker=asker)
