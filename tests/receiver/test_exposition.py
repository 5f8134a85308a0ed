"""The relay's counters over HTTP, and the receiver's count in them."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from command import TIMEOUT_SECONDS
from fake_reports import encode_text
from ports import free_port
from receiver.driven_receiver import stand
from vsock_loadgen.asking.target_counters import RELAY, parse, scrape
from vsock_loadgen.config.address import UnixAddress
from vsock_loadgen.errors import TargetError
from vsock_loadgen.receiver.behaviour import Behaviour
from vsock_loadgen.receiver.exposition import exposition
from vsock_loadgen.results.reconciliation import TargetCounters
from vsock_loadgen.transport.exposing import exposing

NUMBER = st.integers(0, 2**50)
SOME = TargetCounters(accepted=7, received=5, mismatching_cid=1, rate_limited=2, no_handler=1, forwarded=3)


@pytest.fixture
def url() -> Iterator[str]:
    with exposing(free_port(), lambda started: exposition(SOME, started)) as served:
        yield served


@given(st.builds(TargetCounters, **dict.fromkeys(TargetCounters.__dataclass_fields__, NUMBER)), st.floats(0, 2e9))
def test_what_is_shown_is_read_back(counters: TargetCounters, process_start: float) -> None:
    read = parse(RELAY, exposition(counters, process_start).encode())
    assert read.counters == counters
    assert read.process_start == pytest.approx(process_start, abs=1e-3)


def test_a_page_is_served_and_scraped(url: str) -> None:
    first, second = scrape(RELAY, url), scrape(RELAY, url)
    assert first.counters == SOME
    assert first.process_start == second.process_start


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/metrics", 200), ("HEAD", "/metrics", 200), ("GET", "/", 404), ("POST", "/metrics", 405)],
)
def test_there_is_one_page_to_read(url: str, method: str, path: str, status: int) -> None:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=TIMEOUT_SECONDS)
    connection.request(method, path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.status == status
    assert bool(body) is (method != "HEAD")


def test_a_client_that_says_nothing_keeps_neither_others_nor_the_end_waiting(url: str) -> None:
    parts = urlsplit(url)
    assert parts.hostname is not None
    with socket.create_connection((parts.hostname, parts.port), timeout=TIMEOUT_SECONDS):
        assert scrape(RELAY, url).counters == SOME


def test_a_port_that_is_taken_is_refused_with_the_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(TargetError, match=f"127.0.0.1:{port}.*\n.*--metrics-port"), exposing(port, str):
            pass


def test_a_receiver_counts_as_the_relay_does(tmp_path: Path) -> None:
    behaviour = Behaviour(checked_cid=3, most_reports_a_minute=1.0)
    with stand(UnixAddress(str(tmp_path / "sock")), behaviour) as opened:
        for data in (encode_text(3, 1), encode_text(3, 1), encode_text(4, 1), b"rubbish", b""):
            opened.client(data, ends=True)
            opened.turn()
        counters, receipt = opened.receiver.counters(), opened.receiver.receipt()
    assert counters == TargetCounters(accepted=5, received=2, mismatching_cid=1, rate_limited=1, forwarded=1)
    assert (receipt.reports, receipt.mismatching_cid, receipt.rate_limited, receipt.malformed, receipt.empty) == (3, 1, 1, 1, 1)


def test_a_connection_that_waits_for_a_handler_in_vain_is_a_failed_acquisition(tmp_path: Path) -> None:
    with stand(UnixAddress(str(tmp_path / "sock")), Behaviour(most_connections=1, wait_for_handler_ns=0)) as opened:
        for _ in range(3):
            opened.client(b"7:")
        opened.turn()
        assert opened.receiver.counters() == TargetCounters(accepted=3, no_handler=2)
