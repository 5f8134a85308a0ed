"""A fleet that is asked over TLS: who has a certificate of the right CA may ask, and everybody may look."""

from __future__ import annotations

import json
import ssl
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus

from asked import Fleet, answer, request, send, serving
from certificates import Authority, Pair
from command import TIMEOUT_SECONDS, vsock_loadgen

FLEET = ("--vm-count", "3", "--report-interval", "1h", "--num-packages", "50")


@pytest.fixture(name="authority")
def _authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "front-proxy-ca")


@pytest.fixture(name="server")
def _server(tmp_path: Path) -> tuple[Authority, Pair]:
    authority = Authority(tmp_path, "serving-ca")
    return authority, authority.pair("server")


@pytest.fixture(name="fleet")
def _fleet(tmp_path: Path, authority: Authority, server: tuple[Authority, Pair]) -> Iterator[Fleet]:
    pair = server[1]
    options = ("--tls-cert", pair.certificate, "--tls-key", pair.key, "--client-ca", authority.file, "--client-name", "aggregator")
    with serving(tmp_path, *FLEET, "--listen", "https://127.0.0.1:0", *options) as fleet:
        yield fleet


def trusting(server: tuple[Authority, Pair], own: Pair | None = None) -> ssl.SSLContext:
    """An asker that knows the server's CA, with a certificate of its own if it has one."""
    context = ssl.create_default_context(cafile=server[0].file)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if own is not None:
        context.load_cert_chain(own.certificate, own.key)
    return context


def test_who_has_a_certificate_and_an_allowed_name_is_answered(
    fleet: Fleet, server: tuple[Authority, Pair], authority: Authority
) -> None:
    with fleet.connect(1, ssl=trusting(server, authority.pair("aggregator"))) as ws:
        send(ws, request())
        assert len(answer(ws).report.contents.packages) == 50
    assert fleet.end()["totals"]["delivered"] == 1


@pytest.mark.parametrize("name", [None, "somebody"])
def test_who_has_none_or_another_name_may_look_and_not_ask(
    fleet: Fleet, server: tuple[Authority, Pair], authority: Authority, name: str | None
) -> None:
    context = trusting(server, authority.pair(name) if name else None)
    with pytest.raises(InvalidStatus) as refused:
        fleet.connect(0, ssl=context)
    assert refused.value.response.status_code == 401
    assert json.loads(refused.value.response.body or b"")["reason"] == "Unauthorized"
    for path in ("/healthz", "/apis/subresources.kubevirt.io/v1"):
        with urllib.request.urlopen(fleet.url + path, context=context, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
            assert response.status == 200
    result = fleet.end()
    assert result["askings"]["by_end"]["401"] == result["askings"]["askings"] == 1
    assert result["totals"]["failed"] == 0


def test_a_certificate_of_another_ca_is_no_certificate(fleet: Fleet, server: tuple[Authority, Pair]) -> None:
    with (
        pytest.raises((OSError, EOFError, ConnectionClosed, InvalidMessage)),
        fleet.connect(0, ssl=trusting(server, server[0].pair("aggregator"))),
    ):
        pass
    assert fleet.end()["askings"]["by_kind"]["whole"] == 0


def test_scrape_asks_over_tls(fleet: Fleet, server: tuple[Authority, Pair], authority: Authority) -> None:
    own = authority.pair("aggregator")
    ended = vsock_loadgen(
        *("scrape", fleet.url, *FLEET, "--duration", "1s", "--format", "json", "--sensor-release", "august"),
        *("--ca", server[0].file, "--client-cert", own.certificate, "--client-key", own.key),
    )
    assert ended.returncode == 0, ended.stderr
    scraped = json.loads(ended.stdout)
    assert (scraped["reports"], scraped["failures"]) == (3, {})
    assert fleet.end()["totals"]["delivered"] == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--listen", "https://127.0.0.1:0"), "needs --tls-cert and --tls-key"),
        (("--listen", "http://127.0.0.1:0", "--tls-cert", "a"), "certificates are for TLS"),
        (("--listen", "https://127.0.0.1:0", "--tls-cert", "a", "--tls-key", "b", "--client-name", "c"), "needs --client-ca"),
        (("--listen", "https://127.0.0.1:0", "--tls-cert", "/nowhere/a", "--tls-key", "/nowhere/b"), "cannot be used"),
        (("--listen", "https://127.0.0.1:0", "--tls-cert", "a", "--tls-key", "b", "--asker", "embedded"), "asks over http"),
    ],
)
def test_what_does_not_fit_is_said_in_a_message(arguments: tuple[str, ...], said: str) -> None:
    ended = vsock_loadgen("serve", "--metrics-port", "0", *arguments)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
