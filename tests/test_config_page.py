"""docs/config.md has every key of the config, and its examples can be used."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from command import PROJECT
from vsock_loadgen.config.load import load
from vsock_loadgen.config.places import Rank, Source
from vsock_loadgen.config.schema import json_schema, scalar_keys
from vsock_loadgen.config.tree import read_yaml

CONFIG_PAGE = PROJECT / "docs" / "config.md"


def rows_of_keys() -> list[tuple[str, str]]:
    """Every key of the config page with its example."""
    return re.findall(r"^\| `([\w.\[\]]+)` \|(?:[^|\n]*\|){3} `([^|\n]*)` \|", CONFIG_PAGE.read_text(), re.MULTILINE)


AROUND = {
    "packages.buckets[].percent": "packages: {buckets: [{percent: @, value: 1}, {percent: 33.4, value: 2}]}",
    "packages.buckets[].value": "packages: {buckets: [{percent: 100, value: @}]}",
    "packages.buckets[].distribution": "packages: {buckets: [{percent: 100, distribution: @}]}",
    "packages.mean": "packages: {mean: @, stddev: 9, min: 1, max: 9999}",
    "packages.stddev": "packages: {mean: 700, stddev: @, min: 1, max: 9999}",
    "packages.min": "packages: {mean: 700, stddev: 9, min: @, max: 9999}",
    "packages.max": "packages: {mean: 700, stddev: 9, min: 1, max: @}",
    "packages.p50": "packages: {min: 1, p50: @, max: 9999}",
    "reportInterval.buckets[].percent": "reportInterval: {buckets: [{percent: @, value: 1s}, {percent: 87.5, value: 2s}]}",
    "reportInterval.buckets[].value": "reportInterval: {buckets: [{percent: 100, value: @}]}",
    "reportInterval.buckets[].distribution": "reportInterval: {buckets: [{percent: 100, distribution: @}]}",
    "reportInterval.buckets[].synchronized": "reportInterval: {buckets: [{percent: 100, value: 1m, synchronized: @}]}",
    "reportInterval.buckets[].offset": "reportInterval: {buckets: [{percent: 100, value: 1m, synchronized: true, offset: @}]}",
    "reportInterval.buckets[].jitter": "reportInterval: {buckets: [{percent: 100, value: 1m, jitter: @}]}",
    "reportInterval.mean": "reportInterval: {mean: @, stddev: 1s, min: 1s, max: 1h}",
    "reportInterval.stddev": "reportInterval: {mean: 1m, stddev: @, min: 1s, max: 1h}",
    "reportInterval.min": "reportInterval: {mean: 1m, stddev: 1s, min: @, max: 1h}",
    "reportInterval.max": "reportInterval: {mean: 1m, stddev: 1s, min: 1s, max: @}",
    "reportInterval.p50": "reportInterval: {min: 1s, p50: @, max: 1h}",
    "profiles[].name": "profiles: [{name: @, percent: 100, packages: 1, reportInterval: 1m}]",
    "profiles[].percent": "packages: 1\n  reportInterval: 1m\n  profiles: [{name: a, percent: @}, {name: b, percent: 37.5}]",
    "profiles[].packages": "profiles: [{name: a, percent: 100, packages: @, reportInterval: 1m}]",
    "profiles[].reportInterval": "profiles: [{name: a, percent: 100, packages: 1, reportInterval: @}]",
    "profiles[].packageSets": "profiles: [{name: a, percent: 100, packages: 1, reportInterval: 1m, packageSets: @}]",
    "profiles[].synchronized": "profiles: [{name: a, percent: 100, packages: 1, reportInterval: 1m, synchronized: @}]",
    "profiles[].offset": "profiles: [{name: a, percent: 100, packages: 1, reportInterval: 1m, synchronized: true, offset: @}]",
    "profiles[].jitter": "profiles: [{name: a, percent: 100, packages: 1, reportInterval: 1m, jitter: @}]",
    "phases[].name": "phases: [{name: @, duration: 1m}]",
    "phases[].duration": "phases: [{name: a, duration: @}]",
    "phases[].rate": "phases: [{name: a, duration: 1m, rate: @}]",
    "phases[].vms": "phases: [{name: a, duration: 1m, vms: @}]",
    "phases[].rate.from": "phases: [{name: a, duration: 1m, rate: {from: @, to: 1}}]",
    "phases[].rate.to": "phases: [{name: a, duration: 1m, rate: {from: 1, to: @}}]",
    "phases[].vms.from": "phases: [{name: a, duration: 1m, vms: {from: @, to: 1}}]",
    "phases[].vms.to": "phases: [{name: a, duration: 1m, vms: {from: 1, to: @}}]",
    "discoveredData": "reportFormat: vmReport\n  discoveredData: @",
    "repeatPhases": "phases: [{name: a, duration: 1m}]\n  repeatPhases: @",
    "abortOnFail": "thresholds: [failed_percent < 1]\n  abortOnFail: @",
    "nodeIndex": "nodeCount: 3\n  nodeIndex: @",
}
"""What a key's example, in place of the @, needs around it."""


def config_with(path: str, example: str) -> str:
    """A config in which a key has its example for a value."""
    block, _, key = path.partition(".")
    around = AROUND.get(block, f"{block}: @").replace("@", f"{{{key}: @}}") if key else f"{block}: @"
    around = AROUND.get(path, around)
    return f"loadgen:\n  {around.replace('@', example)}\n"


@pytest.mark.parametrize(("path", "example"), [pytest.param(*row, id=row[0]) for row in rows_of_keys()])
def test_the_example_of_every_key_is_a_config(path: str, example: str, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(config_with(path, example))
    assert load(file, environment={}, strict=True).warnings == () or path == "numRepositories"
    tree, _ = read_yaml(file.read_text(), Source("example", Rank.FILE))
    jsonschema.validate(json.loads(json.dumps(tree.plain(), default=float)), json_schema())


def test_the_config_page_has_every_key_with_its_flag_and_its_variable() -> None:
    text = CONFIG_PAGE.read_text()
    documented = {path for path, _ in rows_of_keys()}
    assert documented >= paths_of(json_schema())
    assert all(f"| `{key.key}` | `{key.flag}` | `{key.environment}` |" in text for key in scalar_keys())


def paths_of(schema: Any) -> set[str]:
    """Every key that a JSON Schema knows below `loadgen`, as a path; a distribution inside another one has the same."""
    found: set[str] = set()

    def walk(node: Any, path: str) -> None:
        if "$ref" in node:
            walk(schema["$defs"][node["$ref"].rpartition("/")[2]], path)
        for each in node.get("anyOf", ()) or node.get("oneOf", ()):
            walk(each, path)
        if "items" in node:
            walk(node["items"], f"{path}[]")
        for key, below in node.get("properties", {}).items():
            here = f"{path}.{key}".removeprefix(".")
            if key != "type":
                found.add(here)
            if key != "distribution" and not re.fullmatch(r"profiles\[\]\.(packages|reportInterval)", here):
                walk(below, here)

    walk(schema["properties"]["loadgen"], "")
    return found - {"thresholds[]"}
