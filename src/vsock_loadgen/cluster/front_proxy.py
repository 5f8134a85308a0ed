"""Who asks on behalf of a cluster's API server: its front proxy, as the cluster announces it to servers behind the API server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vsock_loadgen.cluster.api_server import PATIENCE_SECONDS, Listing

if TYPE_CHECKING:
    from lightkube import Client

INTERVAL_SECONDS = 10.0
"""Time between two readings: a CA is replaced while servers serve."""

_NAMESPACE, _NAME = "kube-system", "extension-apiserver-authentication"
_READER = "extension-apiserver-authentication-reader"
_KEY = "requestheader-"


@dataclass(frozen=True, slots=True)
class FrontProxy:
    """What identifies the front proxy: a certificate that `ca` (PEM) verifies, with one of these common names; none means any.
    It says on whose behalf it asks in one of the headers `user_headers`, if there are any."""

    ca: str
    names: frozenset[str] = frozenset()
    user_headers: tuple[str, ...] = ()


def read_front_proxy(environment: Mapping[str, str], *, patience_seconds: float = PATIENCE_SECONDS) -> FrontProxy:
    """The cluster's, as `Listing.read` reads it. Raises ClusterError."""
    return FRONT_PROXY.read(environment, patience_seconds=patience_seconds)


def _read(client: Client) -> FrontProxy:
    from lightkube.resources.core_v1 import ConfigMap

    return _front_proxy(client.get(ConfigMap, _NAME, namespace=_NAMESPACE).data or {})


def _front_proxy(data: Mapping[str, Any]) -> FrontProxy:
    """Raises ValueError if the cluster has none, or it is not as Kubernetes writes it."""
    ca = data.get(f"{_KEY}client-ca-file")
    if not ca:
        raise ValueError(f"it has no {_KEY}client-ca-file: this API server passes no requests on")
    names, headers = (_listed(data, key) for key in ("allowed-names", "username-headers"))
    return FrontProxy(ca, frozenset(names), headers)


def _listed(data: Mapping[str, Any], key: str) -> tuple[str, ...]:
    found = json.loads(data.get(_KEY + key) or "[]")
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise ValueError(f"{_KEY}{key} is {found!r}, expected a list of names")
    return tuple(found)


FRONT_PROXY = Listing(
    "front proxy",
    "--clients-from cluster was given",
    "or name the CA with --client-ca: then the cluster is not asked",
    f"the ConfigMap {_NAMESPACE}/{_NAME}",
    _read,
    document=f"ConfigMap {_NAMESPACE}/{_NAME}",
    grant=f"bind the service account to the Role for it, as in `kubectl -n {_NAMESPACE} create rolebinding "
    f"vsock-loadgen --role={_READER} --serviceaccount=NAMESPACE:NAME`",
)
