"""The worker nodes of a Kubernetes cluster, as its API server lists them.

Workers are the nodes labelled `node-role.kubernetes.io/worker`, or, where none is, all nodes without a `control-plane` or `master`
role. Sorted by name they are the order in which a fleet is split, so every pod must see the same list: no other property of
a node counts.
"""

from __future__ import annotations

import queue
import re
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vsock_loadgen.config.places import shorten
from vsock_loadgen.errors import ClusterError

if TYPE_CHECKING:
    import httpx2
    from lightkube import Client
    from lightkube.config.kubeconfig import SingleConfig
    from lightkube.core.client import LabelSelector

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
KUBECONFIG = Path("~/.kube/config")
PATIENCE_SECONDS = 30.0
WITHOUT = "or give nodeIndex and nodeCount, then the cluster is not asked"
"""The way out that every refusal has."""

_REQUEST_SECONDS = 5.0
_PAGE_NODES = 500
_FIRST_PAUSE_SECONDS = 0.5
_ROLE = "node-role.kubernetes.io/"
_LONGEST_MESSAGE = 400
_WORTH_ANOTHER_TRY = frozenset({408, 410, 429})
"""Beside every 5xx. 410 is a list that changed so much while it was read in pages that the rest of it is gone."""


@dataclass(frozen=True, slots=True)
class WorkerNodes:
    """Names of a cluster's worker nodes, sorted; `rule` says in words what made them workers."""

    names: tuple[str, ...]
    rule: str


def read_worker_nodes(environment: Mapping[str, str], *, patience_seconds: float = PATIENCE_SECONDS) -> WorkerNodes:
    """The cluster's workers: in a pod by its service account, elsewhere by the kubeconfig (`KUBECONFIG`, `~/.kube/config`).

    What may pass (no connection, no answer, 429, 5xx, an answer that is none) is tried again until `patience_seconds` are over;
    no thread is left where it returns. Raises ClusterError.
    """
    config = _configuration(environment)
    answers: queue.SimpleQueue[WorkerNodes | ClusterError] = queue.SimpleQueue()
    # A thread of its own, since a server that answers a byte at a time keeps within every timeout of the client.
    asking = threading.Thread(target=_keep_asking, args=(config, patience_seconds, answers), name="nodes", daemon=True)
    asking.start()
    try:
        answer = answers.get(timeout=patience_seconds + _REQUEST_SECONDS)
    except queue.Empty:
        answer = _unreachable(_without_credentials(config.cluster.server), f"no whole answer within {patience_seconds:.0f} s")
    else:
        asking.join()
    if isinstance(answer, ClusterError):
        raise answer
    return answer


def _configuration(environment: Mapping[str, str]) -> SingleConfig:
    """Server and credentials. Raises ClusterError where there are none, or the library is missing."""
    try:
        from lightkube.config.kubeconfig import KubeConfig
    except ImportError:
        raise ClusterError(
            "NODE_NAME is set, but this installation cannot ask a cluster for its nodes",
            f"pip install 'vsock-loadgen[kubernetes]', {WITHOUT}",
        ) from None
    in_cluster = "KUBERNETES_SERVICE_HOST" in environment and (SERVICE_ACCOUNT / "token").exists()
    source = SERVICE_ACCOUNT if in_cluster else Path(environment.get("KUBECONFIG") or KUBECONFIG).expanduser()
    if not source.exists():
        raise ClusterError(
            f"NODE_NAME is set, but there are no credentials to ask the cluster with: found neither {SERVICE_ACCOUNT}/token "
            f"nor the kubeconfig {source}",
            f"give the pod a service account (automountServiceAccountToken), or set KUBECONFIG, {WITHOUT}",
        )
    try:
        config = KubeConfig.from_service_account(source) if in_cluster else KubeConfig.from_file(source)
        single = config.get()
    except Exception as error:  # noqa: BLE001 (whatever the libraries beneath trip over in a file, it is that file)
        raise _unusable(source, error) from None
    if single is None or single.user is None:
        raise _unusable(source, "its context names no user")
    return single


def _unusable(source: Path, reason: object) -> ClusterError:
    mark = getattr(reason, "problem_mark", None)
    if mark is not None:  # the whole message of a YAML error has the text around it, which may be a token
        said = f"line {mark.line + 1} is not valid YAML"
    else:
        said = f"{type(reason).__name__}: {reason}" if isinstance(reason, LookupError) else str(reason)
    return ClusterError(f"{source} cannot be used to ask the cluster for its nodes: {said}", f"correct it, {WITHOUT}")


def _keep_asking(config: SingleConfig, patience_seconds: float, answers: queue.SimpleQueue[WorkerNodes | ClusterError]) -> None:
    """Ask until there is an answer, a refusal that will not change, or no patience left."""
    deadline = time.monotonic() + patience_seconds
    pause_seconds = _FIRST_PAUSE_SECONDS
    while True:
        answer, is_final = _ask(config)
        if is_final or time.monotonic() + pause_seconds >= deadline:
            answers.put(answer)
            return
        time.sleep(pause_seconds)
        pause_seconds *= 2


def _ask(config: SingleConfig) -> tuple[WorkerNodes | ClusterError, bool]:
    """One attempt; whether another would be in vain."""
    import httpx2
    from lightkube import Client

    server = _without_credentials(config.cluster.server)
    try:
        with Client(config, timeout=httpx2.Timeout(_REQUEST_SECONDS)) as client:
            return _listed(client), True
    except Exception as error:  # noqa: BLE001 (whatever a client trips over in somebody's answer, it is that answer)
        if (response := _response_of(error)) is not None:
            status = response.status_code
            return _refused(server, status, _message(response)), status < 500 and status not in _WORTH_ANOTHER_TRY
        if isinstance(error, httpx2.TimeoutException):
            return _unreachable(server, f"no answer within {_REQUEST_SECONDS:.0f} s"), False
        if isinstance(error, httpx2.LocalProtocolError):  # whose words have the header in them, token and all
            return _unsendable(server), True
        if isinstance(error, (httpx2.RequestError, OSError)):
            return _unreachable(server, str(error) or type(error).__name__), "CERTIFICATE_VERIFY_FAILED" in str(error)
        return _meaningless(server, error), False


def _listed(client: Client) -> WorkerNodes:
    from lightkube import operators

    if labelled := tuple(sorted(_names(client, {f"{_ROLE}worker": operators.exists()}))):
        return WorkerNodes(labelled, f"labelled {_ROLE}worker")
    others: LabelSelector = {f"{_ROLE}{role}": operators.not_exists() for role in ("control-plane", "master")}
    return WorkerNodes(tuple(sorted(_names(client, others))), f"without a control-plane role, as none has the label {_ROLE}worker")


def _names(client: Client, labels: LabelSelector) -> Iterator[str]:
    from lightkube.resources.core_v1 import Node

    for node in client.list(Node, labels=labels, chunk_size=_PAGE_NODES):
        if node.metadata is None or not node.metadata.name:
            raise ValueError("a node without a name")
        yield node.metadata.name


def _response_of(error: BaseException | None) -> httpx2.Response | None:
    """The answer that an error is about, as long as that was a refusal; also where the client failed to read its text."""
    import httpx2

    while error is not None and not isinstance(error, httpx2.HTTPStatusError):
        error = error.__context__
    return None if error is None else error.response


def _message(response: httpx2.Response) -> str:
    """What the API server says about its refusal; empty where the answer is not its own."""
    try:
        document = response.json()
    except (ValueError, RecursionError):
        return ""
    message = document.get("message") if isinstance(document, dict) else None
    return shorten(message, _LONGEST_MESSAGE) if isinstance(message, str) else ""


def _without_credentials(text: str) -> str:
    """A URL, or a text with one in it, without user and password."""
    return re.sub(r"(?<=//)\S*@", "", text)


def _refused(server: str, status: int, message: str) -> ClusterError:
    said = f": {message}" if message else ""
    if status == 401:
        return ClusterError(
            f"the API server {server} does not accept the credentials (401){said}",
            f"check that the service account's token, or the kubeconfig's user, is of this cluster and has not expired, {WITHOUT}",
        )
    if status == 403:
        return ClusterError(
            f"the API server {server} does not allow to list nodes (403){said}",
            "bind the service account to a ClusterRole with the verbs get and list on nodes, as in `kubectl create clusterrole "
            "vsock-loadgen --verb=get,list --resource=nodes` and `kubectl create clusterrolebinding vsock-loadgen "
            f"--clusterrole=vsock-loadgen --serviceaccount=NAMESPACE:NAME`, {WITHOUT}",
        )
    if status == 404:
        return ClusterError(
            f"{server} knows no list of nodes (404){said}",
            f"check that this is the address of an API server (KUBERNETES_SERVICE_HOST, or the kubeconfig), {WITHOUT}",
        )
    return ClusterError(f"the API server {server} answered {status} instead of the list of nodes{said}", f"try again, {WITHOUT}")


def _unreachable(server: str, reason: str) -> ClusterError:
    remedy = f"check that it runs and that this process may connect to it (network policy, proxy, certificates), {WITHOUT}"
    return ClusterError(f"the API server {server} cannot be asked for the nodes: {reason}", remedy)


def _unsendable(server: str) -> ClusterError:
    return ClusterError(
        f"the API server {server} cannot be asked for the nodes: the credentials have characters that no HTTP header may have",
        f"check the token for a line break, {WITHOUT}",
    )


def _meaningless(server: str, error: Exception) -> ClusterError:
    said = shorten(f"{type(error).__name__}: {error}", _LONGEST_MESSAGE)
    remedy = f"check that this is the address of an API server, and what stands between, {WITHOUT}"
    return ClusterError(f"{server} answered with something that is no list of nodes ({said})", remedy)
