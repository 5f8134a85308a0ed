"""A fleet that is asked through a real API server: deploy/run puts it there, and whoever has Sensor's rights asks it.

The API server refuses endpoints on loopback, and that is where the pods of these tests are. So a test lets the Service be a name
for the pod's address; nothing else of the overlay is changed.
"""

from __future__ import annotations

import json
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets import Subprotocol
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from apiserver.caller import IMAGE, Caller, ended
from apiserver.conftest import eventually
from apiserver.control_plane import ControlPlane
from apiserver.nodes import Nodes
from apiserver.pod import Pod
from asked import LARGEST, answer, read, request, send
from certificates import Authority, Pair
from command import vsock_loadgen
from deployment import Manifest

VMS, PACKAGES = 20, 5
FLEET = f"{{vmCount: {VMS}, packages: {PACKAGES}, reportInterval: 1h, statsInterval: 1s, serve: {{namespace: default}}}}"
GROUPS = (
    "{vmCount: 50, statsInterval: 1s, serve: {namespace: default},"
    " packages: {buckets: [{percent: 70, value: 5}, {percent: 28, value: 10}, {percent: 2, value: 20}]},"
    " reportInterval: {buckets: [{percent: 80, value: 1h}, {percent: 20, value: 2h}]}}"
)
PULL = (*IMAGE, "-o", "pull")
APISERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"
API = f"{APISERVICES}/v1.subresources.kubevirt.io"
ROOT = "/apis/subresources.kubevirt.io/v1"
SERVICE = "/api/v1/namespaces/stackrox/services/vsock-loadgen-api"
FRONT_PROXY = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
SENSOR = "asks-as-sensor"
SENSORS_RULES = (
    {"apiGroups": ["subresources.kubevirt.io"], "resources": ["virtualmachineinstances/vsock"], "verbs": ["get"]},
    {"apiGroups": ["kubevirt.io"], "resources": ["virtualmachineinstances"], "verbs": ["get", "list"]},
)
"""Of what Sensor's ClusterRole has: to ask a VM, and to list them."""


class Asked:
    """A fleet in a cluster while deploy/run follows it."""

    def __init__(self, caller: Caller, cluster: Nodes, accounts: str) -> None:
        self.caller = caller
        self.plane = caller.plane
        self._cluster = cluster
        self._accounts = accounts

    @contextmanager
    def running(self, fleet: str = FLEET) -> Iterator[Pod]:
        """From when it can be asked until the script has cleaned up. The pod that answers."""
        process = self.caller.start(fleet, *PULL)
        try:
            yield self.reachable(process)
        finally:
            process.terminate()
            done = ended(process)
        assert done.returncode == 1, done.stderr  # it had no duration: what there is, is a snapshot

    def reachable(self, process: subprocess.Popen[str]) -> Pod:
        """Let the Service be the pod's address once that answers, and wait until the API server has seen it."""
        found: list[Pod] = []

        def answers() -> bool:
            assert process.poll() is None, process.communicate()
            found[:] = [
                pod for pod in self._cluster.pods.values() if pod.name.startswith("vsock-loadgen-") and is_ready(self.plane, pod)
            ]
            return bool(found)

        eventually(answers)
        (pod,) = found
        address = {"type": "ExternalName", "externalName": pod.ip, "clusterIP": None, "clusterIPs": None}
        self.plane.admin.merge(SERVICE, {"spec": address})
        self.plane.admin.merge(API, {"spec": {"service": {"port": 10250}}})
        eventually(lambda: is_available(self.plane) and (self.caller.folder / "results" / f"{pod.name}.log").exists())
        return pod

    def token(self, name: str = SENSOR) -> str:
        """Of the account that may ask, or of another."""
        return self.plane.token(self._accounts, name)

    def connect(self, vm: int = 0, *, token: str | None = None) -> ClientConnection:
        """A websocket to a VM's agent, through the API server."""
        context = ssl.create_default_context(cafile=str(self.plane.authority.file))
        return connected(self.plane.url, vm, context, {"Authorization": f"Bearer {token or self.token()}"})

    def counted(self, pod: Pod, delivered: int) -> None:
        """Wait until the pod says of so many reports that they were delivered, for the script to fetch."""
        path = pod.folder / "results" / "result.json"
        eventually(lambda: path.exists() and json.loads(path.read_text())["totals"]["delivered"] == delivered)

    def result(self) -> dict[str, Any]:
        """What the pod has counted, as the script has fetched it."""
        return self.caller.whole()


def connected(url: str, vm: int, context: ssl.SSLContext, headers: dict[str, str]) -> ClientConnection:
    path = f"{ROOT}/namespaces/default/virtualmachineinstances/loadgen-{vm}/vsock?port=818&tls=true"
    return connect(
        url.replace("https://", "wss://") + path,
        ssl=context,
        additional_headers=headers,
        subprotocols=[Subprotocol("plain.kubevirt.io")],
        compression=None,
        max_size=LARGEST,
        ping_interval=None,
        proxy=None,
    )


def packages(ws: ClientConnection) -> int:
    """Of the report that is asked for."""
    with ws:
        assert ws.subprotocol == "plain.kubevirt.io"
        send(ws, request())
        return len(answer(ws).report.contents.packages)


def is_ready(plane: ControlPlane, pod: Pod) -> bool:
    status, found = plane.admin.ask("GET", f"/api/v1/namespaces/stackrox/pods/{pod.name}")
    return status == 200 and {"Ready": "True"}.items() <= conditions(found).items()


def is_available(plane: ControlPlane) -> bool:
    return conditions(plane.admin.must("GET", API)).get("Available") == "True"


def conditions(found: Manifest) -> dict[str, str]:
    return {each["type"]: each["status"] for each in found.get("status", {}).get("conditions", [])}


def direct(pod: Pod, own: Pair | None) -> tuple[str, int, ssl.SSLContext]:
    """Past the API server: where the pod is, a VM, and a certificate or none."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if own is not None:
        context.load_cert_chain(own.certificate, own.key)
    return f"https://{pod.ip}:10250", 0, context


@pytest.fixture
def accounts(plane: ControlPlane, namespace: str) -> str:
    """Two accounts in a namespace: SENSOR may what Sensor's ClusterRole lets it do to a VM, the other one nothing."""
    plane.admin.must("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": SENSOR}})
    plane.admin.must("POST", f"{RBAC}/clusterroles", {"metadata": {"name": namespace}, "rules": [SENSORS_RULES[0]]})
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": namespace}
    subject = {"kind": "ServiceAccount", "name": SENSOR, "namespace": namespace}
    bound = {"metadata": {"name": namespace}, "roleRef": role, "subjects": [subject]}
    plane.admin.must("POST", f"{RBAC}/clusterrolebindings", bound)
    return namespace


@pytest.fixture
def asked(accounts: str, caller: Caller, cluster: Nodes) -> Iterator[Asked]:
    """The caller of the script has the rights that it takes, and no others."""
    with caller.with_the_rights_of(accounts, "caller.yaml", "caller-pull.yaml"):
        yield Asked(caller, cluster, accounts)


def test_whoever_has_sensors_right_is_answered_through_the_api_server_and_nobody_else(
    asked: Asked, accounts: str, tmp_path: Path
) -> None:
    with asked.running() as pod:
        with asked.plane.as_account(accounts, SENSOR) as sensor:
            discovered = sensor.must("GET", ROOT)
            assert discovered["resources"][0]["name"] == "virtualmachineinstances/vsock"
        assert packages(asked.connect()) == PACKAGES
        with pytest.raises(InvalidStatus) as forbidden, asked.connect(token=asked.token(accounts)):
            pass
        assert forbidden.value.response.status_code == 403
        assert [asks(pod, own, {}) for own in (None, asked.plane.authority.pair("impostor"))] == [401, None]
        front_proxy = asked.plane.front_proxy.pair("stranger")
        assert asks(pod, front_proxy, {"X-Remote-User": "me"}) == 401
        (tmp_path / "token").write_text(asked.token())
        scraped = scrape(asked.plane, tmp_path)
        assert (scraped["vms"], scraped["reports"], scraped["failures"]) == (VMS, VMS, {})
        asked.counted(pod, VMS)
    result = asked.result()
    assert result["askings"]["by_kind"]["whole"] == VMS + 1
    assert result["askings"]["by_end"]["401"] == 2
    assert result["totals"]["delivered"] == VMS


def asks(pod: Pod, own: Pair | None, headers: dict[str, str]) -> int | None:
    """The status of the answer to somebody who asks the pod itself; None if the connection is refused."""
    try:
        with connected(*direct(pod, own), headers):
            raise AssertionError("whoever this is may ask")
    except InvalidStatus as refused:
        return refused.response.status_code
    except (OSError, EOFError, ConnectionClosed, InvalidMessage):
        return None


def scrape(plane: ControlPlane, folder: Path) -> dict[str, Any]:
    """What a stand-in for Sensor says that asks each VM once, by its token alone."""
    options = ("--vm-count", str(VMS), "--num-packages", str(PACKAGES), "--sensor-release", "august", "--duration", "2s")
    done = vsock_loadgen(
        "scrape", plane.url, *options, "--ca", plane.authority.file, "--token", folder / "token", "--format", "json"
    )
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_an_api_server_that_is_started_anew_cuts_askings_off_and_reports_wait(asked: Asked) -> None:
    plane = asked.plane
    with asked.running() as pod:
        with asked.connect(0) as cut:
            plane.kill("kube-apiserver")
            try:
                with pytest.raises(ConnectionClosed):
                    read(cut)
            finally:
                plane.start_api_server()
        eventually(lambda: is_available(plane))
        assert packages(asked.connect(0)) == PACKAGES
        asked.counted(pod, 1)
    assert asked.result()["totals"]["delivered"] == 1


def test_another_ca_of_the_front_proxy_is_followed_while_the_fleet_is_asked(asked: Asked, tmp_path: Path) -> None:
    """As Kubernetes wants it done: first both are trusted, then the API server has a certificate of the second."""
    plane = asked.plane
    second = Authority(tmp_path, "front-proxy-ca-2")
    with asked.running() as pod:
        assert packages(asked.connect(0)) == PACKAGES
        assert asks(pod, second.pair("stranger"), {}) is None
        plane.front_proxy.file.write_text(plane.front_proxy.file.read_text() + second.file.read_text())
        eventually(lambda: asks(pod, second.pair("stranger"), {}) == 401)
        made = second.pair("front-proxy-client")
        for name in ("certificate", "key"):
            getattr(plane.proxy, name).write_bytes(getattr(made, name).read_bytes())
        plane.kill("kube-apiserver")
        plane.start_api_server()  # reads them at once
        eventually(lambda: is_available(plane))
        assert packages(asked.connect(1)) == PACKAGES


def test_namespaces_can_go_after_the_clean_up_of_a_script_that_was_killed(asked: Asked, cluster: Nodes) -> None:
    """Before it they cannot: an APIService is there, and nobody behind it."""
    plane, path = asked.plane, "/api/v1/namespaces/goes"
    plane.admin.must("POST", "/api/v1/namespaces", {"metadata": {"name": "goes"}})
    process = asked.caller.start(FLEET, *PULL)
    asked.reachable(process)
    process.kill()
    plane.admin.must("DELETE", "/apis/apps/v1/namespaces/stackrox/deployments/vsock-loadgen")
    process.communicate()  # what it has left follows the pod's log until that is gone
    eventually(lambda: not is_available(plane))
    plane.admin.must("DELETE", path)
    eventually(lambda: conditions(plane.admin.must("GET", path)).get("NamespaceDeletionDiscoveryFailure") == "True")
    done = asked.caller.run(FLEET, "-o", "pull", "--clean")
    assert done.returncode == 0, done.stderr
    eventually(lambda: plane.admin.ask("GET", path)[0] == 404)


def test_vms_are_found_in_the_cluster_and_both_ends_agree_by_group(asked: Asked, accounts: str, tmp_path: Path) -> None:
    """From a config to objects, to askings through the API server, to accounts: the asker knows the VMs from the cluster alone."""
    config = tmp_path / "fleet.yaml"
    config.write_text(f"loadgen: {GROUPS}\n")
    plane = asked.plane
    with asked.running(GROUPS) as pod:
        plane.admin.merge(f"{RBAC}/clusterroles/{accounts}", {"rules": list(SENSORS_RULES)})
        (tmp_path / "token").write_text(asked.token())
        kubeconfig = plane.kubeconfig_of("sensor", {"token": asked.token()})
        done = vsock_loadgen(
            *("scrape", plane.url, "--vms-from", "cluster", "--config", config, "--ca", plane.authority.file),
            *("--token", tmp_path / "token", "--sensor-release", "august", "--duration", "4s", "--format", "json"),
            extra={"KUBECONFIG": str(kubeconfig)},
        )
        assert done.returncode == 0, done.stderr
        asked.counted(pod, 50)
    scraped, result = json.loads(done.stdout), asked.result()
    assert (scraped["vms"], scraped["strangers"], scraped["failures"]) == (50, 0, {})
    for dimension in ("packages", "report_interval"):
        theirs = {name: group["reports"] for name, group in scraped["groups"][dimension].items()}
        assert theirs == {group["id"]: group["totals"]["delivered"] for group in result["groups"][dimension]}
    assert list(theirs.values()) == [40, 10]
