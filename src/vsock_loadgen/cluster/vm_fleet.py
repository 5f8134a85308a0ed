"""A fleet of simulated VMs as objects of a cluster: made, counted and deleted, so that an asker finds them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice

from vsock_loadgen.cluster.requests import ConflictError, Requests
from vsock_loadgen.cluster.vm_documents import (
    DEFINITIONS,
    KINDS,
    KUBEVIRT,
    SELECTOR,
    VM,
    VMI,
    Document,
    Kind,
    definition,
    instance,
    is_ours,
    is_whole,
    machine,
)
from vsock_loadgen.errors import ClusterError

_AT_ONCE = 16
"""VMs that are made at a time: enough to keep the rate if a request takes 300 ms."""
_DELETED_AT_ONCE = 500
_SHOWN = 3
_SERVED_LOOKS = 240
_LOOK_SECONDS = 0.25

Progress = Callable[[int, int], None]
"""Called with how many are done, and of how many."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A wanted VM: its name, and its vsock address if the plan has one."""

    name: str
    cid: int | None


@dataclass(slots=True)
class Found:
    """What a namespace has. `machines` and `instances` are this program's by name, with the VM's uid, and with whether the instance
    runs and belongs to the VM; `others` are names of objects that are not."""

    machines: dict[str, str] = field(default_factory=dict)
    instances: dict[str, bool] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a fleet stands in a cluster: VMs that the config wants, those of them that run, those that are not whole, and those of
    this program that the config does not want."""

    namespace: str
    wanted: int
    running: int
    missing: int
    beyond: int

    def to_json(self) -> dict[str, object]:
        """The plain object."""
        return asdict(self)


class VmFleet:
    """The VMs of a config in one namespace of a cluster."""

    def __init__(self, requests: Requests, namespace: str, wanted: Sequence[Wanted]) -> None:
        self._requests = requests
        self._namespace = namespace
        self._wanted = wanted

    async def apply(self, progress: Progress) -> Standing:
        """Make what is missing, a VirtualMachine before its instance; existing objects stay. Raises ClusterError if KubeVirt is
        installed, or a name is taken."""
        await self._define()
        found = await self._found()
        if taken := sorted(found.others & {vm.name for vm in self._wanted}):
            names = ", ".join(islice(taken, _SHOWN)) + (f" and {len(taken) - _SHOWN:,} more" if len(taken) > _SHOWN else "")
            raise ClusterError(
                f"namespace {self._namespace} has VMs of others under names of this fleet: {names}",
                "set another serve.namePattern or serve.namespace",
            )
        todo = [vm for vm in self._wanted if not found.instances.get(vm.name)]
        done = len(self._wanted) - len(todo)
        progress(done, len(self._wanted))
        waiting = iter(todo)

        async def work() -> None:
            nonlocal done
            for vm in waiting:
                await self._make(vm, found)
                done += 1
                progress(done, len(self._wanted))

        await asyncio.gather(*(work() for _ in range(_AT_ONCE)))
        return self._standing(found)

    async def status(self) -> Standing:
        """How it stands. Raises ClusterError."""
        return self._standing(await self._found())

    async def delete(self, progress: Progress) -> list[str]:
        """Delete what this program has made in the namespace, and its definitions if no objects are left; returns what stays, in
        sentences. Raises ClusterError."""
        left = len((await self._found()).machines)
        total = left
        progress(0, total)
        for kind in (VMI, VM):
            while await self._requests.first(kind.path(self._namespace), labelSelector=SELECTOR):
                query = {"labelSelector": SELECTOR, "limit": str(_DELETED_AT_ONCE)}
                await self._requests.delete(kind.path(self._namespace), **query)
                if kind is VM:
                    left = max(0, left - _DELETED_AT_ONCE)
                    progress(total - left, total)
        return [said for kind in KINDS if (said := await self._undefine(kind))]

    async def _define(self) -> None:
        """Make the two definitions. Raises ClusterError if KubeVirt has made them."""
        for name in (KUBEVIRT, *(kind.definition_name for kind in KINDS)):
            there = await self._requests.get(f"{DEFINITIONS}/{name}")
            if there is not None and not is_ours(there):
                raise ClusterError(
                    f"the cluster has the definition {name}, which this program has not made: KubeVirt is installed, and "
                    "real VMs would be mixed with simulated ones",
                    "use a cluster without KubeVirt",
                )
        for kind in KINDS:
            await self._serve(kind)

    async def _serve(self, kind: Kind) -> None:
        """Have the API server serve a kind, once an earlier definition that is being deleted has gone."""
        path = f"{DEFINITIONS}/{kind.definition_name}"
        for _ in range(_SERVED_LOOKS):
            there = await self._requests.get(path)
            if there is None:
                await self._created(DEFINITIONS, definition(kind))
            elif _is_established(there) and await self._requests.get(kind.path(self._namespace), limit="1") is not None:
                return
            await asyncio.sleep(_LOOK_SECONDS)
        raise ClusterError(f"the API server does not serve {kind.definition_name}, though it is defined", "repeat this")

    async def _undefine(self, kind: Kind) -> str:
        """Delete one of this program's definitions that has no objects left; returns why it stays, if it does."""
        name = kind.definition_name
        there = await self._requests.get(f"{DEFINITIONS}/{name}")
        if there is None:
            return ""
        if not is_ours(there):
            return f"the definition {name} stays: this program has not made it"
        if left := await self._requests.first(kind.path()):
            metadata = left["metadata"]
            return f"the definition {name} stays: {metadata['namespace']}/{metadata['name']} is left of it"
        await self._requests.delete(f"{DEFINITIONS}/{name}")
        return ""

    async def _found(self) -> Found:
        found = Found()
        async for item in self._requests.items(VM.path(self._namespace)):
            name = item["metadata"]["name"]
            if is_ours(item):
                found.machines[name] = item["metadata"]["uid"]
            else:
                found.others.add(name)
        async for item in self._requests.items(VMI.path(self._namespace)):
            name = item["metadata"]["name"]
            if is_ours(item):
                found.instances[name] = is_whole(item, found.machines.get(name, ""))
            else:
                found.others.add(name)
        return found

    async def _make(self, vm: Wanted, found: Found) -> None:
        """Make a VM whole: its VirtualMachine, if it has none, and its instance."""
        if vm.name not in found.machines:
            made = await self._created(VM.path(self._namespace), machine(vm.name))
            found.machines[vm.name] = made["metadata"]["uid"]
        wanted, path = instance(vm.name, found.machines[vm.name], vm.cid), VMI.path(self._namespace)
        if vm.name not in found.instances or await self._requests.merge(f"{path}/{vm.name}", wanted) is None:
            await self._created(path, wanted)
        found.instances[vm.name] = True

    async def _created(self, path: str, document: Document) -> Document:
        """An object that this program makes, or has just made: a repeated request may have succeeded before. Raises ClusterError if
        it is another's."""
        name = document["metadata"]["name"]
        try:
            return await self._requests.create(path, document)
        except ConflictError:
            there = await self._requests.get(f"{path}/{name}")
            if there is not None and is_ours(there):
                return there
            raise ClusterError(f"{path}/{name} was made by another program meanwhile", "repeat this") from None

    def _standing(self, found: Found) -> Standing:
        names = {vm.name for vm in self._wanted}
        running = sum(found.instances.get(name, False) for name in names)
        beyond = len((found.machines.keys() | found.instances.keys()) - names)
        return Standing(self._namespace, len(names), running, len(names) - running, beyond)


def _is_established(found: Document) -> bool:
    """Whether the objects of a definition can be made, now and for a while."""
    conditions = (found.get("status") or {}).get("conditions") or ()
    is_on = any(each.get("type") == "Established" and each.get("status") == "True" for each in conditions)
    return is_on and "deletionTimestamp" not in found["metadata"]
