"""The manifests, rendered by the real kubectl: valid, the older tool's names, and no more privileges than it takes."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from deployment import DEPLOY, OVERLAYS, Manifest, manifests, only, parsed, rendered, tool
from vsock_loadgen.config.load import load
from vsock_loadgen.config.schema import scalar_keys
from vsock_loadgen.units import SECOND

NAMES = sorted(path.name for path in OVERLAYS.iterdir())
FOR_VSOCK = [name for name in NAMES if name not in ("pull", "unprivileged-tcp")]
KUBERNETES = ("1.35", "1.36", "1.37")
WITHOUT_SCHEMA = {"PrometheusRule", "SecurityContextConstraints", "ServiceMonitor"}
POD_CONFIG = "/etc/loadgen/config.yaml"


def workload(overlay: str) -> Manifest:
    """The DaemonSet or the Job that sends, or the Deployment that answers."""
    kinds = ("DaemonSet", "Job", "Deployment")
    (found,) = (one for one in manifests(overlay) if one["kind"] in kinds and one["metadata"]["name"] == "vsock-loadgen")
    return found


def pod(overlay: str) -> Manifest:
    spec: Manifest = workload(overlay)["spec"]["template"]["spec"]
    return spec


def container(overlay: str) -> Manifest:
    (found,) = pod(overlay)["containers"]
    spec: Manifest = found
    return spec


def variables(overlay: str) -> dict[str, Any]:
    """Value of each variable, or the field that it is taken from."""
    return {
        one["name"]: one["value"] if "value" in one else one["valueFrom"]["fieldRef"]["fieldPath"]
        for one in container(overlay)["env"]
    }


def pods_of(overlay: str) -> list[Manifest]:
    return [one["spec"]["template"]["spec"] for one in manifests(overlay) if "template" in one.get("spec", {})]


def test_there_is_an_overlay_for_each_way_to_run() -> None:
    assert NAMES == ["job", "monitoring", "openshift", "plain", "pull", "unprivileged-tcp"]


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("overlay", NAMES)
def test_every_manifest_keeps_to_the_schema_of_a_recent_kubernetes(overlay: str, version: str, tmp_path: Path) -> None:
    """Strictly: a misspelt key is an error."""
    path = tmp_path / "manifests.yaml"
    path.write_text(rendered(overlay))
    done = subprocess.run(
        [tool("kubernetes-validate"), "--strict", "-k", version, path], capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    kinds = {one["kind"] for one in manifests(overlay)}
    assert {line.split(" for kind ")[1].split()[0] for line in said.splitlines() if "WARN" in line} == kinds & WITHOUT_SCHEMA
    assert said.count(f"against version {version}") == sum(one["kind"] not in WITHOUT_SCHEMA for one in manifests(overlay))


def test_the_names_are_those_of_the_older_tool() -> None:
    found = {(one["kind"], one["metadata"]["name"]) for one in manifests("plain")}
    assert found == {
        ("DaemonSet", "vsock-loadgen"),
        ("ConfigMap", "vsock-loadgen-config"),
        ("ServiceAccount", "vsock-loadgen"),
        ("ClusterRole", "vsock-loadgen-node-reader"),
        ("ClusterRoleBinding", "vsock-loadgen-node-reader"),
    }
    (shown,) = only(manifests("plain"), "ConfigMap")["data"]
    assert f"{_mount('plain', 'config')['mountPath']}/{shown}" == POD_CONFIG
    assert POD_CONFIG in container("plain")["args"]
    annotations = workload("plain")["spec"]["template"]["metadata"]["annotations"]
    assert annotations == {"prometheus.io/scrape": "true", "prometheus.io/port": "9090", "prometheus.io/path": "/metrics"}
    assert variables("plain")["NODE_NAME"] == "spec.nodeName"
    assert pod("plain")["tolerations"] == [{"operator": "Exists"}]


@pytest.mark.parametrize("overlay", NAMES)
def test_everything_that_can_be_in_a_namespace_is_in_the_same(overlay: str) -> None:
    """But for what lets a pod see as whom the API server asks."""
    cluster_wide = ("APIService", "ClusterRole", "ClusterRoleBinding", "Namespace", "SecurityContextConstraints")
    spaced = [one["metadata"] for one in manifests(overlay) if one["kind"] not in cluster_wide]
    own = [one["metadata"]["name"] for one in manifests(overlay) if one["kind"] == "Namespace"]
    elsewhere = {one["name"]: one["namespace"] for one in spaced if one["namespace"] != (own or ["stackrox"])[0]}
    assert elsewhere == ({"vsock-loadgen-front-proxy-reader": "kube-system"} if overlay == "pull" else {})


def _mount(overlay: str, name: str) -> Manifest:
    (found,) = (one for one in container(overlay)["volumeMounts"] if one["name"] == name)
    mount: Manifest = found
    return mount


@pytest.mark.parametrize("overlay", NAMES)
def test_no_pod_has_more_than_it_needs(overlay: str) -> None:
    for spec in pods_of(overlay):
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
        assert spec["enableServiceLinks"] is False
        security = spec["securityContext"]
        assert security["runAsNonRoot"] is True
        assert security["runAsUser"] == security["runAsGroup"] == 65532
        assert security["seccompProfile"] == {"type": "Unconfined" if overlay in FOR_VSOCK else "RuntimeDefault"}
        for one in spec["containers"]:
            assert one["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert one["resources"]["limits"].keys() == {"memory"}
        paths = [one["hostPath"] for one in spec.get("volumes", []) if "hostPath" in one]
        assert paths == ([{"path": "/dev/vsock", "type": "CharDevice"}] if overlay in FOR_VSOCK else [])


@pytest.mark.parametrize("overlay", NAMES)
def test_only_a_pod_that_asks_the_api_has_a_token(overlay: str) -> None:
    """For the nodes, or for whoever may ask it."""
    assert only(manifests(overlay), "ServiceAccount")["automountServiceAccountToken"] is False
    lists_nodes = "NODE_NAME" in variables(overlay)
    assert pod(overlay)["automountServiceAccountToken"] is (lists_nodes or overlay == "pull")
    roles = [one for one in manifests(overlay) if one["kind"] == "ClusterRole"]
    assert [one["rules"] for one in roles] == (
        [[{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "list"]}]] if lists_nodes else []
    )


@pytest.mark.parametrize("overlay", NAMES)
def test_bindings_name_what_is_there(overlay: str) -> None:
    documents = manifests(overlay)
    account = only(documents, "ServiceAccount")["metadata"]
    for one in (one for one in documents if one["kind"].endswith("RoleBinding")):
        is_kubernetes = one["roleRef"]["name"] == "extension-apiserver-authentication-reader"
        assert is_kubernetes or only(documents, one["roleRef"]["kind"], one["roleRef"]["name"])
        (subject,) = one["subjects"]
        assert (subject["name"], subject["namespace"]) == (account["name"], account["namespace"])


@pytest.mark.parametrize("overlay", NAMES)
def test_probes_annotations_and_ports_name_the_port_that_is_served(overlay: str) -> None:
    ports = {port["name"]: port["containerPort"] for port in container(overlay)["ports"]}
    assert str(ports["metrics"]) == variables(overlay)["LOADGEN_METRICS_PORT"]
    probes = {name: probe["httpGet"] for name, probe in container(overlay).items() if name.endswith("Probe")}
    killing = ("startupProbe", "livenessProbe")
    expected: dict[str, tuple[str, str, str | None]] = dict.fromkeys(killing, ("metrics", "/healthz", None))
    expected["readinessProbe"] = ("metrics", "/readyz", None)
    if workload(overlay)["kind"] == "Job":
        del expected["startupProbe"], expected["livenessProbe"]  # a probe that kills would turn a slow run into half a run
    if overlay == "pull":
        expected["readinessProbe"] = ("https", "/readyz", "HTTPS")  # whoever answers there can be asked
    assert {name: (probe["port"], probe["path"], probe.get("scheme")) for name, probe in probes.items()} == expected


@pytest.mark.parametrize("overlay", NAMES)
def test_the_config_is_valid_and_its_reports_have_time_to_end(overlay: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(only(manifests(overlay), "ConfigMap", "vsock-loadgen-config")["data"]["config.yaml"])
    set_here = {name: value for name, value in variables(overlay).items() if name.startswith("LOADGEN_")}
    config = load(path, environment=set_here, strict=True).config
    assert config.request_timeout_ns < pod(overlay)["terminationGracePeriodSeconds"] * SECOND
    assert config.duration_ns


@pytest.mark.parametrize("overlay", NAMES)
def test_every_variable_is_one_that_the_tool_knows(overlay: str) -> None:
    known = {key.environment for key in scalar_keys()}
    assert {name for name in variables(overlay) if name.startswith("LOADGEN_")} <= known


def test_a_pod_of_the_daemonset_waits_after_its_run_and_keeps_its_result() -> None:
    assert variables("plain")["LOADGEN_AFTER_RUN"] == "wait"
    result = container("plain")["args"][-1]
    assert result.startswith(_mount("plain", "results")["mountPath"])
    (volume,) = (one for one in pod("plain")["volumes"] if one["name"] == "results")
    assert "emptyDir" in volume


def test_a_job_sends_once_from_as_many_nodes_as_its_pods_believe() -> None:
    spec = workload("job")["spec"]
    assert (spec["completionMode"], spec["backoffLimit"]) == ("Indexed", 0)
    assert spec["completions"] == spec["parallelism"] == int(variables("job")["LOADGEN_NODE_COUNT"])
    assert pod("job")["restartPolicy"] == "Never"
    assert variables("job")["LOADGEN_AFTER_RUN"] == "exit"
    (apart,) = pod("job")["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    labels = spec["template"]["metadata"]["labels"]
    assert apart["topologyKey"] == "kubernetes.io/hostname"
    assert apart["labelSelector"]["matchLabels"].items() <= labels.items()
    assert not [one for one in manifests("job") if one["kind"] == "DaemonSet"]


def test_rules_and_dashboard_are_those_of_a_prometheus_without_an_operator() -> None:
    documents = manifests("monitoring")
    (rules,) = parsed((DEPLOY / "monitoring" / "rules.yaml").read_text())
    assert only(documents, "PrometheusRule")["spec"] == rules
    dashboard = only(documents, "ConfigMap", "vsock-loadgen-dashboard")
    assert dashboard["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert dashboard["data"] == {"dashboard.json": (DEPLOY / "monitoring" / "dashboard.json").read_text()}


def test_the_monitor_finds_the_pods() -> None:
    documents = manifests("monitoring")
    service, monitor = only(documents, "Service"), only(documents, "ServiceMonitor")
    assert service["spec"]["selector"].items() <= workload("monitoring")["spec"]["template"]["metadata"]["labels"].items()
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    (endpoint,), (port,) = monitor["spec"]["endpoints"], service["spec"]["ports"]
    assert (endpoint["port"], endpoint["path"]) == (port["name"], "/metrics")
    assert port["targetPort"] == container("monitoring")["ports"][0]["name"]


def test_openshift_allows_what_the_pod_asks_for_and_nothing_else() -> None:
    documents = manifests("openshift")
    allowed = only(documents, "SecurityContextConstraints")
    assert [name for name, value in allowed.items() if name.startswith("allow") and value] == ["allowHostDirVolumePlugin"]
    assert allowed["requiredDropCapabilities"] == ["ALL"]
    assert allowed["seccompProfiles"] == ["unconfined"]
    used = {kind for volume in pod("openshift")["volumes"] for kind in volume if kind != "name"} | {"projected"}  # the token
    assert set(allowed["volumes"]) == used
    assert pod("openshift")["securityContext"]["seLinuxOptions"] == {"type": "spc_t"}
    (rule,) = only(documents, "Role")["rules"]
    assert (rule["resourceNames"], rule["verbs"]) == ([allowed["metadata"]["name"]], ["use"])
    annotations = workload("openshift")["spec"]["template"]["metadata"]["annotations"]
    assert annotations["openshift.io/required-scc"] == allowed["metadata"]["name"]


def test_without_vsock_a_namespace_that_enforces_restricted_takes_the_pods() -> None:
    documents = manifests("unprivileged-tcp")
    namespace = only(documents, "Namespace")
    assert namespace["metadata"]["labels"] == {"pod-security.kubernetes.io/enforce": "restricted"}
    receiver = only(documents, "Service")
    (port,) = receiver["spec"]["ports"]
    config = only(documents, "ConfigMap")["data"]["config.yaml"]
    assert f"target: tcp://{receiver['metadata']['name']}:{port['port']}" in config
    (listening,) = only(documents, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert listening["args"] == ["receive", f"tcp://0.0.0.0:{port['port']}"]


def test_what_is_asked_is_found_by_the_api_server_from_anywhere() -> None:
    """Through a Service with an address of its own, whose port has the name and the number that the API server looks for."""
    documents = manifests("pull")
    api, service, policy = (only(documents, kind) for kind in ("APIService", "Service", "NetworkPolicy"))
    assert api["metadata"]["name"] == "v1.subresources.kubevirt.io"
    assert "insecureSkipTLSVerify" not in api["spec"]
    metadata, (port,) = service["metadata"], service["spec"]["ports"]
    assert api["spec"]["service"] == {"name": metadata["name"], "namespace": metadata["namespace"], "port": port["port"]}
    assert service["spec"].get("clusterIP") != "None"
    ports = {one["name"]: one["containerPort"] for one in container("pull")["ports"]}
    assert port["name"] == port["targetPort"]
    assert f"https://0.0.0.0:{ports[port['targetPort']]}" in container("pull")["args"]
    labels = workload("pull")["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()
    assert policy["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
    assert [rule["ports"] for rule in policy["spec"]["ingress"] if "from" not in rule] == [
        [{"protocol": "TCP", "port": port["name"]}]
    ]


def test_one_pod_answers_for_the_whole_fleet_and_never_two() -> None:
    spec = workload("pull")["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    assert (variables("pull")["LOADGEN_NODE_COUNT"], variables("pull")["LOADGEN_AFTER_RUN"]) == ("1", "wait")
    arguments = container("pull")["args"]
    assert arguments[arguments.index("--clients-from") + 1] == "cluster"
    mounted = _mount("pull", "tls")["mountPath"]
    assert {arguments[arguments.index(f"--tls-{part}") + 1] for part in ("cert", "key")} == {
        f"{mounted}/tls.crt",
        f"{mounted}/tls.key",
    }


def test_all_that_a_run_puts_into_a_cluster_to_be_asked_has_its_label() -> None:
    assert {one["metadata"]["labels"]["app.kubernetes.io/name"] for one in manifests("pull")} == {"vsock-loadgen"}
