"""The worker nodes of a Kubernetes cluster, as its API server lists them.

Workers are the nodes labelled `node-role.kubernetes.io/worker`, or, if none is, all nodes without a `control-plane` or `master`
role. Sorted by name they are the order in which a fleet is split, so every pod must see the same list: no other property of a node
counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vsock_loadgen.cluster.api_server import PAGE_ITEMS, PATIENCE_SECONDS, Listing

if TYPE_CHECKING:
    from lightkube import Client
    from lightkube.core.client import LabelSelector

WITHOUT = "or give nodeIndex and nodeCount: then the cluster is not asked"
"""The way out that every refusal has."""

_ROLE = "node-role.kubernetes.io/"


@dataclass(frozen=True, slots=True)
class WorkerNodes:
    """Names of a cluster's worker nodes, sorted; `rule` says in words what made them workers."""

    names: tuple[str, ...]
    rule: str


def read_worker_nodes(environment: Mapping[str, str], *, patience_seconds: float = PATIENCE_SECONDS) -> WorkerNodes:
    """The cluster's workers, as `Listing.read` reads them. Raises ClusterError."""
    return NODES.read(environment, patience_seconds=patience_seconds)


def _listed(client: Client) -> WorkerNodes:
    from lightkube import operators

    if labelled := tuple(sorted(_names(client, {f"{_ROLE}worker": operators.exists()}))):
        return WorkerNodes(labelled, f"labelled {_ROLE}worker")
    others: LabelSelector = {f"{_ROLE}{role}": operators.not_exists() for role in ("control-plane", "master")}
    return WorkerNodes(tuple(sorted(_names(client, others))), f"without a control-plane role, as none has the label {_ROLE}worker")


def _names(client: Client, labels: LabelSelector) -> Iterator[str]:
    from lightkube.resources.core_v1 import Node

    for node in client.list(Node, labels=labels, chunk_size=PAGE_ITEMS):
        if node.metadata is None or not node.metadata.name:
            raise ValueError("a node without a name")
        yield node.metadata.name


NODES = Listing("nodes", "NODE_NAME is set", WITHOUT, "nodes", _listed)
