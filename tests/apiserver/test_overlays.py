"""Every overlay as a real API server takes it: applied by the server, admitted by Pod Security, with the rights that RBAC gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from apiserver.conftest import eventually
from apiserver.control_plane import Api, ControlPlane
from apiserver.nodes import add_node
from command import PROJECT
from deployment import OVERLAYS, blocks, rendered

NAMES = sorted(path.name for path in OVERLAYS.iterdir())
FOR_VSOCK = [name for name in NAMES if name not in ("pull", "unprivileged-tcp")]
IN_STACKROX = [name for name in NAMES if name != "unprivileged-tcp"]
ACCOUNT = "vsock-loadgen"
CRDS = Path(__file__).with_name("crds.yaml")
APPLY = ("apply", "--server-side", "--validate=strict", "-f", "-")


@pytest.fixture(scope="module", autouse=True)
def operators(plane: ControlPlane) -> None:
    """The kinds of others that overlays have objects of."""
    done = plane.kubectl("apply", "--server-side", "-f", CRDS)
    assert done.returncode == 0, done.stderr
    done = plane.kubectl("wait", "--for=condition=Established", "-f", CRDS)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def apply(plane: ControlPlane, stackrox: Callable[[str], None]) -> Iterator[Callable[..., str]]:
    """Applies an overlay in a namespace that enforces a standard; what kubectl warned of. All is removed in the end."""
    applied: list[str] = []

    def make(overlay: str, standard: str) -> str:
        if overlay in IN_STACKROX:
            stackrox(standard)
        applied.append(rendered(overlay))
        done = plane.kubectl(*APPLY, given=applied[-1])
        assert done.returncode == 0, done.stderr
        return done.stderr

    yield make
    for text in applied:
        done = plane.kubectl("delete", "--wait", "-f", "-", given=text)
        assert done.returncode == 0, done.stderr


def pods(plane: ControlPlane, namespace: str) -> list[str]:
    found = plane.admin.items(f"/api/v1/namespaces/{namespace}/pods?labelSelector=app=vsock-loadgen")
    return [pod["metadata"]["name"] for pod in found]


def refusals(plane: ControlPlane, overlay: str) -> list[str]:
    """What has been said to whoever would make the pods."""
    kind = "jobs" if overlay == "job" else "daemonsets"
    group = "batch" if overlay == "job" else "apps"
    uid = plane.admin.must("GET", f"/apis/{group}/v1/namespaces/stackrox/{kind}/vsock-loadgen")["metadata"]["uid"]
    chosen = f"reason=FailedCreate,involvedObject.uid={uid}"
    return [event["message"] for event in plane.admin.items(f"/api/v1/namespaces/stackrox/events?fieldSelector={chosen}")]


@pytest.mark.parametrize("overlay", [name for name in NAMES if name != "pull"])
def test_where_privileged_pods_are_admitted_an_overlay_has_its_pods(
    overlay: str, plane: ControlPlane, apply: Callable[..., str]
) -> None:
    """The overlay for TCP brings a namespace that enforces restricted. All that is warned of is the older name of a role."""
    for name in ("a", "b", "c"):
        add_node(plane, name, {"node-role.kubernetes.io/worker": ""})
    warned = apply(overlay, "privileged")
    assert [line for line in warned.splitlines() if "node-role.kubernetes.io/master" not in line] == []
    eventually(lambda: len(pods(plane, "stackrox" if overlay in IN_STACKROX else "vsock-loadgen")) == 3)


def test_where_restricted_is_enforced_a_fleet_that_is_asked_has_its_one_pod(plane: ControlPlane, apply: Callable[..., str]) -> None:
    """Nothing is warned of at all but the older name of a role."""
    add_node(plane, "a", {})
    warned = apply("pull", "restricted")
    assert [line for line in warned.splitlines() if "node-role.kubernetes.io/master" not in line] == []
    eventually(lambda: len(pods(plane, "stackrox")) == 1)


@pytest.mark.parametrize("standard", ["baseline", "restricted"])
@pytest.mark.parametrize("overlay", FOR_VSOCK)
def test_elsewhere_pods_for_vsock_are_refused_for_their_device_and_their_seccomp_profile_alone(
    overlay: str, standard: str, plane: ControlPlane, apply: Callable[..., str]
) -> None:
    """And on OpenShift for their SELinux type. The caller is warned, and the pods are not made."""
    add_node(plane, "a", {"node-role.kubernetes.io/worker": ""})
    expected = {"hostPath volumes" if standard == "baseline" else "restricted volume types", "seccompProfile"}
    expected |= {"seLinuxOptions"} if overlay == "openshift" else set()
    warned = apply(overlay, standard)
    eventually(lambda: refusals(plane, overlay))
    for said in (warned, refusals(plane, overlay)[0]):
        reasons = said.partition(f'PodSecurity "{standard}:latest": ')[2].partition("\n")[0]
        assert {reason.partition(" (")[0] for reason in reasons.split("), ")} == expected
    assert pods(plane, "stackrox") == []


@pytest.mark.parametrize("overlay", NAMES)
def test_the_account_of_the_pods_may_do_what_is_needed_and_nothing_else(
    overlay: str, plane: ControlPlane, apply: Callable[..., str]
) -> None:
    """Nothing else than every account may: those who have no role at all."""
    apply(overlay, "privileged")
    namespace = "stackrox" if overlay in IN_STACKROX else "vsock-loadgen"
    with plane.as_account(namespace, ACCOUNT) as account, plane.as_account("default", "default") as other:
        own = set().union(*(rights(account, where) - rights(other, where) for where in (namespace, "kube-system")))
    needed = set()
    if "NODE_NAME" in rendered(overlay):
        needed.add(("get list", "", "nodes", ""))
    if overlay == "openshift":
        needed.add(("use", "security.openshift.io", "securitycontextconstraints", "vsock-loadgen"))
    if overlay == "pull":
        needed.add(("get list watch", "", "configmaps", "extension-apiserver-authentication"))
    assert own == needed


def rights(api: Api, namespace: str) -> set[tuple[str, ...]]:
    """What an account may do in a namespace, as the API server tells it."""
    asked = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": {"namespace": namespace}}
    rules = api.must("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", asked)["status"]["resourceRules"]
    parts = ("verbs", "apiGroups", "resources", "resourceNames")
    return {tuple(" ".join(sorted(rule.get(part, []))) for part in parts) for rule in rules}


@pytest.mark.parametrize(
    ("verb", "resource", "status"),
    [
        ("GET", "/api/v1/nodes", 200),
        ("GET", "/api/v1/nodes/a", 200),
        ("DELETE", "/api/v1/nodes/a", 403),
        ("GET", "/api/v1/namespaces/stackrox/secrets", 403),
        ("GET", "/api/v1/namespaces/stackrox/configmaps/vsock-loadgen-config", 403),
        ("GET", "/api/v1/pods", 403),
        ("GET", "/api/v1/nodes/a/proxy/metrics", 403),
    ],
)
def test_what_the_account_asks_is_answered_accordingly(
    verb: str, resource: str, status: int, plane: ControlPlane, apply: Callable[..., str]
) -> None:
    add_node(plane, "a", {"node-role.kubernetes.io/worker": ""})
    apply("plain", "privileged")
    with plane.as_account("stackrox", ACCOUNT) as account:
        assert account.ask(verb, resource)[0] == status


def test_in_another_namespace_the_account_has_its_rights_by_the_overlay_of_the_guide(
    plane: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    (text,) = (one for one in blocks("yaml kustomization") if "NamespaceTransformer" in one)
    project = "/".join([*[".."] * len(tmp_path.resolve().parts[1:]), *PROJECT.parts[1:]])
    (tmp_path / "kustomization.yaml").write_text(
        text.replace("../vsock-loadgen", project).replace("namespace: load", f"namespace: {namespace}")
    )
    done = plane.kubectl("apply", "-k", tmp_path)
    assert done.returncode == 0, done.stderr
    with plane.as_account(namespace, ACCOUNT) as account:
        assert account.ask("GET", "/api/v1/nodes")[0] == 200
    assert plane.kubectl("delete", "-k", tmp_path).returncode == 0
