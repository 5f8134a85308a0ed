"""The list `profiles`: named shares of the fleet whose attributes belong together."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import Field

from vsock_loadgen.config.model import Profile
from vsock_loadgen.distributions.buckets import PERCENT, Buckets
from vsock_loadgen.distributions.kind import Distribution
from vsock_loadgen.distributions.quantity import PACKAGES, REPORT_INTERVAL
from vsock_loadgen.distributions.reading import Of
from vsock_loadgen.distributions.timing import UNSAID, Timed, Timing
from vsock_loadgen.grammar.leaves import Choice, Name

PACKAGE_SETS = Choice(("shared", "perVM"))


class ProfileBlock(Timed):
    """A named share of the fleet: its packages, its intervals and how its VMs keep time."""

    name: Annotated[str, Name()] = Field(description="Name of the profile, in the plan, the metrics and the report.")
    percent: Annotated[Fraction, PERCENT] = Field(description="Share of the VMs in percent; all profiles add up to 100.")
    packages: Annotated[Distribution | None, Of(PACKAGES)] = Field(
        None, description="Packages of its VMs, in any form; required unless `packages` at the top level says it for all."
    )
    report_interval: Annotated[Distribution | None, Of(REPORT_INTERVAL)] = Field(
        None, description="Intervals of its VMs, in any form; required unless `reportInterval` at the top level says it for all."
    )
    package_sets: Annotated[Literal["shared", "perVM"], PACKAGE_SETS] = Field(
        "shared", description="As `packageSets` at the top level, for its VMs."
    )


def profiles_of(blocks: Sequence[ProfileBlock], packages: Distribution, report_interval: Distribution) -> tuple[Profile, ...]:
    """The profiles as the plan reads them; one without an attribute has that of the top level."""
    profiles = []
    for block in blocks:
        intervals, timing = intervals_within(block.report_interval or report_interval, block.timing.within(UNSAID))
        profiles.append(
            Profile(
                name=block.name,
                percent=block.percent,
                packages=block.packages or packages,
                report_interval=intervals,
                package_sets=block.package_sets if "package_sets" in block.model_fields_set else None,
                timing=timing,
            )
        )
    return tuple(profiles)


def intervals_within(intervals: Distribution, around: Timing) -> tuple[Distribution, Timing]:
    """Intervals within a profile that keeps time like this, and what is left for the profile to say.

    Where one bucket says how its VMs keep time, all of them do in what comes out, and the profile is left with nothing to say.
    """
    if not isinstance(intervals, Buckets) or all(bucket.timing == UNSAID for bucket in intervals.buckets):
        return intervals, around
    return intervals.within(around), UNSAID


def show_profile(profile: Any) -> dict[str, object]:
    """A profile as JSON holds it, under the keys of the file."""
    return {
        "name": profile.name,
        "percent": PERCENT.show(profile.percent),
        "packages": profile.packages.show(PACKAGES),
        "reportInterval": profile.report_interval.show(REPORT_INTERVAL),
        **({"packageSets": profile.package_sets} if profile.package_sets else {}),
        **profile.timing.show(),
    }
