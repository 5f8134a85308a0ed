"""The documents of searches on disk, and of runs where either is accepted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from vsock_loadgen.capacity.outcome import CAPACITY_SCHEMA, Capacity
from vsock_loadgen.capacity.search import Terms
from vsock_loadgen.config.model import Config
from vsock_loadgen.config.schema import keys_of_scope
from vsock_loadgen.errors import ConfigError, Problem
from vsock_loadgen.inputs import name_of
from vsock_loadgen.outputs import write_text
from vsock_loadgen.record import shown
from vsock_loadgen.results.files import read_each
from vsock_loadgen.results.result import Result


def write_capacity(capacity: Capacity, path: Path) -> None:
    """Write a document, in one go. Raises OSError."""
    write_text(json.dumps(capacity.to_json(), indent=1) + "\n", path)


def read_capacity(path: Path) -> Capacity:
    """The document in a file. Raises ConfigError if it holds none."""
    ((_, capacity),) = read_each([path], capacity_of_document)
    return capacity


def read_outcomes(paths: Sequence[Path]) -> list[tuple[str, Result | Capacity]]:
    """What is in these files, results of runs or outcomes of searches, with their names. Raises ConfigError with a problem for
    every file that holds neither."""
    return read_each(paths, lambda document: Capacity.read(document) if is_capacity(document) else Result.read(document))


def capacity_of_document(document: object) -> Capacity:
    """The outcome of a search in a plain document. Raises ValueError with a sentence about what was found."""
    if not is_capacity(document):
        schema = document.get("schema") if isinstance(document, dict) else None
        raise ValueError(f'not the outcome of a search: found "schema" {shown(schema)}, expected "{CAPACITY_SCHEMA}"')
    return Capacity.read(document)


def is_capacity(document: object) -> bool:
    """Whether a document says that it is the outcome of a search."""
    return isinstance(document, dict) and document.get("schema") == CAPACITY_SCHEMA


def check_continued(before: Capacity, path: Path, terms: Terms, config: Config) -> None:
    """Raises ConfigError if a search cannot continue another one: with other goals, loads or VMs."""
    problems = []
    if before.complete:
        problems.append("the search in it is finished, expected an interrupted one")
    if before.vary != terms.vary:
        problems.append(f"found a search with --vary {before.vary}, expected --vary {terms.vary}")
    goals = tuple(goal.expression for goal in terms.goals)
    if before.goals != goals:
        problems.append(f"found the goals {'; '.join(before.goals)}, expected {'; '.join(goals)}")
    of_a_node = keys_of_scope("node")
    problems += [
        f"found {key}: {shown(before.config.get(key))}, expected {shown(config.effective.get(key))}"
        for key in sorted({*before.config, *config.effective} - of_a_node)
        if before.config.get(key) != config.effective.get(key)
    ]
    if problems:
        raise ConfigError([Problem(name_of(path), "", problem) for problem in problems])
