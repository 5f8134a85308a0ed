"""Makes the plan of a config and the source of its reports, for showing and for sending."""

from __future__ import annotations

import resource
from dataclasses import asdict

from vsock_loadgen.config.address import EmbeddedAddress
from vsock_loadgen.config.model import Config
from vsock_loadgen.engine.machine import usable_processors
from vsock_loadgen.errors import ConfigError, Problem
from vsock_loadgen.payloads.catalogue_file import read_catalogue
from vsock_loadgen.payloads.envelope import Discovered
from vsock_loadgen.payloads.reports import PackageSets, ReportFactory
from vsock_loadgen.plan.fleet import Fleet, build_fleet
from vsock_loadgen.plan.planning import Plan, make_plan
from vsock_loadgen.plan.polling import Settings
from vsock_loadgen.plan.sending import Machine
from vsock_loadgen.plan.slices import CIDS_PER_NODE, FIRST_CID


def prepare(config: Config, *, nodes: int | None = None, asker: Settings | None = None) -> tuple[Plan, ReportFactory]:
    """The plan of a config, with an `asker` of a fleet that is asked for its reports, and their source. Raises ConfigError."""
    fleet = build_fleet(config)
    catalogue = read_catalogue(config.files["package_catalog"]) if config.package_catalog else ()
    try:
        factory = ReportFactory.build(
            largest=max(fleet.packages.values),
            report_format=config.report_format,
            package_sets=_package_sets(fleet),
            seed=config.seed,
            specific_package=config.specific_package,
            catalogue=catalogue,
            discovered=Discovered(**asdict(config.discovered_data)),
        )
    except ValueError as error:
        raise ConfigError([Problem("", "specificPackage", str(error))]) from error
    typical_cid = FIRST_CID + CIDS_PER_NODE
    _, descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)
    machine = Machine(
        processors=max(1, usable_processors() - isinstance(config.target, EmbeddedAddress)),  # the receiver has one to itself
        shared_bytes=factory.memory_bytes,
        descriptors=None if descriptors == resource.RLIM_INFINITY else descriptors,
    )
    plan = make_plan(
        config,
        fleet,
        lambda index, packages: factory.size(index, typical_cid, packages),
        nodes=nodes,
        machine=machine,
        asker=asker,
    )
    return plan, factory


def _package_sets(fleet: Fleet) -> PackageSets | list[PackageSets]:
    """Whose packages reports have: one word for the whole fleet, or one for each VM if profiles differ."""
    distinct = {cohort.package_sets for cohort in fleet.cohorts}
    return distinct.pop() if len(distinct) == 1 else [fleet.cohorts[cohort].package_sets for cohort in fleet.cohort]
