"""Which node of how many this process is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vsock_loadgen.errors import ConfigError, Problem


@dataclass(frozen=True, slots=True)
class Identity:
    """Node `index` (from 0) of `count`."""

    index: int
    count: int


def identify(index: int, count: int, environment: Mapping[str, str]) -> Identity:
    """The identity that the config gives. Raises ConfigError where it is impossible, or where only the cluster could tell."""
    if not 0 <= index < count:
        raise ConfigError([Problem("", "nodeIndex", f"is {index}, expected 0 to {count - 1} with nodeCount {count}")])
    node_name = environment.get("NODE_NAME")
    if node_name and count == 1:
        expected = "expected nodeIndex and nodeCount as well: this version does not ask a cluster for its nodes"
        raise ConfigError([Problem("NODE_NAME", "", f"is {node_name!r}, {expected}")])
    return Identity(index, count)
