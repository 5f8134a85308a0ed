"""Makes, counts and deletes the VMs of a fleet in the cluster of the environment."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import Literal

from vsock_loadgen.cluster.api_server import Access
from vsock_loadgen.cluster.requests import requests_of
from vsock_loadgen.cluster.vm_fleet import Progress, Standing, VmFleet, Wanted

Action = Literal["apply", "status", "delete"]
ACCESS = Access("VMs", "`vms` is about those of a cluster", "or name another kubeconfig with KUBECONFIG")


def populate(
    action: Action, namespace: str, wanted: Sequence[Wanted], progress: Progress, *, per_second: float
) -> tuple[Standing, Sequence[str]]:
    """How the fleet stands once it is done, and in sentences what was not deleted. Raises ClusterError."""
    config = ACCESS.configuration(os.environ)

    async def done() -> tuple[Standing, Sequence[str]]:
        async with requests_of(config, per_second) as requests:
            fleet = VmFleet(requests, namespace, wanted)
            if action == "apply":
                return await fleet.apply(progress), ()
            kept = await fleet.delete(progress) if action == "delete" else ()
            return await fleet.status(), kept

    return asyncio.run(done())
