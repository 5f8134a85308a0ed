"""A fleet of VMs as objects of a cluster, against one in memory; `tests/apiserver` has the same against a real one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import httpx2
import pytest

from vsock_loadgen.cluster.requests import Requests
from vsock_loadgen.cluster.vm_documents import DEFINITIONS, KUBEVIRT, ROOT, VM, VMI, Document, is_ours
from vsock_loadgen.cluster.vm_fleet import Standing, VmFleet, Wanted
from vsock_loadgen.errors import ClusterError

T = TypeVar("T")
NAMESPACE = "vms"
FLEET = [Wanted(f"vm-{number}", 3 + number) for number in range(40)]


@dataclass(slots=True)
class Cluster:
    """Objects by path, in the order in which they were made. A definition serves its kind. Requests beyond `until` fail."""

    objects: dict[str, Document] = field(default_factory=dict)
    requests: int = 0
    until: int = 10**6

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        """What a request gets."""
        self.requests += 1
        if self.requests > self.until:
            return httpx2.Response(403, json={"message": "no more"})
        path, document = request.url.path, json.loads(request.content) if request.content else {}
        if request.method == "POST":
            return self._create(f"{path}/{document['metadata']['name']}", document)
        if request.method == "DELETE" and path not in self.objects:
            limit = int(request.url.params.get("limit", 10**6))
            for place in [place for place in self._below(path) if is_ours(self.objects[place])][:limit]:
                del self.objects[place]
            return httpx2.Response(200, json={})
        if path in self.objects:
            if request.method == "DELETE":
                del self.objects[path]
            elif request.method == "PATCH":
                self.objects[path] = self.objects[path] | {"status": document["status"]}
                self.objects[path]["metadata"]["ownerReferences"] = document["metadata"]["ownerReferences"]
            return httpx2.Response(200, json=self.objects.get(path, {}))
        is_served = path.startswith(ROOT) and any(f"{DEFINITIONS}/{kind.definition_name}" in self.objects for kind in (VM, VMI))
        if is_served and path.rpartition("/")[2] in (VM.plural, VMI.plural):
            ours = "labelSelector" in request.url.params
            items = [self.objects[place] for place in self._below(path) if not ours or is_ours(self.objects[place])]
            return httpx2.Response(200, json={"items": items, "metadata": {}})
        return httpx2.Response(404, json={"message": "not found"})

    def _create(self, path: str, document: Document) -> httpx2.Response:
        if path in self.objects:
            return httpx2.Response(409, json={"message": "already exists"})
        made = document | {"metadata": {"uid": f"uid-{len(self.objects)}", "namespace": NAMESPACE} | document["metadata"]}
        if path.startswith(DEFINITIONS):
            made["status"] = {"conditions": [{"type": "Established", "status": "True"}]}
        self.objects[path] = made
        return httpx2.Response(201, json=made)

    def _below(self, path: str) -> list[str]:
        plural = path.rpartition("/")[2]
        return [place for place in self.objects if f"/{plural}/" in place and place.startswith(ROOT)]

    def run(self, what: Callable[[VmFleet], Awaitable[T]], fleet: Sequence[Wanted] = FLEET) -> T:
        """Do something with a fleet."""

        async def run() -> T:
            client = httpx2.AsyncClient(transport=httpx2.MockTransport(self.answer), base_url="http://api")
            async with Requests(client, "http://api", per_second=10**6) as requests:
                return await what(VmFleet(requests, NAMESPACE, fleet))

        return asyncio.run(run())

    def apply(self, fleet: Sequence[Wanted] = FLEET) -> Standing:
        """Have it."""
        return self.run(lambda each: each.apply(lambda done, whole: None), fleet)

    def delete(self) -> list[str]:
        """Have none of it."""
        return self.run(lambda each: each.delete(lambda done, whole: None))


def test_every_vm_is_made_before_its_instance_and_one_request_is_enough_for_an_object() -> None:
    cluster = Cluster()
    assert cluster.apply() == Standing(NAMESPACE, 40, 40, 0, 0)
    order = list(cluster.objects)
    for vm in FLEET:
        machine, instance = (f"{kind.path(NAMESPACE)}/{vm.name}" for kind in (VM, VMI))
        assert order.index(machine) < order.index(instance)
        (owner,) = cluster.objects[instance]["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["uid"]) == ("VirtualMachine", cluster.objects[machine]["metadata"]["uid"])
        assert cluster.objects[instance]["status"] == {
            "phase": "Running",
            "guestOSInfo": {"name": "Red Hat Enterprise Linux"},
            "nodeName": "vsock-loadgen",
            "VSOCKCID": vm.cid,
        }
    assert cluster.requests < 2 * len(FLEET) + 20


def test_it_goes_on_where_it_was_interrupted_and_again_makes_nothing() -> None:
    cluster = Cluster(until=50)
    with pytest.raises(ClusterError, match="403"):
        cluster.apply()
    made = dict(cluster.objects)
    cluster.until = 10**6
    assert cluster.apply().running == 40
    assert made.items() <= cluster.objects.items()
    before, cluster.requests = dict(cluster.objects), 0
    cluster.apply()
    assert cluster.objects == before
    assert cluster.requests < 15


def test_an_instance_of_a_vm_that_is_gone_is_given_to_the_new_one() -> None:
    cluster = Cluster()
    cluster.apply()
    del cluster.objects[f"{VM.path(NAMESPACE)}/vm-7"]
    assert cluster.run(lambda fleet: fleet.status()).missing == 1
    assert cluster.apply().running == 40
    (owner,) = cluster.objects[f"{VMI.path(NAMESPACE)}/vm-7"]["metadata"]["ownerReferences"]
    assert owner["uid"] == cluster.objects[f"{VM.path(NAMESPACE)}/vm-7"]["metadata"]["uid"]


def test_vms_beyond_the_config_are_counted_and_stay_until_all_are_deleted() -> None:
    cluster = Cluster()
    cluster.apply()
    assert cluster.apply(FLEET[:30]).beyond == 10
    assert cluster.delete() == []
    assert cluster.objects == {}


def test_what_is_not_of_this_program_stays() -> None:
    cluster = Cluster()
    cluster.apply()
    theirs = f"{VMI.path(NAMESPACE)}/theirs"
    cluster.objects[theirs] = {"metadata": {"name": "theirs", "namespace": NAMESPACE, "uid": "x"}}
    (kept,) = cluster.delete()
    assert "theirs" in kept
    assert set(cluster.objects) == {theirs, f"{DEFINITIONS}/{VMI.definition_name}"}


@pytest.mark.parametrize("name", [KUBEVIRT, VM.definition_name, VMI.definition_name])
def test_a_cluster_with_kubevirt_is_refused(name: str) -> None:
    cluster = Cluster({f"{DEFINITIONS}/{name}": {"metadata": {"name": name}}})
    with pytest.raises(ClusterError, match=name):
        cluster.apply()
    assert len(cluster.objects) == 1


def test_taken_names_are_refused_before_anything_is_made() -> None:
    cluster = Cluster()
    cluster.apply([])
    for number in range(5):
        cluster.objects[f"{VM.path(NAMESPACE)}/vm-{number}"] = {"metadata": {"name": f"vm-{number}", "uid": "x"}}
    with pytest.raises(ClusterError, match=r"vm-0, vm-1, vm-2 and 2 more"):
        cluster.apply()
    assert len(cluster.objects) == 2 + 5


def test_progress_goes_to_the_end() -> None:
    cluster, shown = Cluster(), []
    cluster.run(lambda fleet: fleet.apply(lambda done, whole: shown.append((done, whole))))
    assert shown == [(done, 40) for done in range(41)]
