"""For Python programs: configs, plans and results as the verbs have them."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path

from vsock_loadgen import preparing
from vsock_loadgen.config.load import Override, load
from vsock_loadgen.config.model import Config
from vsock_loadgen.plan.planning import Plan
from vsock_loadgen.results.files import read_results
from vsock_loadgen.results.result import Result
from vsock_loadgen.results.tables import table_of

__all__ = ["load_config", "load_result", "make_plan", "table_of"]


def load_config(
    path: str | Path | None = None,
    *,
    settings: Mapping[str, object] | None = None,
    environment: Mapping[str, str] | None = None,
    strict: bool = False,
) -> Config:
    """The config of a file; without a path, the defaults.

    `settings` has values by key, as `--set` takes them: `{"vmCount": 500, "packages.mean": 700}`. `LOADGEN_*` variables count if an
    `environment` is given. A key that is not known is a UserWarning, or an error if `strict`. Raises ConfigError.
    """
    overrides = [Override(f"settings[{key!r}]", key, _written(value)) for key, value in (settings or {}).items()]
    loaded = load(None if path is None else Path(path), environment=environment or {}, overrides=overrides, strict=strict)
    for problem in loaded.warnings:
        warnings.warn(str(problem), stacklevel=2)
    return loaded.config


def make_plan(config: Config, *, nodes: int | None = None) -> Plan:
    """The plan of a config: its fleet, when every report is due, and what that costs. `nodes` takes the place of the config's
    `nodeCount`. Raises ConfigError."""
    return preparing.prepare(config, nodes=nodes)[0]


def load_result(path: str | Path) -> Result:
    """The result that `run --result` wrote, or `compare --merge`. Raises ConfigError if the file holds none."""
    (named,) = read_results([Path(path)])
    return named.result


def _written(value: object) -> str:
    """A value as YAML."""
    return value if isinstance(value, str) else json.dumps(value)
