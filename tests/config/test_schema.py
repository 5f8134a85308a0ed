"""The JSON Schema for editors agrees with what loads."""

from __future__ import annotations

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from vsock_loadgen.config.load import load
from vsock_loadgen.config.schema import json_schema
from vsock_loadgen.config.starter import STARTER

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def _parsed(text: str) -> object:
    return YAML(typ="safe", pure=True).load(text)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_example_is_valid(validator: Draft202012Validator, path: Path) -> None:
    validator.validate(_parsed(path.read_text()))


def test_the_starter_is_valid(validator: Draft202012Validator) -> None:
    validator.validate(_parsed(STARTER))


def test_the_schema_has_a_name_of_its_own() -> None:
    assert json_schema()["$id"] == "urn:vsock-loadgen:config:v1"


def test_the_effective_defaults_are_valid(validator: Draft202012Validator) -> None:
    validator.validate({"loadgen": load(None, environment={}).config.effective})


@pytest.mark.parametrize(
    "text",
    [
        "loadgen:",
        "loadgen: {packages: {p50: 5, p99.9: 8.5, min: 1, max: 9}, jitter: 5%, duration: 0}",
        "loadgen: {packages: {mean: 5.5, stddev: 1, min: 0, max: 9}, reportInterval: {mean: 5s, stddev: 1s, min: 0, max: 9s}}",
        "loadgen: {packages: {buckets: [{percent: 100, distribution: {buckets: [{percent: 100, value: 1}]}}]}}",
        "loadgen: {numRepositories: 3, payloadSize: avg, port: 818}",
        "loadgen: {profiles: [{name: a, percent: 100, packages: {mean: 5, stddev: 1, min: 0, max: 9}, reportInterval: 5s, "
        "synchronized: true, offset: 1s, jitter: 5%, packageSets: perVM}]}",
        "loadgen: {reportInterval: {buckets: [{percent: 100, value: 5s, synchronized: true, offset: 0}]}}",
        "loadgen: {phases: [{name: a, duration: 1m, rate: {from: 0, to: 1.5}, vms: 100%}, {name: b, duration: 1m, vms: {from: 5%, "
        "to: 100}}], startAt: '2026-11-23T08:00:00.5+01:00'}",
    ],
)
def test_what_loads_is_valid(validator: Draft202012Validator, text: str, tmp_path: Path) -> None:
    validator.validate(_parsed(text))
    (tmp_path / "a.yaml").write_text(text)
    load(tmp_path / "a.yaml", environment={})


@pytest.mark.parametrize(
    "text",
    [
        "vmCount: 3",
        "loadgen: []",
        "loadgen: {vmCount: 0}",
        "loadgen: {vmCount: true}",
        "loadgen: {vmCount: '3'}",
        "loadgen: {vmCuont: 3}",
        "loadgen: {reportInterval: 60}",
        "loadgen: {reportInterval: 5mm}",
        "loadgen: {reportFormat: other}",
        "loadgen: {jitter: 100}",
        "loadgen: {packages: {buckets: []}}",
        "loadgen: {packages: {buckets: [{percent: 100}]}}",
        "loadgen: {packages: {buckets: [{percent: 0, value: 5}]}}",
        "loadgen: {packages: {buckets: [{percent: 100, value: 5, distribution: 5}]}}",
        "loadgen: {packages: {mean: 5}}",
        "loadgen: {packages: {p50: 5}}",
        "loadgen: {reportInterval: {buckets: [{percent: 100, value: 5}]}}",
        "loadgen: {profiles: [{name: a, percent: 100, packages: 5, reportInterval: 5s, synchronised: true}]}",
        "loadgen: {profiles: [{name: a b, percent: 100, packages: 5, reportInterval: 5s}]}",
        "loadgen: {packages: {buckets: [{percent: 100, value: 5, synchronized: true}]}}",
        "loadgen: {phases: [{name: a, duration: 1m, rate: {from: 0}}]}",
        "loadgen: {phases: [{name: a, duration: 1m, vms: 101}]}",
        "loadgen: {phases: [{name: a}]}",
        "loadgen: {startAt: '2026-11-23T08:00:00'}",
    ],
)
def test_a_mistake_is_not_valid(validator: Draft202012Validator, text: str) -> None:
    assert not validator.is_valid(_parsed(text))


def test_every_key_is_described_and_no_internal_name_or_unit_shows() -> None:
    schema = json_schema()
    section = schema["properties"]["loadgen"]  # type: ignore[index]
    assert all(key["description"] for key in section["properties"].values())
    assert section["properties"]["requestTimeout"]["default"] == "10s"
    assert section["properties"]["jitter"]["default"] == 5
    assert "form:" not in str(schema)
