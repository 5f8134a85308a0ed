"""Which node of how many this process is: what the config says, else the Job that it belongs to, else the cluster.

The rules, in this order:
- `nodeIndex` and `nodeCount` as given come first;
- the pod of an Indexed Job (`JOB_COMPLETION_INDEX`) takes its index from there, and its `nodeCount` from the config: several of a
  Job's pods may be on one node;
- if `NODE_NAME` is set, the cluster's sorted workers say both;
- else this is the only node.
Anything else is refused: two processes that take themselves for the same node would send the same VMs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from vsock_loadgen.cluster.nodes import WITHOUT, WorkerNodes
from vsock_loadgen.config.model import Config
from vsock_loadgen.errors import ClusterError, ConfigError, Problem

_FEW = 5


@dataclass(frozen=True, slots=True)
class Identity:
    """Node `index` (from 0) of `count`. `source` says in words how that is known; `workers` are the cluster's, if they were asked
    for."""

    index: int
    count: int
    source: str
    workers: WorkerNodes | None = None


def identify(
    index: int | None, count: int | None, environment: Mapping[str, str], read_workers: Callable[[], WorkerNodes]
) -> Identity:
    """The identity that config (None: left open), environment or cluster give; `read_workers` asks the cluster.

    Raises ConfigError if they contradict each other or leave it open, ClusterError if the cluster does not know.
    """
    node_name = environment.get("NODE_NAME") or None
    completion = environment.get("JOB_COMPLETION_INDEX") or None
    if index is not None and count is not None:
        return _within(index, count, Problem("", "nodeIndex", ""), "nodeIndex and nodeCount")
    if index is not None:
        if index or node_name or completion:
            raise ConfigError([Problem("", "nodeIndex", f"is {index}, expected nodeCount as well")])
        return Identity(0, 1, "nodeIndex")
    if completion is not None:
        return _of_job(completion, count)
    if count == 1:
        return Identity(0, 1, "nodeCount")
    if count is not None:
        expected = "expected nodeIndex as well (LOADGEN_NODE_INDEX), or JOB_COMPLETION_INDEX"
        hint = "; without nodeCount the cluster says both" if node_name else ""
        raise ConfigError([Problem("", "nodeCount", f"is {count}, but nothing says which of them this is: {expected}{hint}")])
    return _in_cluster(node_name, read_workers()) if node_name else Identity(0, 1, "the only one")


def settled(config: Config, identity: Identity) -> Config:
    """The config with the place of this process in it, as all documents of one fleet have it."""
    place = {"nodeIndex": identity.index, "nodeCount": identity.count}
    return replace(config, node_index=identity.index, node_count=identity.count, effective={**config.effective, **place})


def _within(index: int, count: int, place: Problem, source: str) -> Identity:
    if not 0 <= index < count:
        message = f"is {index}, expected 0 to {count - 1} with nodeCount {count}"
        raise ConfigError([Problem(place.where, place.path, message)])
    return Identity(index, count, source)


def _of_job(completion: str, count: int | None) -> Identity:
    if not (completion.isascii() and completion.isdecimal()):
        raise ConfigError([Problem("JOB_COMPLETION_INDEX", "", f"is {completion!r}, expected a whole number")])
    if count is None:
        expected = "expected nodeCount as well (LOADGEN_NODE_COUNT), the completions of the Job"
        raise ConfigError([Problem("JOB_COMPLETION_INDEX", "", f"is {completion}, {expected}")])
    return _within(int(completion), count, Problem("JOB_COMPLETION_INDEX", "", ""), "JOB_COMPLETION_INDEX and nodeCount")


def _in_cluster(node_name: str, workers: WorkerNodes) -> Identity:
    if node_name not in workers.names:
        raise ClusterError(
            f"NODE_NAME is {node_name!r}, which is not one of the cluster's workers: {_enumerated(workers)}",
            f"keep this pod off that node (nodeAffinity), or label it node-role.kubernetes.io/worker like the others, {WITHOUT}",
        )
    source = f"{node_name} among the {len(workers.names):,} nodes {workers.rule}"
    return Identity(workers.names.index(node_name), len(workers.names), source, workers)


def _enumerated(workers: WorkerNodes) -> str:
    if not workers.names:
        return f"there are none (nodes {workers.rule})"
    more = f" and {len(workers.names) - _FEW:,} more" if len(workers.names) > _FEW else ""
    return f"{', '.join(workers.names[:_FEW])}{more} (nodes {workers.rule})"
