"""deploy/run: from a config to a merged result, and a cluster that looks as before."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from command import TIMEOUT_SECONDS
from deploy.conftest import NODES, Cluster
from deployment import DEPLOY, only, parsed, tool

GIVEN = ("-c", "fleet.yaml", "-i", "registry.example:5000/vsock-loadgen:1.2")


@pytest.mark.parametrize("script", ["run", "test-mode"])
def test_shellcheck_finds_nothing(script: str) -> None:
    reading = (tool("shellcheck"), "--external-sources", "--check-sourced", "--source-path=SCRIPTDIR")
    done = subprocess.run([*reading, DEPLOY / script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_a_dry_run_prints_the_manifests_and_asks_the_cluster_nothing(cluster: Cluster) -> None:
    done = cluster.script("run", *GIVEN, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert not (cluster.folder / "calls").exists()
    documents = parsed(done.stdout)
    assert only(documents, "ConfigMap")["data"] == {"config.yaml": (cluster.folder / "fleet.yaml").read_text()}
    (container,) = only(documents, "DaemonSet")["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "registry.example:5000/vsock-loadgen:1.2"
    assert "LOADGEN_START_AT" in {one["name"] for one in container["env"]}


@pytest.mark.parametrize(
    ("image", "rendered"),
    [
        ("loadgen", "loadgen:latest"),
        ("host:5000/a/loadgen", "host:5000/a/loadgen:latest"),
        ("host:5000/a/loadgen:2", "host:5000/a/loadgen:2"),
        ("host/loadgen@sha256:12ab", "host/loadgen@sha256:12ab"),
    ],
)
def test_an_image_is_taken_as_it_is_written(cluster: Cluster, image: str, rendered: str) -> None:
    documents = parsed(cluster.script("run", "-c", "fleet.yaml", "-i", image, "--dry-run").stdout)
    (container,) = only(documents, "DaemonSet")["spec"]["template"]["spec"]["containers"]
    assert container["image"] == rendered


def test_a_job_has_as_many_pods_as_were_asked_for(cluster: Cluster) -> None:
    documents = parsed(cluster.script("run", *GIVEN, "-o", "job", "-n", "7", "--dry-run").stdout)
    spec = only(documents, "Job")["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    assert [one["value"] for one in container["env"] if one["name"] == "LOADGEN_NODE_COUNT"] == ["7"]
    assert spec["completions"] == spec["parallelism"] == 7


@pytest.mark.parametrize(
    ("config", "has_one"),
    [
        ("loadgen:\n  vmCount: 5\n  startAt: 2026-11-23T08:00:00Z\n", True),
        ("loadgen: {vmCount: 5, startAt: 2026-11-23T08:00:00Z}\n", True),
        ('{"loadgen": {"startAt": "2026-11-23T08:00:00Z"}}\n', True),
        ("loadgen:\n  # startAt: 2026-11-23T08:00:00Z\n  vmCount: 5 # no startAt: here\n", False),
    ],
)
def test_a_start_that_the_config_gives_is_left_alone(cluster: Cluster, config: str, has_one: bool) -> None:
    (cluster.folder / "fleet.yaml").write_text(config)
    done = cluster.script("run", *GIVEN, "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    assert ("LOADGEN_START_AT" not in done.stdout) == has_one


def listed(size: int) -> str:
    """A catalogue of at least so many bytes."""
    rows = (f"package-{number},{number},1.el9\n" for number in range(size // 20))
    return "name,version,release\n" + "".join(rows)


@pytest.mark.parametrize("path", ["rpms.txt", "lists/rpms.txt", "{folder}/rpms.txt"])
def test_a_file_that_the_config_refers_to_goes_along(cluster: Cluster, path: str) -> None:
    """Wherever it is here: in the pods it is beside the config, under the name of the variable that says so."""
    path = path.format(folder=cluster.folder)
    catalogue = cluster.folder / path
    catalogue.parent.mkdir(exist_ok=True)
    catalogue.write_text(listed(1_000))
    (cluster.folder / "fleet.yaml").write_text(f"loadgen: {{vmCount: 5, packages: 5, packageCatalog: {path}, duration: 2s}}\n")
    done = cluster.script("run", *GIVEN, "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    documents = parsed(done.stdout)
    assert only(documents, "ConfigMap")["data"]["LOADGEN_PACKAGE_CATALOG"] == catalogue.read_text()
    (container,) = only(documents, "DaemonSet")["spec"]["template"]["spec"]["containers"]
    (mount,) = (one["mountPath"] for one in container["volumeMounts"] if one["name"] == "config")
    assert {"name": "LOADGEN_PACKAGE_CATALOG", "value": f"{mount}/LOADGEN_PACKAGE_CATALOG"} in container["env"]


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("{vmCount: 0}", "fleet.yaml:1: vmCount: found 0"),
        ("{packageCatalog: rpms.txt}", "rpms.txt: packageCatalog: cannot be read: No such file or directory"),
        ("{reconcile: 'http://${NOBODY_SET_THIS}/metrics'}", "reconcile: the variable NOBODY_SET_THIS is not set in the pods"),
    ],
)
def test_a_config_that_no_pod_could_use_is_not_applied(cluster: Cluster, config: str, said: str) -> None:
    (cluster.folder / "fleet.yaml").write_text(f"loadgen: {config}\n")
    done = cluster.script("run", *GIVEN, "--no-check", extra={"NOBODY_SET_THIS": "here, but not there"})
    assert done.returncode == 2
    assert said in done.stderr
    assert cluster.calls() == []


def test_a_config_is_read_with_the_variables_of_the_pods_and_none_of_those_here(cluster: Cluster) -> None:
    """The number of nodes is the overlay's; HOST_IP is one that every pod has."""
    text = "loadgen: {vmCount: 5, nodeCount: 2, reconcile: 'http://${HOST_IP}:9091/metrics', duration: 2s}\n"
    (cluster.folder / "fleet.yaml").write_text(text)
    done = cluster.script("run", *GIVEN, "-o", "job", "-n", "4", "--dry-run", extra={"LOADGEN_VM_COUNT": "none"})
    assert (done.returncode, done.stderr) == (0, "")


def test_what_no_config_map_takes_is_refused(cluster: Cluster) -> None:
    (cluster.folder / "rpms.txt").write_text(listed(1_200_000))
    (cluster.folder / "fleet.yaml").write_text("loadgen: {vmCount: 5, packageCatalog: rpms.txt, duration: 2s}\n")
    done = cluster.script("run", *GIVEN, "--no-check")
    assert done.returncode == 2
    assert (
        "bytes, and a ConfigMap takes 1048576: mount the file in an overlay, and set LOADGEN_PACKAGE_CATALOG there" in done.stderr
    )
    assert cluster.calls() == []


def test_what_is_too_large_for_the_copy_of_a_plain_apply_is_applied_by_the_server(cluster: Cluster) -> None:
    (cluster.folder / "rpms.txt").write_text(listed(300_000))
    (cluster.folder / "fleet.yaml").write_text("loadgen: {vmCount: 5, packageCatalog: rpms.txt, duration: 2s}\n")
    assert cluster.script("run", *GIVEN, "--no-check").returncode == 0
    assert cluster.calls()[0].startswith("apply --server-side --force-conflicts -f ")


@pytest.mark.parametrize(
    ("config", "exit_code", "said"),
    [
        ("{vmCount: 5}", 0, "found no vsock-loadgen here: fleet.yaml is first read by the pods"),
        ("{packageCatalog: rpms.txt}", 2, "expected it to send the packageCatalog along"),
    ],
)
def test_without_the_tool_here_only_a_config_by_itself_is_sent(cluster: Cluster, config: str, exit_code: int, said: str) -> None:
    (cluster.folder / "fleet.yaml").write_text(f"loadgen: {config}\n")
    done = cluster.script("run", *GIVEN, "--dry-run", extra={"PATH": f"{cluster.folder}/bin:/usr/bin:/bin"})
    assert done.returncode == exit_code
    assert said in done.stderr


@pytest.mark.parametrize("overlay", ["plain", "job"])
def test_a_run_ends_with_the_merged_result_and_nothing_left(cluster: Cluster, overlay: str, results: list[dict[str, Any]]) -> None:
    cluster.pipeline("true")
    done = cluster.script("run", *GIVEN, "-o", overlay, "-n", str(NODES))
    assert done.returncode == 0, done.stderr
    whole = json.loads((cluster.folder / "results" / "whole.json").read_text())
    assert whole["totals"]["due"] == sum(result["totals"]["due"] for result in results)
    assert whole["complete"] is True
    assert (cluster.folder / "results" / "vsock-loadgen-0.log").read_text().startswith("10:00:00 started")
    verbs = [call.split()[0] for call in cluster.calls()]
    assert verbs == (["apply"] + ["logs"] * NODES + ["delete"])


def test_nothing_starts_where_the_target_would_throw_the_reports_away(cluster: Cluster) -> None:
    cluster.pipeline("")
    done = cluster.script("run", *GIVEN)
    assert done.returncode == 2
    assert "--test-mode sets that and undoes it afterwards" in done.stderr
    assert cluster.calls() == []


def test_the_test_mode_is_undone_after_the_run(cluster: Cluster) -> None:
    cluster.pipeline("")
    done = cluster.script("run", *GIVEN, "--test-mode")
    assert done.returncode == 0, done.stderr
    calls = cluster.calls()
    applied = next(number for number, call in enumerate(calls) if call.startswith("apply"))
    assert {"set env daemonset/collector -c compliance ROX_VM_TEST_MODE=true"} <= set(calls[:applied])
    assert calls[-1] == "annotate deployment/central vsock-loadgen/test-mode-before-"
    assert all(path.read_text() == "" for path in (cluster.folder / "values").iterdir())


def test_a_target_on_tcp_needs_no_test_mode(cluster: Cluster) -> None:
    done = cluster.script("run", *GIVEN, "-o", "unprivileged-tcp")
    assert done.returncode == 0, done.stderr


def test_what_runs_already_is_stopped_only_on_request(cluster: Cluster) -> None:
    cluster.pipeline("true")
    cluster.put(".", "there", "daemonset.apps/vsock-loadgen\n")
    refused = cluster.script("run", *GIVEN)
    assert refused.returncode == 2
    assert "found daemonset.apps/vsock-loadgen in namespace stackrox, expected none; --replace stops it" in refused.stderr
    assert cluster.calls() == []
    assert cluster.script("run", *GIVEN, "--replace").returncode == 0
    assert cluster.calls()[0] == "delete --cascade=foreground --wait daemonset.apps/vsock-loadgen"


def test_what_is_kept_stays(cluster: Cluster) -> None:
    cluster.pipeline("true")
    assert cluster.script("run", *GIVEN, "--keep").returncode == 0
    assert not [call for call in cluster.calls() if call.startswith("delete")]


def test_a_pod_without_a_result_is_named_and_makes_the_whole_invalid(cluster: Cluster) -> None:
    cluster.pipeline("true")
    cluster.put("pods", "vsock-loadgen-1.json", "")
    done = cluster.script("run", *GIVEN)
    assert done.returncode == 1
    assert "vsock-loadgen-1: found no result" in done.stderr
    assert json.loads((cluster.folder / "results" / "whole.json").read_text())["complete"] is False


def test_a_run_without_an_end_is_stopped_by_a_signal_and_leaves_its_snapshots(
    cluster: Cluster, results: list[dict[str, Any]]
) -> None:
    cluster.pipeline("true")
    for index, result in enumerate(results):
        verdict = {"status": "invalid", "reasons": ["the run has not ended: this is a snapshot"], "exit_code": 1}
        snapshot = result | {"complete": False, "verdict": verdict}
        cluster.put("pods", f"vsock-loadgen-{index}.json", json.dumps(snapshot, indent=1) + "\n")
    process = cluster.start("run", *GIVEN)
    while not (cluster.folder / "asked").exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.terminate()
    _, said = process.communicate(timeout=TIMEOUT_SECONDS)
    assert process.returncode == 1, said
    whole = json.loads((cluster.folder / "results" / "whole.json").read_text())
    assert (whole["complete"], whole["verdict"]["status"]) == (False, "invalid")
    assert cluster.calls()[-1].startswith("delete")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-i", "x"), "-c: found '', expected the path of a config file"),
        (("-c", "fleet.yaml"), "-i is missing, expected the name of an image"),
        ((*GIVEN, "-o", "nowhere"), "-o: found 'nowhere', expected job monitoring openshift plain pull unprivileged-tcp or a path"),
        ((*GIVEN, "-n", "two"), "expected whole numbers"),
        ((*GIVEN, "--fast"), "found --fast, expected an option"),
        ((*GIVEN, "-d"), "-d is followed by nothing"),
        ((*GIVEN, "-d", "fleet.yaml"), "-d: found 'fleet.yaml', expected a folder that can be written to"),
        ((*GIVEN, "--replace", "-d", "fleet.yaml/below"), "-d: found 'fleet.yaml/below', expected a folder"),
    ],
)
def test_a_command_line_that_makes_no_sense_starts_nothing(cluster: Cluster, arguments: tuple[str, ...], said: str) -> None:
    done = cluster.script("run", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert cluster.calls() == []


def test_an_overlay_of_ones_own_is_taken_from_its_path(cluster: Cluster) -> None:
    own = cluster.folder / "own"
    own.mkdir()
    base = Path(*[".."] * len(own.resolve().parts[1:])) / DEPLOY.relative_to("/") / "kustomize/overlays/job"
    (own / "kustomization.yaml").write_text(f"resources: [{base}]\ncomponents: [{base}/../../components/openshift]\n")
    done = cluster.script("run", *GIVEN, "-o", own, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert only(parsed(done.stdout), "Job")["spec"]["template"]["spec"]["securityContext"]["seLinuxOptions"] == {"type": "spc_t"}
