"""The list of worker nodes, read from a real HTTP server with the real client."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from command import TIMEOUT_SECONDS
from kubernetes_api import CONTROL_PLANE, MASTER, WORKER, KubernetesApi, kubernetes_api, write_certificate, write_kubeconfig
from kubernetes_api import write_service_account as service_account
from vsock_loadgen.cluster import api_server
from vsock_loadgen.cluster.nodes import WITHOUT, WorkerNodes, read_worker_nodes
from vsock_loadgen.errors import ClusterError

pytest.importorskip("lightkube", reason="needs the extra kubernetes")
IMPATIENT = 0.2


def refusal(environment: dict[str, str], patience_seconds: float = IMPATIENT) -> ClusterError:
    with pytest.raises(ClusterError) as caught:
        read_worker_nodes(environment, patience_seconds=patience_seconds)
    assert caught.value.exit_code == 2
    assert caught.value.remedy.endswith(WITHOUT)
    return caught.value


def test_workers_are_the_labelled_nodes_sorted_by_name(api: KubernetesApi, environment: dict[str, str]) -> None:
    api.nodes = {"w-2": WORKER, "infra": {}, "w-10": WORKER, "main": CONTROL_PLANE, "w-1": {**WORKER, **MASTER}}
    found = read_worker_nodes(environment)
    assert found == WorkerNodes(("w-1", "w-10", "w-2"), "labelled node-role.kubernetes.io/worker")


def test_where_none_is_labelled_workers_are_all_without_a_control_plane_role(
    api: KubernetesApi, environment: dict[str, str]
) -> None:
    api.nodes = {"b": {}, "main": CONTROL_PLANE, "old-main": MASTER, "a": {"zone": "1"}}
    found = read_worker_nodes(environment)
    assert found.names == ("a", "b")
    assert found.rule == "without a control-plane role, as none has the label node-role.kubernetes.io/worker"


def test_a_cluster_without_workers_has_none(api: KubernetesApi, environment: dict[str, str]) -> None:
    api.nodes = {"main": CONTROL_PLANE}
    assert read_worker_nodes(environment).names == ()


def test_a_long_list_is_read_page_by_page(api: KubernetesApi, environment: dict[str, str]) -> None:
    names = [f"worker-{number:04}" for number in range(1_203)]
    api.workers(*reversed(names))
    assert read_worker_nodes(environment).names == tuple(names)
    assert [request.get("continue") for request in api.requests] == [None, "500", "1000"]
    assert {request["limit"] for request in api.requests} == {"500"}


def test_a_list_that_is_gone_before_its_last_page_is_read_anew(api: KubernetesApi, environment: dict[str, str]) -> None:
    api.workers("a", "b", "c")
    api.page_nodes = 2
    api.bad_days = [None, 410]
    assert read_worker_nodes(environment, patience_seconds=TIMEOUT_SECONDS).names == ("a", "b", "c")
    assert [request.get("continue") for request in api.requests] == [None, "2", None, "2"]


@pytest.mark.parametrize("trouble", [503, 500, 429, "drop", "html", "half"])
def test_what_may_pass_is_tried_again(api: KubernetesApi, environment: dict[str, str], trouble: int | str) -> None:
    api.workers("a", "b")
    api.bad_days = [trouble]
    assert read_worker_nodes(environment, patience_seconds=TIMEOUT_SECONDS).names == ("a", "b")
    assert len(api.requests) == 2


@pytest.mark.parametrize(
    ("status", "message", "remedy"),
    [
        (401, "(401): no", "token"),
        (
            403,
            '(403): nodes is forbidden: User "system:serviceaccount:stackrox:vsock-loadgen"',
            "--verb=get,list",
        ),
        (404, "(404): no", "KUBERNETES_SERVICE_HOST"),
        (418, "418", "nodeIndex"),
    ],
)
def test_a_refusal_is_final_and_says_what_to_do(
    api: KubernetesApi, environment: dict[str, str], status: int, message: str, remedy: str
) -> None:
    api.bad_days = [status] * 9
    error = refusal(environment, patience_seconds=TIMEOUT_SECONDS)
    assert message in error.message
    assert remedy in error.remedy
    assert len(api.requests) == 1


def test_a_wrong_token_is_refused(api: KubernetesApi, tmp_path: Path, environment: dict[str, str]) -> None:
    write_kubeconfig(tmp_path, f"http://127.0.0.1:{api.port}", token="of another cluster")
    assert "(401): Unauthorized" in refusal(environment).message


@pytest.mark.parametrize(
    ("trouble", "message"),
    [
        (503, "503"),
        ("drop", "nodes: "),
        ("html", "list of nodes ("),
        ("half", "list of nodes ("),
    ],
)
def test_what_does_not_pass_is_refused_with_the_last_reason(
    api: KubernetesApi, environment: dict[str, str], trouble: int | str, message: str
) -> None:
    api.bad_days = [trouble] * 9
    assert message in refusal(environment).message


@pytest.mark.parametrize("trouble", ["silent", "trickle"])
def test_a_server_that_gives_no_whole_answer_is_not_waited_for_for_ever(
    api: KubernetesApi, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    """One keeps within no timeout of the client, the other, however busy it is, within each of them."""
    monkeypatch.setattr(api_server, "_REQUEST_SECONDS", {"silent": 0.3, "trickle": 1.5}[trouble])
    monkeypatch.setattr(api_server, "_FIRST_PAUSE_SECONDS", TIMEOUT_SECONDS)
    api.bad_days = [trouble] * 9
    reason, patience = {"silent": ("no answer within", TIMEOUT_SECONDS), "trickle": ("no whole answer within", IMPATIENT)}[trouble]
    assert f"cannot be asked for the nodes: {reason}" in refusal(environment, patience).message


def test_nobody_there_is_unreachable(tmp_path: Path, environment: dict[str, str]) -> None:
    write_kubeconfig(tmp_path, "http://127.0.0.1:1")
    assert "the API server http://127.0.0.1:1 cannot be asked for the nodes: " in refusal(environment).message


def test_a_pod_asks_with_its_service_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = write_certificate(tmp_path)
    monkeypatch.setattr(api_server, "SERVICE_ACCOUNT", service_account(tmp_path, certificate))
    with kubernetes_api(certificate) as api:
        api.workers("a", "b")
        pod = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(api.port)}
        for name, value in pod.items():
            monkeypatch.setenv(name, value)
        assert read_worker_nodes(pod).names == ("a", "b")


def test_a_server_with_a_strange_certificate_is_not_trusted_and_not_asked_twice(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    with kubernetes_api(write_certificate(tmp_path)) as api:
        write_kubeconfig(tmp_path, f"https://127.0.0.1:{api.port}")
        assert "CERTIFICATE_VERIFY_FAILED" in refusal(environment, patience_seconds=TIMEOUT_SECONDS).message


def test_without_credentials_the_message_names_both_places(tmp_path: Path, environment: dict[str, str]) -> None:
    error = refusal({"KUBECONFIG": str(tmp_path / "missing")})
    assert f"found neither {tmp_path / 'none'}/token nor the kubeconfig {tmp_path / 'missing'}" in error.message


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", "a: b", "current-context: x\ncontexts: []\nclusters: []", "{current-context: x, contexts: 1, clusters: []}"],
)
def test_a_kubeconfig_that_is_none_is_named(environment: dict[str, str], text: str) -> None:
    Path(environment["KUBECONFIG"]).write_text(text)
    assert refusal(environment).message.startswith(f"{environment['KUBECONFIG']} cannot be used to ask the cluster for its nodes: ")


def test_without_the_extra_the_message_says_how_to_install_it(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightkube.config.kubeconfig", None)
    assert "pip install 'vsock-loadgen[kubernetes]'" in refusal(environment).remedy


def test_no_thread_is_left_for_a_fork_to_find(api: KubernetesApi, environment: dict[str, str]) -> None:
    api.workers("a")
    read_worker_nodes(environment)
    assert not [thread for thread in threading.enumerate() if thread.name == "nodes"]


@pytest.mark.parametrize(
    ("server", "token"),
    [
        ("http://127.0.0.1:{port}", "s3cret\nmore"),
        ("http://127.0.0.1:{port}", "s3cret\0"),
        ("http://127.0.0.1:{port}", "s3cret"),
        ("http://me:s3cret@127.0.0.1:{port}", "other"),
        ("http://me:s3cret@127.0.0.1:1", "other"),
        ("ftp://me:s3cret@127.0.0.1", "other"),
        ("http://me:s3cret@[x", "other"),
    ],
)
def test_no_message_repeats_a_token_or_a_password(
    api: KubernetesApi, tmp_path: Path, environment: dict[str, str], server: str, token: str
) -> None:
    write_kubeconfig(tmp_path, server.format(port=api.port), token)
    assert "s3cret" not in str(refusal(environment))


@pytest.mark.parametrize("text", ["users: [{user: {token: s3cret\n  : x", "a:\n  token: s3cret: b", "token: s3cret\n\t- x"])
def test_a_kubeconfig_that_is_no_yaml_is_named_by_its_line_and_not_quoted(environment: dict[str, str], text: str) -> None:
    Path(environment["KUBECONFIG"]).write_text(text)
    error = refusal(environment)
    assert error.message.endswith("line 2 is not valid YAML")
    assert "s3cret" not in str(error)
