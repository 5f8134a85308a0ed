"""One pod as its kubelet runs it: the container's command as a process, with its variables, its ConfigMap and its token."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import httpx2

from apiserver.control_plane import ControlPlane
from command import environment
from deployment import Manifest
from pods import OFTEN_SECONDS, PROGRAM

SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
_LOOK_SECONDS = 0.1


class Pod:
    """Begins when it is made. `folder` is the root of its volumes, `log` what `kubectl logs` reads.

    A container of another image is somebody else's: it is said to run, and nothing is started.
    """

    def __init__(self, plane: ControlPlane, document: Manifest, ip: str, folder: Path) -> None:
        self.document = document
        self.name: str = document["metadata"]["name"]
        self.ip = ip
        self.folder = folder
        self.log = folder / "log"
        self.has_ended = threading.Event()
        self._plane = plane
        self._path = f"/api/v1/namespaces/{document['metadata']['namespace']}/pods/{self.name}"
        (self._container,) = document["spec"]["containers"]
        self._stopping = threading.Event()
        self._evicted = False
        self._restarts = 0
        self._ended: Manifest = {}
        self._mounts: list[str] = []
        folder.mkdir(parents=True)
        self.log.touch()
        self._thread = threading.Thread(target=self._live, name=self.name)
        self._thread.start()

    def environment(self) -> dict[str, str]:
        """The variables of its processes."""
        fields = {
            "spec.nodeName": self.document["spec"]["nodeName"],
            "status.hostIP": "127.0.0.1",
            "metadata.annotations['batch.kubernetes.io/job-completion-index']": self._annotation(
                "batch.kubernetes.io/job-completion-index"
            ),
            "metadata.labels['batch.kubernetes.io/job-completion-index']": self._annotation(
                "batch.kubernetes.io/job-completion-index"
            ),
        }
        given = {
            one["name"]: self.here(one["value"]) if "value" in one else fields[one["valueFrom"]["fieldRef"]["fieldPath"]]
            for one in self._container["env"]
        }
        places = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(self._plane.port)}
        return environment({**places, "LOADGEN_METRICS_ADDRESS": self.ip, **given})

    def has_sent(self) -> bool:
        """Whether its metrics have a report that was delivered."""
        found = re.search(r'^vsock_loadgen_requests_total{result="success"} (\d+)', self.served("/metrics"), re.MULTILINE)
        return found is not None and int(found[1]) > 0

    def stop(self) -> None:
        """Tell it that it is to end, as a deletion does."""
        self._stopping.set()

    def evict(self) -> None:
        """Take it off its node, as a kubelet does when a node is short of something."""
        self._evicted = True
        self._stopping.set()

    def join(self) -> None:
        """Wait until it is gone."""
        self._thread.join()

    def here(self, text: str) -> str:
        """A text of the manifest with the paths in the pod relative to its folder, the same in all pods, and its own address for
        any address."""
        text = text.replace("//0.0.0.0:", f"//{self.ip}:")
        for path in self._mounts:
            text = re.sub(rf"{re.escape(path)}(?![-\w])", path.lstrip("/"), text)
        return text

    def _live(self) -> None:
        try:
            for mount in self._container.get("volumeMounts", []):
                self._mount(mount["name"], mount["mountPath"])
        except LookupError as error:
            self._say("Pending", ready=False, state={"waiting": {"reason": "CreateContainerConfigError", "message": str(error)}})
            self._leave_when_told(0)
            return
        if "/vsock-loadgen:" not in self._container["image"]:
            self._say("Running", ready=True, state={"running": {"startedAt": _now()}})
            self._leave_when_told(0)
            return
        assert self._names_a_target()
        code = self._run()
        while self.document["spec"]["restartPolicy"] != "Never" and not self._stopping.is_set():
            self._restarts += 1
            self._ended = _terminated(code)
            self._say(
                "Running",
                ready=False,
                state={"waiting": {"reason": "CrashLoopBackOff", "message": "back-off restarting failed container"}},
            )
            if not self._stopping.wait(_LOOK_SECONDS):
                code = self._run()
        self._leave(code)

    def _run(self) -> int:
        """The exit code of the container, started once."""
        process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                PROGRAM,
                str(self.folder / SERVICE_ACCOUNT.lstrip("/")),
                str(OFTEN_SECONDS),
                *map(self.here, self._container["args"]),
            ],
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        copying = threading.Thread(target=self._copy_log, args=(process,))
        copying.start()
        self._say("Running", ready=False, state={"running": {"startedAt": _now()}})
        self._watch(process)
        code = process.wait()
        copying.join()
        return code

    def _names_a_target(self) -> bool:
        """Whether it is told where to send: by default that is vsock, which nothing here may connect to."""
        texts = [path.read_text() for path in (self.folder / "etc" / "loadgen").glob("*.yaml")]
        return (
            self._container["args"][0] == "serve"
            or "LOADGEN_TARGET" in self.environment()
            or any("target:" in text for text in texts)
        )

    def _copy_log(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        with process.stdout, self.log.open("ab") as log:
            while chunk := os.read(process.stdout.fileno(), 65_536):
                log.write(chunk)
                log.flush()

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        """Until it has ended or is to end; probes whether it is ready."""
        is_ready = False
        while process.poll() is None and not self._stopping.wait(_LOOK_SECONDS):
            if not is_ready and self._is_ready():
                is_ready = True
                self._say("Running", ready=True, state={"running": {"startedAt": _now()}})
        if process.poll() is None:
            process.terminate()

    def _is_ready(self) -> bool:
        probe = self._container.get("readinessProbe")
        if probe is None:
            return True
        return self.served(**probe["httpGet"]) != ""

    def served(self, path: str, port: str = "metrics", scheme: str = "HTTP") -> str:
        """What it answers to a probe, which knows no CA; empty where it does not, or not with 200."""
        number = next(one["containerPort"] for one in self._container["ports"] if one["name"] == port)
        url = f"{scheme.lower()}://{self.ip}:{number}{path}"
        try:
            answer = httpx2.get(url, trust_env=False, verify=False)
        except httpx2.TransportError:
            return ""
        return answer.text if answer.status_code == 200 else ""

    def _leave_when_told(self, code: int) -> None:
        self._stopping.wait()
        self._leave(code)

    def _leave(self, code: int) -> None:
        """Say how it ended, and let the API server forget it where that is what it wants."""
        self.has_ended.set()
        ended = _terminated(code)
        if self._evicted:
            self._say("Failed", ready=False, state=ended, reason="Evicted", message="The node was low on resource: memory.")
        else:
            self._say("Failed" if code else "Succeeded", ready=False, state=ended)
        self._stopping.wait()
        only = {"gracePeriodSeconds": 0, "preconditions": {"uid": self.document["metadata"]["uid"]}}
        if not self._evicted:
            self._plane.admin.ask("DELETE", self._path, only)

    def _say(self, phase: str, *, ready: bool, state: Manifest, **more: str) -> None:
        is_true = str(ready)
        conditions = [
            {"type": kind, "status": is_true, "lastTransitionTime": _now()} for kind in ("Ready", "ContainersReady", "Initialized")
        ]
        container = {"name": self._container["name"], "image": self._container["image"], "imageID": "", "lastState": self._ended}
        status = {
            "phase": phase,
            "conditions": [*conditions, {"type": "PodScheduled", "status": "True", "lastTransitionTime": _now()}],
            "hostIP": "127.0.0.1",
            "hostIPs": [{"ip": "127.0.0.1"}],
            "podIP": self.ip,
            "podIPs": [{"ip": self.ip}],
            "containerStatuses": [
                {**container, "ready": ready, "started": "running" in state, "state": state, "restartCount": self._restarts}
            ],
            **more,
        }
        say_of(self._plane, self.document, status)

    def _mount(self, volume: str, path: str) -> None:
        """Put the volume into the pod's folder; a path of the host is left out."""
        (source,) = (one for one in self.document["spec"]["volumes"] if one["name"] == volume)
        if "hostPath" in source:
            return
        folder = self.folder / path.lstrip("/")
        folder.mkdir(parents=True)
        self._mounts.append(path)
        for name, text in self._files(source).items():
            (folder / name).write_text(text)

    def _files(self, source: Manifest) -> dict[str, str]:
        namespace = self.document["metadata"]["namespace"]
        if "configMap" in source:
            name = source["configMap"]["name"]
            status, found = self._plane.admin.ask("GET", f"/api/v1/namespaces/{namespace}/configmaps/{name}")
            if status == 404:
                raise LookupError(f'configmap "{name}" not found')
            files: dict[str, str] = found.get("data", {})
            return files
        if "secret" in source:
            secret = self._plane.admin.must("GET", f"/api/v1/namespaces/{namespace}/secrets/{source['secret']['secretName']}")
            return {name: base64.b64decode(text).decode() for name, text in secret["data"].items()}
        if "projected" not in source:
            return {}
        bound = {"kind": "Pod", "apiVersion": "v1", "name": self.name, "uid": self.document["metadata"]["uid"]}
        token = self._plane.token(
            namespace, self.document["spec"]["serviceAccountName"], boundObjectRef=bound, expirationSeconds=3607
        )
        return {"token": token, "namespace": namespace, "ca.crt": self._plane.authority.file.read_text()}

    def _annotation(self, name: str) -> str:
        value: str = self.document["metadata"].get("annotations", {}).get(name, "")
        return value


def say_of(plane: ControlPlane, pod: Manifest, status: Manifest) -> None:
    """Change a pod's status, if it is still there."""
    path = f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}/status"
    plane.admin.ask("PATCH", path, {"status": status}, kind="application/merge-patch+json")


def _terminated(code: int) -> Manifest:
    """The state of a container that has ended."""
    return {"terminated": {"exitCode": code & 0xFF, "reason": "Error" if code else "Completed", "finishedAt": _now()}}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
