"""The paths of the API: what each asks for, and the documents that need no permission."""

from __future__ import annotations

import json
from dataclasses import dataclass

GROUP = "subresources.kubevirt.io"
VERSION = "v1"
ROOT = f"/apis/{GROUP}/{VERSION}"
SUBPROTOCOL = "plain.kubevirt.io"
_INSTANCES = "virtualmachineinstances"
_HEALTH = frozenset({"/healthz", "/livez", "/readyz"})
JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class Page:
    """What is answered at once: a status, a content type and a body."""

    status: int
    body: bytes
    content_type: str = JSON_TYPE


@dataclass(frozen=True, slots=True)
class AgentOf:
    """The place of a VM's agent."""

    namespace: str
    name: str


def status(code: int, reason: str, message: str) -> Page:
    """A refusal, as Kubernetes says it."""
    document = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }
    return Page(code, json.dumps(document).encode())


def no_such_vm(place: AgentOf) -> Page:
    """The answer for an unknown VM."""
    return status(404, "NotFound", f'virtualmachineinstance.kubevirt.io "{place.name}" not found')


def not_running(place: AgentOf) -> Page:
    """The answer for a VM that is switched off."""
    return status(400, "BadRequest", f"VMI {place.name} is not running")


UNAUTHORIZED = status(401, "Unauthorized", "expected a client certificate signed by the CA of --client-ca")
NO_UPGRADE = status(400, "BadRequest", "expected a websocket: GET with Upgrade: websocket")
NO_HANDLER = status(500, "InternalError", "the node's handler did not answer")


def found(path: str) -> Page | AgentOf:
    """What a path asks for: a page, or an agent."""
    if path.startswith(f"{ROOT}/namespaces/"):
        parts = path.removeprefix(f"{ROOT}/namespaces/").split("/")
        if len(parts) == 4 and parts[1] == _INSTANCES and parts[3] == "vsock" and parts[0] and parts[2]:
            return AgentOf(parts[0], parts[2])
    if path in _HEALTH:
        return Page(200, b"ok", "text/plain")
    return _PAGES.get(path.rstrip("/")) or status(404, "NotFound", "the server could not find the requested resource")


def _group() -> dict[str, object]:
    version = {"groupVersion": f"{GROUP}/{VERSION}", "version": VERSION}
    return {"name": GROUP, "versions": [version], "preferredVersion": version}


def _page(kind: str, **said: object) -> Page:
    return Page(200, json.dumps({"kind": kind, "apiVersion": "v1", **said}).encode())


_PAGES = {
    "/apis": _page("APIGroupList", groups=[_group()]),
    f"/apis/{GROUP}": _page("APIGroup", **_group()),
    ROOT: _page(
        "APIResourceList",
        groupVersion=f"{GROUP}/{VERSION}",
        resources=[
            {
                "name": f"{_INSTANCES}/vsock",
                "singularName": "",
                "namespaced": True,
                "kind": "VirtualMachineInstance",
                "verbs": ["get"],
            }
        ],
    ),
}
