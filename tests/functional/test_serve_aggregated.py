"""A fleet that asks its cluster who may ask it: whoever comes through the aggregation layer may, and nobody else."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from aggregator import aggregator
from asked import Fleet, serving
from certificates import Authority
from command import vsock_loadgen
from kubernetes_api import KubernetesApi, kubernetes_api, write_kubeconfig

pytest.importorskip("lightkube", reason="needs the extra kubernetes")
FLEET = ("--vm-count", "3", "--report-interval", "1h", "--num-packages", "50")
CLIENT = "front-proxy-client"


class Cluster:
    """Two CAs, and an API server that makes one of them known as that of its front proxy."""

    def __init__(self, folder: Path, api: KubernetesApi) -> None:
        self.serving = Authority(folder, "serving-ca")
        self.front_proxy = Authority(folder, "front-proxy-ca")
        api.front_proxy = {
            "requestheader-client-ca-file": self.front_proxy.file.read_text(),
            "requestheader-allowed-names": json.dumps([CLIENT]),
            "requestheader-username-headers": json.dumps(["X-Remote-User"]),
        }


@pytest.fixture(name="cluster")
def _cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    with kubernetes_api() as api:
        monkeypatch.setenv("KUBECONFIG", str(write_kubeconfig(tmp_path, f"http://127.0.0.1:{api.port}")))
        yield Cluster(tmp_path, api)


@pytest.fixture(name="fleet")
def _fleet(tmp_path: Path, cluster: Cluster) -> Iterator[Fleet]:
    pair = cluster.serving.pair("server")
    options = ("--tls-cert", pair.certificate, "--tls-key", pair.key, "--clients-from", "cluster")
    with serving(tmp_path, *FLEET, "--listen", "https://127.0.0.1:0", *options) as fleet:
        yield fleet


def test_who_comes_through_the_aggregation_layer_is_answered(fleet: Fleet, cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("of-sensor")
    users = {"of-sensor": "system:serviceaccount:stackrox:sensor"}
    with aggregator(fleet.port, cluster.serving, cluster.front_proxy.pair(CLIENT), users) as between:
        done = vsock_loadgen(
            *("scrape", between.url, *FLEET, "--duration", "1s", "--format", "json", "--sensor-release", "august"),
            *("--token", tmp_path / "token"),
        )
    assert done.returncode == 0, done.stderr
    scraped = json.loads(done.stdout)
    assert (scraped["reports"], scraped["failures"]) == (3, {})
    assert fleet.end()["totals"]["delivered"] == 3


def test_who_comes_past_it_may_not_ask_even_with_its_certificate(fleet: Fleet, cluster: Cluster) -> None:
    """Without one, and with one but nobody on whose behalf."""
    for own in (None, cluster.front_proxy.pair(CLIENT)):
        context = ssl.create_default_context(cafile=str(cluster.serving.file))
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if own is not None:
            context.load_cert_chain(own.certificate, own.key)
        with pytest.raises(InvalidStatus) as refused, fleet.connect(0, ssl=context):
            pass
        assert refused.value.response.status_code == 401
    assert fleet.end()["askings"]["by_end"]["401"] == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--client-ca", "a"), "expected neither --client-ca nor --client-name"),
        (("--client-name", "a"), "expected neither --client-ca nor --client-name"),
    ],
)
def test_what_the_cluster_says_is_not_said_twice(arguments: tuple[str, ...], said: str) -> None:
    given = ("--listen", "https://127.0.0.1:0", "--tls-cert", "a", "--tls-key", "b", "--clients-from", "cluster")
    ended = vsock_loadgen("serve", "--metrics-port", "0", *given, *arguments)
    assert ended.returncode == 2
    assert said in ended.stderr


def test_a_cluster_that_does_not_say_it_ends_it_before_anything_is_served(tmp_path: Path, cluster: Cluster) -> None:
    pair = cluster.serving.pair("server")
    given = ("--listen", "https://127.0.0.1:0", "--tls-cert", pair.certificate, "--tls-key", pair.key, "--clients-from", "cluster")
    ended = vsock_loadgen("serve", "--metrics-port", "0", *given, extra={"KUBECONFIG": str(tmp_path / "none")})
    assert ended.returncode == 2
    assert "--clients-from cluster was given, but there are no credentials to ask the cluster with" in ended.stderr
