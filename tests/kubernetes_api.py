"""An API server that knows nothing but the lists of nodes and VMs, and its front proxy: over TLS, with tokens, label selectors and
pages, and with bad days."""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from command import TIMEOUT_SECONDS

WORKER = {"node-role.kubernetes.io/worker": ""}
CONTROL_PLANE = {"node-role.kubernetes.io/control-plane": ""}
MASTER = {"node-role.kubernetes.io/master": ""}
FRONT_PROXY_PATH = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"
VMS_PATH = "/apis/kubevirt.io/v1/virtualmachineinstances"
TOKEN = "token-of-the-service-account"


class KubernetesApi(ThreadingHTTPServer):
    """Answers `/api/v1/nodes`, VMS_PATH with the documents of `vms`, and FRONT_PROXY_PATH with the data of `front_proxy`.

    `nodes` maps names to labels; `page_nodes` bounds a page of either below the limit that is asked for.

    `bad_days` are taken one a request, then all is well: None, a status, or "html", "half" (of a document), "drop" (no answer),
    "silent" (until `release`), "trickle" (a byte now and then).
    """

    daemon_threads = True

    def __init__(self, certificate: Path | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.nodes: dict[str, Mapping[str, str]] = {}
        self.vms: list[dict[str, object]] = []
        self.front_proxy: Mapping[str, str] = {}
        self.bad_days: list[int | str | None] = []
        self.page_nodes = 1_000
        self.requests: list[dict[str, str]] = []
        self.release = threading.Event()
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1."""
        return int(self.server_address[1])

    def workers(self, *names: str) -> None:
        """Have these nodes, labelled as workers."""
        self.nodes = dict.fromkeys(names, WORKER)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is nothing to show."""


class _Handler(BaseHTTPRequestHandler):
    server: KubernetesApi

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        self.server.requests.append(query)
        bad = self.server.bad_days.pop(0) if self.server.bad_days else None
        if isinstance(bad, str):
            self._go_wrong(bad)
        elif bad is not None:
            self._refuse(
                bad, 'nodes is forbidden: User "system:serviceaccount:stackrox:vsock-loadgen" cannot list' if bad == 403 else "no"
            )
        elif url.path not in ("/api/v1/nodes", VMS_PATH, FRONT_PROXY_PATH):
            self._refuse(404, "the server could not find the requested resource")
        elif self.headers["Authorization"] != f"Bearer {TOKEN}":
            self._refuse(401, "Unauthorized")
        elif url.path == FRONT_PROXY_PATH:
            self._send(200, {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {}, "data": self.server.front_proxy})
        else:
            items = self.server.vms if url.path == VMS_PATH else self._nodes(query.get("labelSelector", ""))
            self._send(200, self._page(query, items))

    def _nodes(self, selector: str) -> list[dict[str, object]]:
        named = {name: labels for name, labels in self.server.nodes.items() if _selected(labels, selector)}
        return [{"metadata": {"name": name, "labels": dict(labels)}, "spec": {}} for name, labels in named.items()]

    def _page(self, query: Mapping[str, str], items: list[dict[str, object]]) -> dict[str, object]:
        start = int(query.get("continue", "0"))
        end = start + min(int(query.get("limit", "1000")), self.server.page_nodes)
        metadata = {"resourceVersion": "1", **({"continue": str(end)} if end < len(items) else {})}
        return {"kind": "List", "apiVersion": "v1", "metadata": metadata, "items": items[start:end]}

    def _go_wrong(self, how: str) -> None:
        if how == "silent":
            self.server.release.wait(TIMEOUT_SECONDS)
        if how in ("silent", "drop"):
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html" if how == "html" else "application/json")
        body = {"html": b"<html>Please log in</html>", "half": b'{"kind": "NodeList", "items": [{"metadata"'}.get(how, b"")
        self.send_header("Content-Length", str(len(body) or 1_000))
        self.end_headers()
        self.wfile.write(body)
        while how == "trickle" and not self.server.release.wait(0.05):
            self.wfile.write(b" ")

    def _refuse(self, status: int, message: str) -> None:
        self._send(status, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": status})

    def _send(self, status: int, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _selected(labels: Mapping[str, str], selector: str) -> bool:
    """Whether labels fit a selector of `key` and `!key` parts."""
    return all((part.lstrip("!") in labels) != part.startswith("!") for part in selector.split(",") if part)


@contextmanager
def kubernetes_api(certificate: Path | None = None) -> Iterator[KubernetesApi]:
    """An API server while it is entered."""
    server = KubernetesApi(certificate)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.release.set()
        server.shutdown()
        thread.join()
        server.server_close()


def vm(name: str, namespace: str = "default", phase: str = "Running", owner: str | None = None) -> dict[str, object]:
    """A VirtualMachineInstance, as far as anybody here looks."""
    owners = [] if owner is None else [{"kind": "VirtualMachine", "name": owner, "apiVersion": "kubevirt.io/v1", "uid": "1"}]
    return {"metadata": {"name": name, "namespace": namespace, "ownerReferences": owners}, "status": {"phase": phase}}


def write_certificate(folder: Path) -> Path:
    """A self-signed certificate of 127.0.0.1, with its key, in one file."""
    key, certificate, both = folder / "key.pem", folder / "cert.pem", folder / "both.pem"
    subject = (
        "-subj",
        "/CN=127.0.0.1",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-addext",
        "keyUsage=digitalSignature,keyCertSign",
    )
    command = (
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-keyout",
        key,
        "-out",
        certificate,
        *subject,
    )
    subprocess.run(command, check=True, capture_output=True)
    both.write_text(key.read_text() + certificate.read_text())
    return both


def write_kubeconfig(folder: Path, server: str, token: str = TOKEN) -> Path:
    """A kubeconfig with one context."""
    path = folder / "kubeconfig"
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "clusters": [{"name": "test", "cluster": {"server": server}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        "users": [{"name": "test", "user": {"token": token}}],
    }
    path.write_text(json.dumps(document))
    return path


def write_service_account(folder: Path, certificate: Path) -> Path:
    """The folder that a pod finds its service account in."""
    account = folder / "serviceaccount"
    account.mkdir()
    (account / "token").write_text(TOKEN + "\n")
    (account / "namespace").write_text("stackrox")
    text = certificate.read_text()
    (account / "ca.crt").write_text(text[text.index("-----BEGIN CERTIFICATE") :])
    return account
