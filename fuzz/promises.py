"""What every config that loads promises, and every one that does not."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest import mock

from fuzz.oracle import as_json, hold, hold_one_line, hold_problems
from vsock_loadgen.config.load import Loaded, Override, load
from vsock_loadgen.config.model import Config
from vsock_loadgen.errors import ConfigError
from vsock_loadgen.plan import forecast
from vsock_loadgen.plan.document import plan_document
from vsock_loadgen.plan.fleet import Fleet, build_fleet
from vsock_loadgen.plan.planning import Attribute, Plan, make_plan
from vsock_loadgen.text.plan_text import plan_text

_MOST_VMS = 40
_EVENTS = 2_000  # of the 600,000 that a forecast may take: what is quick by far here is quick enough there
_SECONDS = 500


def hold_config(path: Path, text: bytes, overrides: Sequence[Override] = (), environment: Mapping[str, str] | None = None) -> None:
    """A config loads, and then its plan is what it asks for; or every mistake is named with its line."""
    path.write_bytes(text)
    lines = len(text.decode(errors="replace").splitlines()) + 1  # YAML has more kinds of line breaks than one
    try:
        loaded = load(path, environment=environment or {}, overrides=overrides)
    except ConfigError as error:
        if not overrides and not environment:
            hold_problems(error.problems, str(path), lines)
        for problem in error.problems:
            hold_one_line(str(problem))
        return
    if loaded.warnings:
        for warning in loaded.warnings:
            hold_one_line(str(warning))
    _hold_loaded(loaded, path)


def _hold_loaded(loaded: Loaded, path: Path) -> None:
    config = loaded.config
    path.write_text(json.dumps({"loadgen": as_json(config.effective)}))
    again = load(path, environment={}, strict=True).config
    hold(again == config, "the effective config loads as the same config", config, again)
    small = replace(config, vm_count=min(config.vm_count, _MOST_VMS))
    with mock.patch.multiple(forecast, MOST_EVENTS=_EVENTS, MOST_SECONDS=_SECONDS):
        fleet = build_fleet(small)
        try:
            plan = make_plan(small, fleet, lambda _, packages: 1_000 + 590 * packages)
        except ConfigError as error:
            for problem in error.problems:
                hold_one_line(str(problem))
            return
    hold_plan(small, fleet, plan)


def hold_plan(config: Config, fleet: Fleet, plan: Plan) -> None:
    """The counts of a plan add up, every VM is within bounds, and it can be shown."""
    hold(build_fleet(config).digest() == fleet.digest(), "a plan is a pure function of its config")
    hold(sum(node.vms for node in plan.nodes) == config.vm_count, "the nodes have every VM", plan.nodes)
    for attribute in (plan.packages, plan.report_interval):
        _hold_counts(attribute, config.vm_count)
    for row in plan.profiles:
        _hold_share(row.vms, row.percent, config.vm_count)
        for part in (row.packages, row.report_interval):
            if part is not None:
                _hold_counts(part, row.vms)
    hold(not plan.profiles or sum(row.vms for row in plan.profiles) == config.vm_count, "the profiles have every VM", plan.profiles)
    for packages, interval_ns, offset_ns in zip(fleet.packages.values, fleet.report_interval.values, fleet.offset_ns, strict=True):
        hold(1 <= packages <= 100_000, "a VM has packages within bounds", packages)
        hold(0 <= offset_ns < interval_ns, "a VM starts within its interval", offset_ns, interval_ns)
    document: Any = as_json(plan_document(plan, with_vms=True))
    hold(len(document["vms"]) == config.vm_count, "the plan lists every VM")
    hold(bool(plan_text(plan, width=80)), "a plan can be shown")


def _hold_counts(attribute: Attribute, vms: int) -> None:
    if attribute.buckets:
        hold(sum(row.vms for row in attribute.buckets) == vms, "the buckets have every VM", attribute.buckets, vms)
        for row in attribute.buckets:
            _hold_share(row.vms, row.percent, vms)


def _hold_share(vms: int, percent: Fraction, whole: int) -> None:
    hold(abs(vms - percent * whole / 100) < 1, "a count is the floor or the ceiling of its share", vms, percent, whole)
