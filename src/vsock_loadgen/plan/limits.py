"""The limits that a plan is checked against: as configured, or for `auto`, those of the real pipeline and this machine."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from vsock_loadgen.config.address import EmbeddedAddress
from vsock_loadgen.config.model import Config
from vsock_loadgen.plan.sending import Machine
from vsock_loadgen.plan.slices import CIDS_PER_NODE

RELAY_MOST_BYTES = 16_384 * 1024
RELAY_REPORTS_A_MINUTE = Fraction(1)
CLUSTER_REPORTS_PER_SECOND = Fraction(3, 10)


@dataclass(frozen=True, slots=True)
class AppliedLimits:
    """The limits of one plan; None: no such limit."""

    report_bytes: int | None
    reports_per_minute_per_vm: Fraction | None
    cluster_reports_per_second: Fraction | None
    vms_per_node: int | None
    descriptors: int | None


def applied_limits(config: Config, machine: Machine, *, is_asked: bool = False) -> AppliedLimits:
    """The limits that apply to a config on this machine. An embedded target has none of the pipeline's, unless they are given; a
    fleet that is asked has no target."""
    given = config.limits
    is_real = is_asked or not isinstance(config.target, EmbeddedAddress)
    is_assigned = config.cids == "assigned"
    a_minute, a_second = given.reports_per_minute_per_vm, given.cluster_reports_per_second
    return AppliedLimits(
        report_bytes=(RELAY_MOST_BYTES if is_real else None) if given.max_report_bytes == "auto" else given.max_report_bytes,
        reports_per_minute_per_vm=(RELAY_REPORTS_A_MINUTE if is_real else None) if a_minute == "auto" else a_minute,
        cluster_reports_per_second=(CLUSTER_REPORTS_PER_SECOND if is_real else None) if a_second == "auto" else a_second,
        vms_per_node=(CIDS_PER_NODE if is_assigned else None) if given.vms_per_node == "auto" else given.vms_per_node,
        descriptors=machine.descriptors if given.descriptors == "auto" else given.descriptors,
    )
