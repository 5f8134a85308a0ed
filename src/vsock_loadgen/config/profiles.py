"""Profiles as the plan reads them: complete, with what they leave to the top level."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vsock_loadgen.config.blocks import Profile
from vsock_loadgen.distributions.buckets import Buckets
from vsock_loadgen.distributions.kind import Distribution
from vsock_loadgen.distributions.timing import UNSAID, Timing


def profiles_of(blocks: Sequence[Any], packages: Distribution, report_interval: Distribution) -> tuple[Profile, ...]:
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
                package_sets=block.package_sets,
                timing=timing,
            )
        )
    return tuple(profiles)


def intervals_within(intervals: Distribution, around: Timing) -> tuple[Distribution, Timing]:
    """Intervals within a profile that keeps time like this, and what is left for the profile to say.

    If one bucket says how its VMs keep time, all of the returned ones do, and the profile says nothing.
    """
    if not isinstance(intervals, Buckets) or all(bucket.timing == UNSAID for bucket in intervals.buckets):
        return intervals, around
    return intervals.within(around), UNSAID
