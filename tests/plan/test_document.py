"""The plan document is a contract; golden files pin it, VM by VM.

To write the golden files anew after a change that is meant to alter plans, run
`PYTHONPATH=tests python tests/plan/test_document.py` in the project's root, then read the difference.
"""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from fleet_example import EXAMPLE, buckets, plan_of
from vsock_loadgen.config.model import Config
from vsock_loadgen.distributions.normal import Normal
from vsock_loadgen.distributions.quantiles import Quantiles
from vsock_loadgen.plan.document import plan_document
from vsock_loadgen.plan.polling import Settings
from vsock_loadgen.units import HOUR, SECOND

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
MEASURED = Quantiles(tuple((Fraction(p), Fraction(v * SECOND)) for p, v in ((0, 10), (50, 60), (95, 300), (100, 600))))
MIXED = buckets((60, 500), (30, Normal(Fraction(1_200), Fraction(300), Fraction(100), Fraction(2_000))), (10, 3_000))
PLANS = {
    "plan-seed-0.json": (replace(EXAMPLE, vm_count=23, node_count=3), None),
    "plan-seed-1.json": (replace(EXAMPLE, vm_count=23, seed=1, node_count=3), None),
    "plan-seed-4711.json": (
        replace(EXAMPLE, vm_count=23, seed=4711, packages=MIXED, report_interval=MEASURED, time_scale=Fraction(45)),
        2,
    ),
}


def document_of(config: Config, nodes: int | None = None, *, with_vms: bool = False) -> dict[str, Any]:
    """The document as a reader gets it."""
    document: dict[str, Any] = json.loads(json.dumps(plan_document(plan_of(config, nodes), with_vms=with_vms), allow_nan=False))
    return document


def golden_text(name: str) -> str:
    """What the golden file of this name has to hold."""
    config, nodes = PLANS[name]
    return json.dumps(document_of(config, nodes, with_vms=True), indent=1) + "\n"


@pytest.mark.parametrize("name", PLANS)
def test_the_plan_is_the_golden_one(name: str) -> None:
    assert golden_text(name) == (GOLDEN / name).read_text(encoding="utf-8")


def test_the_document_has_exactly_these_keys() -> None:
    document = document_of(EXAMPLE, with_vms=True)
    assert list(document) == [
        "schema",
        "seed",
        "vm_count",
        "time_scale",
        "packages",
        "report_interval_seconds",
        "profiles",
        "phases",
        "phases_repeat",
        "groups",
        "forecast",
        "largest_group",
        "warnings",
        "nodes",
        "digest",
        "vms",
    ]
    assert document["schema"] == "vsock-loadgen/plan/v1"
    assert "vms" not in document_of(EXAMPLE)


@pytest.mark.parametrize("key", ["packages", "report_interval_seconds"])
def test_an_attribute_has_its_statistics_and_buckets(key: str) -> None:
    attribute = document_of(EXAMPLE)[key]
    assert list(attribute) == ["configured_mean", "mean", "p50", "p95", "p99", "min", "max", "buckets", "cumulative"]
    for bucket in attribute["buckets"]:
        assert list(bucket) == ["value", "percent", "vms", "actual_percent"]


def test_the_example_has_its_documented_figures() -> None:
    document = document_of(replace(EXAMPLE, vm_count=197))
    assert document["packages"]["buckets"][0] == {"value": 500, "percent": 70, "vms": 138, "actual_percent": 13_800 / 197}
    document = document_of(EXAMPLE)
    intervals = document["report_interval_seconds"]
    assert (intervals["mean"], intervals["p50"], intervals["p95"], intervals["p99"]) == (93, 30, 300, 300)
    assert [bucket["value"] for bucket in intervals["buckets"]] == [30, 60, 300]
    assert document["forecast"]["reports_per_second"] == pytest.approx(4.4667, abs=1e-4)


def test_continuous_attributes_have_no_buckets_and_decimal_percents_stay_decimal() -> None:
    document = document_of(replace(EXAMPLE, packages=buckets(("33.3", 1), ("66.7", 2)), report_interval=MEASURED))
    assert document["report_interval_seconds"]["buckets"] == []
    assert [bucket["percent"] for bucket in document["packages"]["buckets"]] == [33.3, 66.7]


def test_only_a_fleet_that_is_asked_has_what_its_asker_makes_of_it() -> None:
    asked = plan_document(plan_of(EXAMPLE, asker=Settings(poll_ns=HOUR)))["asked"]
    assert isinstance(asked, dict)
    assert asked["asker"]["poll_interval_seconds"] == 3_600
    assert asked["response_time_seconds"]["p50"] == pytest.approx(asked["interval_seconds"] / 2)
    assert asked["central"]["first_reports_after_seconds"] == asked["asked_once_after_seconds"]
    assert "asked" not in document_of(EXAMPLE)
    json.dumps(asked, allow_nan=False)


def test_a_vm_has_the_documented_keys_and_its_node_and_cid() -> None:
    document = document_of(replace(EXAMPLE, vm_count=5), nodes=2, with_vms=True)
    keys = ["index", "cid", "node", "packages", "report_interval_seconds", "phase_seconds", "synchronized"]
    assert [list(vm) for vm in document["vms"]] == [keys] * 5
    assert [(vm["index"], vm["cid"], vm["node"]) for vm in document["vms"]] == [
        (0, 3, 0),
        (1, 4, 0),
        (2, 5, 0),
        (3, 10_003, 1),
        (4, 10_004, 1),
    ]
    assert all(0 <= vm["phase_seconds"] < vm["report_interval_seconds"] for vm in document["vms"])
    assert {vm["synchronized"] for vm in document["vms"]} == {False}


def test_a_node_without_vms_has_no_cids() -> None:
    assert document_of(replace(EXAMPLE, vm_count=1), nodes=2)["nodes"] == [
        {"index": 0, "vms": 1, "first_cid": 3, "last_cid": 3},
        {"index": 1, "vms": 0, "first_cid": None, "last_cid": None},
    ]


def test_plan_values_are_unscaled_and_the_forecast_is_effective() -> None:
    plain, scaled = document_of(EXAMPLE, with_vms=True), document_of(replace(EXAMPLE, time_scale=Fraction(45)), with_vms=True)
    for key in ("packages", "report_interval_seconds", "vms", "digest"):
        assert plain[key] == scaled[key]
    assert scaled["time_scale"] == 45
    assert scaled["forecast"]["reports_per_second"] == pytest.approx(45 * plain["forecast"]["reports_per_second"])


def test_every_node_shows_the_whole_fleet() -> None:
    documents = [document_of(replace(EXAMPLE, node_count=4, node_index=index), with_vms=True) for index in range(4)]
    assert all(document == documents[0] for document in documents)


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for file_name in PLANS:
        (GOLDEN / file_name).write_text(golden_text(file_name), encoding="utf-8")
