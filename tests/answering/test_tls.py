"""Who may ask: handshakes in memory, with a server whose CA of askers is replaced between them."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from certificates import Authority, Pair
from vsock_loadgen.answering.tls import AskerWatch, Gate, Tls
from vsock_loadgen.cluster.front_proxy import FrontProxy
from vsock_loadgen.errors import ClusterError, ConfigError

NAME = "front-proxy-client"
USER = {"X-Remote-User": "sensor"}


class Certificates:
    """The server's own, and two CAs of askers: one after the other."""

    def __init__(self, folder: Path) -> None:
        self.serving = Authority(folder, "serving-ca")
        self.first, self.second = (Authority(folder, f"front-proxy-ca-{number}") for number in (1, 2))

    def askers(self, *authorities: Authority) -> FrontProxy:
        return FrontProxy("".join(each.file.read_text() for each in authorities), frozenset({NAME}), ("X-Remote-User",))

    def gate(self, askers: FrontProxy | None) -> Gate:
        pair = self.serving.pair("server")
        return Gate(pair.certificate, pair.key, askers)


@pytest.fixture(name="known")
def _known(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path)


def shaken(known: Certificates, gate: Gate, own: Pair | None, server_name: str | None = None) -> Any:
    """What the server knows of the asker's certificate after a handshake; raises SSLError."""
    asking = ssl.create_default_context(cafile=str(known.serving.file))
    asking.verify_flags &= ~ssl.VERIFY_X509_STRICT
    asking.check_hostname = False
    if own is not None:
        asking.load_cert_chain(own.certificate, own.key)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = asking.wrap_bio(to_client, to_server, server_hostname=server_name)
    server = gate.context.wrap_bio(to_server, to_client, server_side=True)
    left = [client.do_handshake, server.do_handshake]
    for _ in range(10):
        left = [step for step in left if not done(step)]
    assert not left
    return server.getpeercert()


def done(step: Callable[[], None]) -> bool:
    try:
        step()
    except ssl.SSLWantReadError:
        return False
    return True


@pytest.mark.parametrize("server_name", [None, "vsock-loadgen-api.stackrox.svc"])
def test_a_new_ca_holds_for_the_next_connection_and_the_one_before_no_more(known: Certificates, server_name: str | None) -> None:
    """Also between them, while both are allowed; whether the asker names the server or not."""
    gate = known.gate(known.askers(known.first))
    old, new = known.first.pair("old"), known.second.pair("new")
    assert shaken(known, gate, old, server_name)
    with pytest.raises(ssl.SSLError):
        shaken(known, gate, new, server_name)
    assert gate.admit(known.askers(known.first, known.second))
    assert shaken(known, gate, old, server_name)
    assert shaken(known, gate, new, server_name)
    assert gate.admit(known.askers(known.second))
    assert not gate.admit(known.askers(known.second))
    with pytest.raises(ssl.SSLError):
        shaken(known, gate, old, server_name)
    assert shaken(known, gate, new, server_name)


@pytest.mark.parametrize(
    ("name", "headers", "may_ask"),
    [(NAME, USER, True), (None, USER, False), ("somebody", USER, False), (NAME, {}, False), (NAME, {"X-Remote-User": ""}, False)],
)
def test_whoever_has_an_allowed_name_and_says_for_whom_may_ask(
    known: Certificates, name: str | None, headers: dict[str, str], may_ask: bool
) -> None:
    """All others are let in, to look."""
    gate = known.gate(known.askers(known.first))
    certificate = shaken(known, gate, known.first.pair(name) if name else None)
    assert gate.admits(certificate, headers) is may_ask


def test_where_no_names_and_headers_are_said_any_will_do(known: Certificates) -> None:
    gate = known.gate(FrontProxy(known.first.file.read_text()))
    assert gate.admits(shaken(known, gate, known.first.pair("whoever")), {})
    assert not gate.admits(shaken(known, gate, None), USER)


def test_without_a_ca_everybody_may_ask(known: Certificates) -> None:
    gate = known.gate(None)
    assert gate.admits(shaken(known, gate, None), {})


def test_a_look_that_fails_leaves_all_as_it_was_and_is_said_once(known: Certificates, caplog: pytest.LogCaptureFixture) -> None:
    """A cluster that does not answer, and a CA that is none."""
    first, second = known.askers(known.first), known.askers(known.second)
    broken = ClusterError("no answer", "wait")
    answers: list[FrontProxy | ClusterError] = [broken, broken, FrontProxy("no certificate"), first, broken, second, second]

    def read() -> FrontProxy:
        answer = answers.pop(0)
        if isinstance(answer, ClusterError):
            raise answer
        return answer

    gate = known.gate(first)
    watch = AskerWatch(gate, read)
    pair = known.first.pair("old")
    said = []
    for _ in range(5):
        caplog.clear()
        watch.look()
        said.append(len(caplog.records))
        assert shaken(known, gate, pair)
    assert said == [1, 0, 1, 0, 1]
    for expected in (1, 0):
        caplog.clear()
        watch.look()
        assert len(caplog.records) == expected
    with pytest.raises(ssl.SSLError):
        shaken(known, gate, pair)


def test_only_what_is_followed_is_read_again(known: Certificates) -> None:
    pair, askers = known.serving.pair("server"), known.askers(known.first)
    for is_followed in (True, False):
        tls = Tls(pair.certificate, pair.key, lambda: askers, is_followed=is_followed)
        assert (tls.watch(tls.gate()) is not None) is is_followed


def test_a_ca_that_is_none_is_refused(known: Certificates) -> None:
    with pytest.raises(ConfigError, match="the CA of askers cannot be used"):
        known.gate(FrontProxy("no certificate"))
