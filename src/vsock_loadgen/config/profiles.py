"""The list `profiles`: named shares of the fleet whose attributes belong together."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import Field

from vsock_loadgen.config.blocks import (
    OWN_TIME,
    PERCENT,
    IntervalDistribution,
    PackageDistribution,
    Read,
    Timed,
    distribution_of,
    intervals_of,
    show_distribution,
    show_timing,
)
from vsock_loadgen.config.leaves import Choice, Name
from vsock_loadgen.config.model import Distribution, Profile

PACKAGE_SETS = Choice(("shared", "perVM"))


class ProfileBlock(Timed):
    """A named share of the fleet: its packages, its intervals and how its VMs keep time."""

    name: Annotated[str, Name()] = Field(description="Name of the profile, in the plan, the metrics and the report.")
    percent: Annotated[Fraction, PERCENT] = Field(description="Share of the VMs in percent; all profiles add up to 100.")
    packages: PackageDistribution = Field(
        0, description="Packages of its VMs, in any form; required unless `packages` at the top level says it for all."
    )
    report_interval: IntervalDistribution = Field(
        0, description="Intervals of its VMs, in any form; required unless `reportInterval` at the top level says it for all."
    )
    package_sets: Annotated[Literal["shared", "perVM"], PACKAGE_SETS] = Field(
        "shared", description="As `packageSets` at the top level, for its VMs."
    )


def profiles_of(blocks: Sequence[ProfileBlock], packages: Distribution, report_interval: Read) -> tuple[Profile, ...]:
    """The profiles as the plan reads them; one without an attribute has that of the top level."""
    profiles = []
    for block in blocks:
        given = block.model_fields_set
        intervals, timing = intervals_of(
            block.report_interval if "report_interval" in given else report_interval, block.timing(OWN_TIME)
        )
        profiles.append(
            Profile(
                name=block.name,
                percent=block.percent,
                packages=distribution_of(block.packages) if "packages" in given else packages,
                report_interval=intervals,
                package_sets=block.package_sets if "package_sets" in given else None,
                timing=timing,
            )
        )
    return tuple(profiles)


def show_profile(profile: Any) -> dict[str, object]:
    """A profile as JSON holds it, under the keys of the file."""
    return {
        "name": profile.name,
        "percent": PERCENT.show(profile.percent),
        "packages": show_distribution(profile.packages, "packages"),
        "reportInterval": show_distribution(profile.report_interval, "reportInterval"),
        **({"packageSets": profile.package_sets} if profile.package_sets else {}),
        **show_timing(profile.timing),
    }
