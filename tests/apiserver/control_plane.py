"""A Kubernetes control plane of the tests' own: etcd, kube-apiserver and kube-controller-manager, as `make test-cluster` builds it.

It has no scheduler and no kubelet: `nodes.py` plays these.
"""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2
import pytest

from certificates import Authority, Pair
from command import PROJECT, TIMEOUT_SECONDS
from deployment import Manifest, tool
from ports import free_port

PROGRAM = PROJECT / "build" / "apiserver" / "control-plane"
CONTROLLERS = (
    "clusterrole-aggregation-controller",
    "daemonset-controller",
    "deployment-controller",
    "endpointslice-controller",
    "garbage-collector-controller",
    "job-controller",
    "namespace-controller",
    "pod-garbage-collector-controller",
    "replicaset-controller",
    "root-ca-certificate-publisher-controller",
    "serviceaccount-controller",
)
"""Without those that judge by time whether a node is still there."""


class Api:
    """Asks an API server, as whoever the certificate or the token says, until it is closed."""

    def __init__(self, url: str, authority: Path, *, pair: Pair | None = None, token: str | None = None) -> None:
        context = ssl.create_default_context(cafile=str(authority))
        if pair is not None:
            context.load_cert_chain(pair.certificate, pair.key)
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self.client = httpx2.Client(base_url=url, verify=context, headers=headers, timeout=TIMEOUT_SECONDS, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.client.close()

    def ask(self, method: str, path: str, document: object = None, *, kind: str = "application/json") -> tuple[int, Manifest]:
        """Status and document of an answer."""
        content = None if document is None else json.dumps(document)
        answer = self.client.request(method, path, content=content, headers={"Content-Type": kind})
        return answer.status_code, answer.json()

    def must(self, method: str, path: str, document: object = None, *, kind: str = "application/json") -> Manifest:
        """The document of an answer that is no refusal."""
        status, answer = self.ask(method, path, document, kind=kind)
        assert status < 300, f"{method} {path}: {status} {answer.get('message')}"
        return answer

    def items(self, path: str) -> list[Manifest]:
        """The objects of a list."""
        found: list[Manifest] = self.must("GET", path)["items"]
        return found

    def merge(self, path: str, document: object) -> Manifest:
        """Change what a document has of an object."""
        return self.must("PATCH", path, document, kind="application/merge-patch+json")


class ControlPlane:
    """One cluster's control plane, in a folder. Its processes end when this one is gone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self.authority = Authority(folder, "cluster-ca")
        self.front_proxy = Authority(folder, "front-proxy-ca")
        self.proxy = self.front_proxy.pair("front-proxy-client")
        self._admin = self.authority.pair("admin", "system:masters")
        self.accounts = self.authority.pair("service-accounts")
        self.kubeconfig = self.kubeconfig_of(
            "admin", {"client-certificate": self._admin.certificate, "client-key": self._admin.key}
        )
        self.admin = Api(self.url, self.authority.file, pair=self._admin)
        self._running: dict[str, subprocess.Popen[str]] = {}

    def start(self) -> None:
        """Start everything, and wait until the API server is ready."""
        etcd = self._start("etcd", str(self.folder / "etcd"))
        assert etcd.stdout is not None
        self._etcd_url = etcd.stdout.readline().strip()
        assert self._etcd_url, self.said("etcd")
        self.start_api_server()
        self._start(
            "kube-controller-manager",
            *self._flags(
                kubeconfig=self.kubeconfig,
                leader_elect="false",
                secure_port=0,
                controllers=",".join(CONTROLLERS),
                root_ca_file=self.authority.file,
                service_account_private_key_file=self.accounts.key,
                kube_api_qps=1_000,
                kube_api_burst=1_000,
            ),
        )

    def start_api_server(self) -> None:
        """Start the API server, and wait until it is ready."""
        serving = self.authority.pair("kube-apiserver")
        to_kubelets = self.authority.pair("kubelet-client")
        self._start(
            "kube-apiserver",
            *self._flags(
                etcd_servers=self._etcd_url,
                bind_address="127.0.0.1",
                advertise_address="127.0.0.1",
                secure_port=self.port,
                endpoint_reconciler_type="none",
                service_cluster_ip_range="10.0.0.0/16",
                tls_cert_file=serving.certificate,
                tls_private_key_file=serving.key,
                client_ca_file=self.authority.file,
                authorization_mode="RBAC",
                allow_privileged="true",
                service_account_issuer="https://kubernetes.default.svc",
                service_account_key_file=self.accounts.certificate,
                service_account_signing_key_file=self.accounts.key,
                kubelet_client_certificate=to_kubelets.certificate,
                kubelet_client_key=to_kubelets.key,
                kubelet_certificate_authority=self.authority.file,
                requestheader_client_ca_file=self.front_proxy.file,
                requestheader_allowed_names="front-proxy-client",
                requestheader_username_headers="X-Remote-User",
                requestheader_group_headers="X-Remote-Group",
                requestheader_extra_headers_prefix="X-Remote-Extra-",
                proxy_client_cert_file=self.proxy.certificate,
                proxy_client_key_file=self.proxy.key,
            ),
        )
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while not self._is_ready():
            assert self._running["kube-apiserver"].poll() is None, self.said("kube-apiserver")
            assert time.monotonic() < deadline, self.said("kube-apiserver")
            time.sleep(0.1)

    def stop(self) -> None:
        """End what runs, the last first."""
        for name in reversed(list(self._running)):
            self.kill(name)
        self.admin.client.close()

    def kill(self, name: str) -> None:
        """End one of the programs at once."""
        process = self._running.pop(name)
        process.kill()
        process.communicate()

    def said(self, name: str) -> str:
        """The last lines of a program's log."""
        return "\n".join((self.folder / f"{name}.log").read_text().splitlines()[-30:])

    def kubeconfig_of(self, name: str, user: Mapping[str, object]) -> Path:
        """A kubeconfig of a user."""
        path = self.folder / f"{name}.kubeconfig"
        cluster = {"server": self.url, "certificate-authority": str(self.authority.file)}
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "clusters": [{"name": "cluster", "cluster": cluster}],
            "contexts": [{"name": name, "context": {"cluster": "cluster", "user": name}}],
            "users": [{"name": name, "user": {key: str(value) for key, value in user.items()}}],
        }
        path.write_text(json.dumps(document))
        return path

    def kubectl(self, *arguments: str | Path, given: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run kubectl as an administrator."""
        return subprocess.run(
            [tool("kubectl"), "--kubeconfig", self.kubeconfig, *arguments],
            input=given,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )

    def token(self, namespace: str, account: str, **spec: object) -> str:
        """A token of a service account, as `spec` of the TokenRequest has it."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"audiences": [], **spec}}
        token: str = self.admin.must("POST", path, asked)["status"]["token"]
        return token

    def as_account(self, namespace: str, account: str) -> Api:
        """The API server as a service account sees it."""
        return Api(self.url, self.authority.file, token=self.token(namespace, account))

    def _start(self, name: str, *flags: str) -> subprocess.Popen[str]:
        with (self.folder / f"{name}.log").open("a") as log:
            process = subprocess.Popen(
                [PROGRAM, name, *flags],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if name == "etcd" else log,
                stderr=log,
                text=True,
                process_group=0,  # it outlives a Ctrl-C, to be cleaned up
            )
        self._running[name] = process
        return process

    def _flags(self, **flags: object) -> list[str]:
        return [f"--{name.replace('_', '-')}={value}" for name, value in flags.items()]

    def _is_ready(self) -> bool:
        try:
            return self.admin.client.get("/readyz").status_code == 200
        except httpx2.TransportError:
            return False


@contextmanager
def control_plane(folder: Path) -> Iterator[ControlPlane]:
    """A control plane while it is entered."""
    made = ControlPlane(folder)
    try:
        made.start()
        yield made
    finally:
        made.stop()


def built() -> None:
    """Skip where the control plane has not been built; in CI that is a failure."""
    if not PROGRAM.exists():
        missing = f"{PROGRAM.relative_to(PROJECT)} has not been built: make test-cluster does, with Go"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
