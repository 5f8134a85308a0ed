"""A config of profiles and phases in which any one thing is replaced or left out loads, or is a ConfigError that says where."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vsock_loadgen.config.load import load
from vsock_loadgen.errors import ConfigError

WHOLE: dict[str, Any] = {
    "packages": {"buckets": [{"percent": 100, "value": 3}]},
    "profiles": [
        {"name": "a", "percent": 40, "packages": 5, "reportInterval": "5m", "synchronized": True, "offset": "3s", "jitter": 1},
        {
            "name": "b",
            "percent": 60,
            "packageSets": "perVM",
            "reportInterval": {
                "buckets": [
                    {"percent": 50, "value": "1m", "synchronized": True},
                    {"percent": 50, "distribution": {"buckets": [{"percent": 100, "value": "5s"}]}, "jitter": 3},
                ]
            },
        },
    ],
    "phases": [
        {"name": "up", "duration": "1m", "rate": {"from": 0, "to": 2}},
        {"name": "on", "duration": "2m", "vms": {"from": "5%", "to": 100}},
    ],
    "repeatPhases": True,
    "startAt": "2026-11-23T08:00:00Z",
    "timeScale": 3,
}
REPLACEMENTS = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 1, -3, 100, 10**9, 0.5, "", "a", "5s", "0s", "50%", "form:ramp", "profiles", [], {}, [{}], ["a"]]),
    st.sampled_from(
        [
            {"buckets": []},
            {"buckets": [{"percent": 100, "distribution": {"min": "1s", "p50": "2s", "max": "3s"}}]},
            {"mean": "1m", "stddev": "1s", "min": "1s", "max": "2m"},
            {"from": 1, "to": 1},
            {"from": 0, "to": 0},
        ]
    ),
)


def paths(value: object, before: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The path of everything inside a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path for key, below in items for path in [(*before, key), *paths(below, (*before, key))]]


def replaced(path: tuple[str | int, ...], value: object, *, remove: bool) -> dict[str, Any]:
    """The whole config with something else at a path, or nothing."""
    made: Any = copy.deepcopy(WHOLE)
    around = made
    for step in path[:-1]:
        around = around[step]
    if remove:
        del around[path[-1]]
    else:
        around[path[-1]] = value
    result: dict[str, Any] = made
    return result


@settings(max_examples=300, deadline=None)
@given(path=st.sampled_from(paths(WHOLE)), value=REPLACEMENTS, remove=st.booleans())
def test_any_single_change_loads_or_is_named(
    path: tuple[str | int, ...], value: object, remove: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.getbasetemp() / "broken.yaml"
    file.write_text(json.dumps({"loadgen": replaced(path, value, remove=remove)}, indent=1))
    try:
        loaded = load(file, environment={})
    except ConfigError as error:
        for problem in error.problems:
            assert problem.where.startswith(f"{file}:")
            assert problem.message
            assert "form:" not in str(problem).replace("'form:ramp'", "")
        return
    file.write_text(json.dumps({"loadgen": loaded.config.effective}))
    assert load(file, environment={}, strict=True).config == loaded.config


def test_the_whole_config_loads(tmp_path: Path) -> None:
    file = tmp_path / "whole.yaml"
    file.write_text(json.dumps({"loadgen": WHOLE}))
    assert len(load(file, environment={}, strict=True).config.profiles) == 2
