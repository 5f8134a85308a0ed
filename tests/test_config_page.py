"""docs/config.md has every key of the config, and its examples can be used."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from command import PROJECT
from vsock_loadgen.config.load import load
from vsock_loadgen.config.places import Rank, Source
from vsock_loadgen.config.schema import json_schema, scalar_keys
from vsock_loadgen.config.yaml_text import read_yaml

CONFIG_PAGE = PROJECT / "docs" / "config.md"


def rows_of_keys() -> list[tuple[str, str]]:
    """Every key of the config page with its example."""
    return re.findall(r"^\| `([\w.\[\]]+)` \|(?:[^|\n]*\|){3} `([^|\n]*)` \|", CONFIG_PAGE.read_text(), re.MULTILINE)


EXAMPLES = {path: read_yaml(example, Source("example", Rank.FILE))[0].plain() for path, example in rows_of_keys()}
NEEDS = {
    "discoveredData": ("reportFormat",),
    "repeatPhases": ("phases",),
    "abortOnFail": ("thresholds",),
    "nodeIndex": ("nodeCount",),
    "offset": ("synchronized",),
    "profiles[]": ("packages", "reportInterval"),
}
"""What a key, or each in a list, needs beside it that the schema does not say; the example of that will do."""
SCHEMA: Any = json_schema()


def branch_with(node: Any, key: str) -> Any:
    """The object of a schema that has this key, where there is a choice of several."""
    if "$ref" in node:
        node = SCHEMA["$defs"][node["$ref"].rpartition("/")[2]]
    for each in node.get("anyOf", ()) or node.get("oneOf", ()):
        if found := branch_with(each, key):
            return found
    if "items" in node:
        return node if key == "[]" else None
    known = key in node.get("properties", {}) or any(re.match(pattern, key) for pattern in node.get("patternProperties", {}))
    return node if known else None


def holding(keys: Sequence[str], node: Any, path: str = "") -> Any:
    """A value of a schema that has the example of the key that these lead to, and beside it the examples of what it needs."""
    if not keys:
        return EXAMPLES[path]
    key, *below = keys
    branch = branch_with(node, key)
    if key == "[]":
        item = f"{path}[]"
        return shares_of(examples(item, NEEDS.get(item, ())) | holding(below, branch["items"], item))
    value = holding(below, branch.get("properties", {}).get(key), f"{path}.{key}".removeprefix("."))
    return examples(path, (*branch.get("required", ()), *NEEDS.get(key, ()))) | {key: value}


def examples(path: str, keys: Sequence[str]) -> dict[str, Any]:
    """The examples of some keys of a block."""
    return {key: EXAMPLES[f"{path}.{key}".removeprefix(".")] for key in keys}


def shares_of(item: dict[str, Any]) -> list[dict[str, Any]]:
    """An item of a list, and where it is a share a second one that has the rest."""
    if "percent" not in item:
        return [item]
    rest = item | {"percent": 100 - item["percent"]}
    return [item, rest | {"name": "rest"} if "name" in item else rest]


@pytest.mark.parametrize("path", EXAMPLES)
def test_the_example_of_every_key_is_a_config(path: str, tmp_path: Path) -> None:
    keys = re.findall(r"\w+|\[\]", path)
    text = json.dumps({"loadgen": holding(keys, SCHEMA["properties"]["loadgen"])}, default=float)
    file = tmp_path / "config.yaml"
    file.write_text(text)
    assert load(file, environment={}, strict=True).warnings == () or path == "numRepositories"
    jsonschema.validate(json.loads(text), SCHEMA)


def test_the_config_page_has_every_key_with_its_flag_and_its_variable() -> None:
    text = CONFIG_PAGE.read_text()
    documented = {path for path, _ in rows_of_keys()}
    assert documented >= paths_of(SCHEMA)
    assert all(f"| `{key.name}` | `{key.flag}` | `{key.environment}` |" in text for key in scalar_keys())


def paths_of(schema: Any) -> set[str]:
    """Every key that a JSON Schema knows below `loadgen`, as a path; other distributions have those of the two of the fleet."""
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
            if key != "distribution" and not re.fullmatch(r"profiles\[\]\.(packages|reportInterval)|serve\.answerDelay", here):
                walk(below, here)

    walk(schema["properties"]["loadgen"], "")
    return found - {"thresholds[]"}
