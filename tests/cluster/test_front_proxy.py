"""The front proxy of a cluster, read from a real HTTP server with the real client."""

from __future__ import annotations

import pytest

from kubernetes_api import KubernetesApi
from vsock_loadgen.cluster.front_proxy import FRONT_PROXY, FrontProxy, read_front_proxy
from vsock_loadgen.errors import ClusterError

pytest.importorskip("lightkube", reason="needs the extra kubernetes")
IMPATIENT = 0.2
WRITTEN = {
    "client-ca-file": "not of the front proxy",
    "requestheader-client-ca-file": "a CA",
    "requestheader-allowed-names": '["front-proxy-client","other"]',
    "requestheader-username-headers": '["X-Remote-User"]',
}


def test_it_is_read_as_kubernetes_writes_it(api: KubernetesApi, environment: dict[str, str]) -> None:
    api.front_proxy = WRITTEN
    found = read_front_proxy(environment)
    assert found == FrontProxy("a CA", frozenset({"front-proxy-client", "other"}), ("X-Remote-User",))


def test_no_names_are_any(api: KubernetesApi, environment: dict[str, str]) -> None:
    api.front_proxy = {"requestheader-client-ca-file": "a CA", "requestheader-allowed-names": "[]"}
    assert read_front_proxy(environment) == FrontProxy("a CA")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"requestheader-client-ca-file": ""}, "it has no requestheader-client-ca-file"),
        ({"requestheader-allowed-names": "front-proxy-client"}, "not a ConfigMap kube-system/extension-apiserver-authentication"),
        ({"requestheader-username-headers": "[1]"}, "expected a list of names"),
    ],
)
def test_what_kubernetes_would_not_write_is_refused(
    api: KubernetesApi, environment: dict[str, str], changed: dict[str, str], said: str
) -> None:
    api.front_proxy = WRITTEN | changed
    with pytest.raises(ClusterError) as caught:
        read_front_proxy(environment, patience_seconds=IMPATIENT)
    assert said in caught.value.message


def test_a_refusal_names_the_role_that_there_is_for_it(api: KubernetesApi, environment: dict[str, str]) -> None:
    api.bad_days = [403] * 9
    with pytest.raises(ClusterError) as caught:
        read_front_proxy(environment, patience_seconds=IMPATIENT)
    assert "does not allow to read the ConfigMap kube-system/extension-apiserver-authentication (403)" in caught.value.message
    assert "--role=extension-apiserver-authentication-reader" in caught.value.remedy
    assert caught.value.remedy.endswith(FRONT_PROXY.otherwise)
