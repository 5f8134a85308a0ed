"""The VMs that run in a cluster, read from a real HTTP server with the real client."""

from __future__ import annotations

import pytest

from kubernetes_api import KubernetesApi, vm
from vsock_loadgen.cluster.vms import VMS, RunningVm, read_running_vms
from vsock_loadgen.errors import ClusterError

pytest.importorskip("lightkube", reason="needs the extra kubernetes")
IMPATIENT = 0.2


def test_only_vms_that_run_are_asked_in_whatever_namespace_they_are(api: KubernetesApi, environment: dict[str, str]) -> None:
    api.vms = [vm("b"), vm("a", "tests"), vm("c", phase="Scheduling"), vm("a"), {"metadata": {"name": "d", "namespace": "default"}}]
    assert read_running_vms(environment) == [RunningVm("default", "a"), RunningVm("default", "b"), RunningVm("tests", "a")]


def test_a_vm_goes_by_the_name_of_the_virtual_machine_that_owns_it(api: KubernetesApi, environment: dict[str, str]) -> None:
    api.vms = [vm("web-x7f2", owner="web")]
    assert read_running_vms(environment) == [RunningVm("default", "web")]


def test_a_long_list_is_read_page_by_page(api: KubernetesApi, environment: dict[str, str]) -> None:
    api.vms = [vm(f"vm-{number:04}") for number in range(1_203)]
    assert [each.name for each in read_running_vms(environment)] == [f"vm-{number:04}" for number in range(1_203)]
    assert [request.get("continue") for request in api.requests] == [None, "500", "1000"]


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (403, "virtualmachineinstances (403)"),
        (404, "list of VMs (404)"),
        ("html", "list of VMs ("),
    ],
)
def test_a_refusal_says_what_was_asked_for_and_the_way_out(
    api: KubernetesApi, environment: dict[str, str], trouble: int | str, said: str
) -> None:
    api.bad_days = [trouble] * 9
    with pytest.raises(ClusterError) as caught:
        read_running_vms(environment, patience_seconds=IMPATIENT)
    assert said in caught.value.message
    assert caught.value.remedy.endswith(VMS.otherwise)


@pytest.mark.parametrize("metadata", [{}, {"name": "a"}, {"name": "", "namespace": "default"}, {"name": 7, "namespace": "default"}])
def test_a_vm_without_a_name_is_no_list_of_vms(
    api: KubernetesApi, environment: dict[str, str], metadata: dict[str, object]
) -> None:
    api.vms = [{"metadata": metadata, "status": {"phase": "Running"}}]
    with pytest.raises(ClusterError, match=r"list of VMs \("):
        read_running_vms(environment, patience_seconds=IMPATIENT)
