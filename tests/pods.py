"""The command as a pod runs it: with its node's name, a service account and an API server to ask."""

from __future__ import annotations

import http.client
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from command import TIMEOUT_SECONDS, environment
from kubernetes_api import KubernetesApi, kubernetes_api, write_certificate, write_service_account

PROGRAM = """
import pathlib, sys
from vsock_loadgen.cli.main import main
from vsock_loadgen.cluster import api_server, front_proxy, watch
api_server.SERVICE_ACCOUNT = pathlib.Path(sys.argv.pop(1))
front_proxy.INTERVAL_SECONDS = watch.INTERVAL_SECONDS = float(sys.argv.pop(1))
main()
"""
"""The command, with the service account where a test may write it, and looking at the cluster so often (in seconds)."""
OFTEN_SECONDS = 0.2


class Cluster:
    """An API server, and pods that ask it."""

    def __init__(self, api: KubernetesApi, service_account: Path) -> None:
        self.api = api
        self._service_account = service_account

    def start_pod(
        self,
        node_name: str,
        *arguments: str | Path,
        extra: Mapping[str, str] | None = None,
        interval_seconds: float = OFTEN_SECONDS,
    ) -> subprocess.Popen[str]:
        """Start the command on that node; whoever called it waits for it."""
        inside = {
            "KUBERNETES_SERVICE_HOST": "127.0.0.1",
            "KUBERNETES_SERVICE_PORT": str(self.api.port),
            "NODE_NAME": node_name,
            "LOADGEN_METRICS_ADDRESS": "127.0.0.1",
        }
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(self._service_account), str(interval_seconds), *map(str, arguments)],
            env=environment(inside | dict(extra or {})),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """A cluster without nodes while it is entered; it keeps its files in the folder."""
    certificate = write_certificate(folder)
    with kubernetes_api(certificate) as api:
        yield Cluster(api, write_service_account(folder, certificate))


def asked(port: int, path: str) -> tuple[int, str]:
    """Status and text of what a run serves."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)) as client:
        client.request("GET", path)
        response = client.getresponse()
        return response.status, response.read().decode()


def probed(port: int, path: str) -> None:
    """Ask as a kubelet does, until the answer is 200."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while True:
        try:
            status, text = asked(port, path)
        except OSError as error:
            status, text = 0, str(error)
        if status == 200:
            return
        assert time.monotonic() < deadline, f"{path}: {status} {text}"
        time.sleep(0.05)
