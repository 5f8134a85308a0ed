"""deploy/run -o pull: a fleet that is asked, between VMs that are put there before and an APIService that goes before all else."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import time
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from command import TIMEOUT_SECONDS
from deploy.conftest import Cluster
from deployment import Manifest, only, parsed, without_vms

GIVEN = ("-c", "fleet.yaml", "-i", "registry.example/vsock-loadgen:1", "-o", "pull")
API = "v1.subresources.kubevirt.io"
OURS, THEIRS = f"{API}:vsock-loadgen", f"{API}:"
API_GOES = f"delete --ignore-not-found --timeout=60s apiservice {API}"
VMS = ["vms apply --config fleet.yaml", "vms delete --config fleet.yaml"]


@pytest.fixture(name="asked")
def _asked(cluster: Cluster) -> Cluster:
    """A cluster with one pod, and a `vsock-loadgen` whose verb `vms` is noted among the calls."""
    (cluster.folder / "pods" / "vsock-loadgen-1.json").unlink()
    without_vms(cluster.folder / "bin", cluster.folder / "calls")
    return cluster


def verbs(cluster: Cluster) -> list[str]:
    """The calls, without what differs from one run to the next."""
    return [call.partition(" -f ")[0] for call in cluster.calls()]


def test_vms_are_there_before_and_the_api_service_goes_before_all_else(asked: Cluster) -> None:
    done = asked.script("run", *GIVEN)
    assert done.returncode == 0, done.stderr
    assert verbs(asked) == [
        VMS[0],
        "apply",
        f"wait --for=condition=Available apiservice/{API} --timeout=300s",
        "logs",
        API_GOES,
        VMS[1],
        "delete --ignore-not-found --wait=false",
    ]


def test_the_result_of_the_one_pod_is_the_whole_and_its_verdict_the_exit_code(asked: Cluster) -> None:
    path = asked.folder / "pods" / "vsock-loadgen-0.json"
    result = json.loads(path.read_text())
    result["verdict"] |= {"status": "failed", "exit_code": 3}
    path.write_text(json.dumps(result, indent=1) + "\n")
    done = asked.script("run", *GIVEN)
    assert done.returncode == 3, done.stderr
    assert json.loads((asked.folder / "results" / "whole.json").read_text()) == result
    assert "failed" in done.stdout


def rendered(cluster: Cluster, *arguments: str) -> list[Manifest]:
    done = cluster.script("run", *GIVEN, *arguments, "--dry-run")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return parsed(done.stdout)


def test_the_key_is_good_for_the_name_of_the_service_for_a_month_and_the_api_server_is_told_to_trust_it(asked: Cluster) -> None:
    documents = rendered(asked)
    secret, api = only(documents, "Secret"), only(documents, "APIService")
    service = api["spec"]["service"]
    certificate, key = (base64.b64decode(secret["data"][name]) for name in ("tls.crt", "tls.key"))
    made = x509.load_pem_x509_certificate(certificate)
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    assert names == [f"{service['name']}.{service['namespace']}.svc"]
    assert made.not_valid_after_utc - made.not_valid_before_utc == timedelta(days=30)
    own = serialization.load_pem_private_key(key, None)
    assert isinstance(own, ec.EllipticCurvePrivateKey)
    assert own.curve.name == "secp256r1"
    assert own.public_key() == made.public_key()
    assert base64.b64decode(api["spec"]["caBundle"]) == certificate
    pod = only(documents, "Deployment")["spec"]["template"]["spec"]
    assert {"name": "tls", "secret": {"secretName": secret["metadata"]["name"]}} in pod["volumes"]
    assert secret["metadata"]["namespace"] == service["namespace"]
    assert base64.b64decode(only(rendered(asked), "Secret")["data"]["tls.key"]) != key


def test_the_pod_starts_at_once_unless_it_is_told_otherwise(asked: Cluster) -> None:
    """It has no others to be in step with."""
    for arguments, is_told in (((), False), (("-s", "30"), True)):
        (container,) = only(rendered(asked, *arguments), "Deployment")["spec"]["template"]["spec"]["containers"]
        assert ("LOADGEN_START_AT" in {one["name"] for one in container["env"]}) is is_told


@pytest.mark.parametrize("more", [(), ("--replace",), ("--clean",)])
def test_an_api_service_of_somebody_else_is_not_touched(asked: Cluster, more: tuple[str, ...]) -> None:
    asked.put(".", "apiservice", THEIRS)
    done = asked.script("run", *GIVEN, *more)
    assert done.returncode == 2
    assert f"found an APIService {API} that is somebody else's" in done.stderr
    assert asked.calls() == []


def test_one_of_ours_is_replaced_on_request(asked: Cluster) -> None:
    asked.put(".", "apiservice", OURS)
    asked.put(".", "there", "deployment.apps/vsock-loadgen\n")
    refused = asked.script("run", *GIVEN)
    assert refused.returncode == 2
    assert f"found apiservice/{API} deployment.apps/vsock-loadgen in namespace stackrox, expected none" in refused.stderr
    assert asked.calls() == []
    assert asked.script("run", *GIVEN, "--replace").returncode == 0
    assert asked.calls()[0] == f"delete --cascade=foreground --wait apiservice/{API} deployment.apps/vsock-loadgen"


def test_a_cluster_that_does_not_say_whose_it_is_is_left_alone(asked: Cluster) -> None:
    asked.put(".", "refused", "get")
    done = asked.script("run", *GIVEN, "--clean")
    assert done.returncode == 2
    assert asked.calls() == []


def test_what_a_killed_run_left_is_removed_in_the_same_order_and_without_an_image(asked: Cluster) -> None:
    asked.put(".", "apiservice", OURS)
    done = asked.script("run", "-c", "fleet.yaml", "-o", "pull", "--clean")
    assert done.returncode == 0, done.stderr
    assert verbs(asked) == [API_GOES, VMS[1], "delete --ignore-not-found --wait=false"]


def test_a_clean_up_of_another_overlay_removes_what_it_puts_there(cluster: Cluster) -> None:
    done = cluster.script("run", "-c", "fleet.yaml", "--clean")
    assert done.returncode == 0, done.stderr
    assert verbs(cluster) == ["delete --ignore-not-found --wait=false"]


def test_what_is_kept_is_all_but_the_api_service(asked: Cluster) -> None:
    assert asked.script("run", *GIVEN, "--keep").returncode == 0
    assert [call for call in verbs(asked) if "delete" in call] == [API_GOES]


def test_vms_that_cannot_be_put_there_end_it_before_anything_answers(asked: Cluster) -> None:
    done = asked.script("run", *GIVEN, extra={"VMS_EXIT_CODE": "2"})
    assert done.returncode != 0
    assert "apply" not in verbs(asked)
    assert verbs(asked)[:2] == [VMS[0], API_GOES]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_the_snapshot_and_the_same_clean_up(asked: Cluster, number: int) -> None:
    path = asked.folder / "pods" / "vsock-loadgen-0.json"
    result = json.loads(path.read_text())
    verdict = {"status": "invalid", "reasons": ["the run has not ended: this is a snapshot"], "exit_code": 1}
    path.write_text(json.dumps(result | {"complete": False, "verdict": verdict}, indent=1) + "\n")
    process = asked.start("run", *GIVEN)
    while not (asked.folder / "asked").exists():
        assert process.poll() is None
        time.sleep(0.05)
    os.kill(process.pid, number)
    _, said = process.communicate(timeout=TIMEOUT_SECONDS)
    assert process.returncode == 1, said
    assert json.loads((asked.folder / "results" / "whole.json").read_text())["complete"] is False
    assert verbs(asked)[-3:] == [API_GOES, VMS[1], "delete --ignore-not-found --wait=false"]


def test_an_api_service_that_does_not_go_is_named(asked: Cluster) -> None:
    asked.put(".", "refused", "delete")
    done = asked.script("run", *GIVEN)
    assert done.returncode == 1
    assert f"see to it that this is deleted: kubectl delete apiservice {API}" in done.stderr


@pytest.mark.parametrize("missing", ["vsock-loadgen", "openssl"])
def test_without_what_it_takes_here_nothing_starts(asked: Cluster, missing: str) -> None:
    """A PATH with everything else that the script calls."""
    folder = asked.folder / "bin"
    for name in ("bash", "env", "sed", "awk", "grep", "dirname", "mktemp", "cp", "rm", "cat", "realpath", "openssl"):
        if name != missing:
            found = subprocess.run(["which", name], capture_output=True, text=True, check=True).stdout.strip()
            (folder / name).symlink_to(found)
    if missing == "vsock-loadgen":
        (folder / missing).unlink()
    done = asked.script("run", *GIVEN, extra={"PATH": str(folder)})
    assert done.returncode == 2
    assert f"found no {missing} here" in done.stderr
    assert asked.calls() == []
