"""What a path of the API asks for: a page for everybody, or a VM's agent."""

from __future__ import annotations

import json

from fuzz.oracle import hold
from vsock_loadgen.answering.places import JSON_TYPE, ROOT, AgentOf, found, no_such_vm, not_running


def check(data: bytes) -> None:
    """Every path has an answer, and each answer is a document."""
    text = data.decode("utf-8", "replace")
    for path in (text, f"/{text}", f"{ROOT}/{text}", f"{ROOT}/namespaces/{text}/virtualmachineinstances/{text}/vsock"):
        place = found(path)
        if isinstance(place, AgentOf):
            hold("/" not in place.namespace + place.name and bool(place.namespace and place.name), "an agent has two names", place)
            pages = [no_such_vm(place), not_running(place)]
        else:
            pages = [place]
        for page in pages:
            hold(page.status in (200, 400, 404), "a page, or a refusal", page)
            if page.content_type == JSON_TYPE:
                document = json.loads(page.body)
                hold(document.get("code", 200) == page.status, "a Status has the status that it says", document)
