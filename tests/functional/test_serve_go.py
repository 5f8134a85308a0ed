"""A fleet that is asked by a TLS stack and a websocket client that are not the server's own: Go's, which API servers have."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from asked import Fleet, request, serving
from certificates import Authority, Pair
from command import TIMEOUT_SECONDS
from vsock_loadgen.payloads.dialects import DIALECTS

pytestmark = pytest.mark.skipif(shutil.which("go") is None, reason="needs go")
SOURCES = Path(__file__).parent / "goasker"
PATH = "/apis/subresources.kubevirt.io/v1/namespaces/default/virtualmachineinstances/loadgen-1/vsock?port=818&tls=true"
NOBODY = ("", "")


@pytest.fixture(name="asker", scope="module")
def _asker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("go")
    own = {"GOPROXY": "off", "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"}
    command = ["go", "build", "-o", str(folder / "asker"), "."]
    built = subprocess.run(command, cwd=SOURCES, env=os.environ | own, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return folder / "asker"


@pytest.fixture(name="authority")
def _authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "ca")


@pytest.fixture(name="fleet")
def _fleet(tmp_path: Path, authority: Authority) -> Iterator[Fleet]:
    pair = authority.pair("server")
    options = ("--tls-cert", pair.certificate, "--tls-key", pair.key, "--client-ca", authority.file)
    fleet = ("--vm-count", "2", "--report-interval", "1h", "--num-packages", "1500")
    with serving(tmp_path, *fleet, "--listen", "https://127.0.0.1:0", *options) as running:
        yield running


def ask(asker: Path, fleet: Fleet, ca: Path, own: Pair | None, version: str) -> subprocess.CompletedProcess[bytes]:
    """What comes of an asking, over TLS of a version."""
    certificate, key = (str(own.certificate), str(own.key)) if own else NOBODY
    command = [str(asker), f"{fleet.host}:{fleet.port}", PATH, str(ca), certificate, key, version]
    return subprocess.run(command, input=request(), capture_output=True, timeout=TIMEOUT_SECONDS, check=False)


@pytest.mark.parametrize("version", ["1.3", "1.2"])
def test_go_gets_a_whole_report_and_gives_a_receipt(version: str, asker: Path, fleet: Fleet, authority: Authority) -> None:
    ended = ask(asker, fleet, authority.file, authority.pair("aggregator"), version)
    assert ended.returncode == 0, ended.stderr
    said = DIALECTS["token"].response(ended.stdout)
    assert len(said.report.contents.packages) == 1_500
    tls, _, rest = ended.stderr.decode().strip().rpartition(" plain.kubevirt.io ")
    assert tls == f"TLS {version}"
    assert int(rest) > 20  # messages of 32 KiB
    result = fleet.end()
    assert (result["totals"]["delivered"], result["askings"]["by_end"]["whole"]) == (1, 1)


def test_go_without_a_certificate_is_answered_401(asker: Path, fleet: Fleet, authority: Authority) -> None:
    ended = ask(asker, fleet, authority.file, None, "1.3")
    assert (ended.returncode, ended.stderr) == (3, b"401\n")
    assert fleet.end()["askings"]["by_end"]["401"] == 1
