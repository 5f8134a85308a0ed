"""Asking the target for its counters: what it may answer, and what a reconciler makes of it."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from vsock_loadgen.asking.target_counters import RELAY, Reconciler, Scrape, ScrapeError, parse, scrape
from vsock_loadgen.config.reconcile import CountersUrl
from vsock_loadgen.log import Log
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.results.reconciliation import RELAY_PREFIX, TargetCounters

PAGE = f"""\
# HELP go_goroutines Number of goroutines.
go_goroutines 12
process_start_time_seconds 1.7e9
# TYPE {RELAY_PREFIX}connections_accepted_total counter
{RELAY_PREFIX}connections_accepted_total 1.2e+03
{RELAY_PREFIX}index_reports_received_total 1100
{RELAY_PREFIX}index_reports_mismatching_vsock_cid_total 4
{RELAY_PREFIX}index_reports_sent_total{{failed="false"}} 1000
{RELAY_PREFIX}index_reports_sent_total{{failed="true"}} 7
{RELAY_PREFIX}sem_acquisition_failures_total{{reason="concurrency_limit"}} 2
{RELAY_PREFIX}sem_acquisition_failures_total{{reason="unknown"}} 3
{RELAY_PREFIX}reports_rate_limited_total{{reason="normal"}} 60
{RELAY_PREFIX}reports_rate_limited_total{{reason="stale_ack"}} 33
{RELAY_PREFIX}index_report_send_duration_seconds_bucket{{le="+Inf"}} 1007
"""
COUNTERS = TargetCounters(
    accepted=1200, received=1100, mismatching_cid=4, rate_limited=93, no_handler=5, forwarded=1000, not_forwarded=7
)


@contextmanager
def answering(*answers: bytes, then_wait: bool = False) -> Iterator[str]:
    """A server that gives one connection after the other its answer, and then closes it or keeps it."""
    kept: list[socket.socket] = []

    def serve() -> None:
        for answer in answers:
            connection, _ = server.accept()
            connection.recv(65_536)
            connection.sendall(answer)
            if then_wait:
                kept.append(connection)
            else:
                connection.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/metrics"
        thread.join()
        for connection in kept:
            connection.close()


def ok(body: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()


def complaint(act: Callable[[], object]) -> str:
    with pytest.raises(ScrapeError) as raised:
        act()
    return str(raised.value)


def test_a_relays_page_is_read_and_its_reasons_are_added_up() -> None:
    with answering(ok(PAGE)) as url:
        assert scrape(RELAY, url) == Scrape(COUNTERS, 1.7e9)


def test_counters_that_appear_with_their_first_count_are_zero_until_then() -> None:
    page = f"{RELAY_PREFIX}connections_accepted_total 0\n{RELAY_PREFIX}index_reports_received_total 0\n"
    assert parse(RELAY, page.encode()) == Scrape(TargetCounters(), None)


@pytest.mark.parametrize("page", ["", "<html>", "go_goroutines 12\n", f"{RELAY_PREFIX}connections_accepted_total 5\n"])
def test_a_page_without_the_relays_counters_is_not_taken_for_zeros(page: str) -> None:
    assert f"has no counter {RELAY_PREFIX}" in complaint(lambda: parse(RELAY, page.encode()))


@pytest.mark.parametrize("rest", ["", " x", " NaN", " +Inf", '{failed="tr'])
def test_a_line_that_cannot_be_read_is_no_number(rest: str) -> None:
    assert complaint(lambda: parse(RELAY, f"{PAGE}{RELAY_PREFIX}index_reports_sent_total{rest}\n".encode())).startswith(
        "has metrics that"
    )
    assert complaint(lambda: parse(RELAY, PAGE.encode() + RELAY_PREFIX.encode() + b"\xff 1\n")).startswith("has metrics that")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"HTTP/1.1 503 Busy\r\n\r\n", "answers with status 503, expected 200"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n", "answers with status 302, expected 200"),
        (b"rubbish\r\n\r\n", "cannot be read: rubbish"),
        (b"", "cannot be read: Remote end closed connection without response"),
    ],
)
def test_an_answer_that_is_no_page_is_named(answer: bytes, message: str) -> None:
    with answering(answer) as url:
        assert complaint(lambda: scrape(RELAY, url)).strip() == message


def test_nobody_there_is_named() -> None:
    with answering() as url:
        pass
    assert complaint(lambda: scrape(RELAY, url)) == "cannot be read: [Errno 111] Connection refused"


def test_an_answer_is_bounded_in_time_and_in_size() -> None:
    with answering(b"HTTP/1.1 200 OK\r\n\r\npart", then_wait=True) as url:
        assert complaint(lambda: scrape(RELAY, url, timeout_seconds=0.1)) == "cannot be read: timed out"
    with answering(ok(PAGE)) as url:
        assert (
            complaint(lambda: scrape(RELAY, url, most_bytes=100))
            == "answers with more than 100 bytes, expected the target's metrics"
        )


def test_no_proxy_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with answering(ok(PAGE)) as url:
        assert scrape(RELAY, url).counters == COUNTERS


class Target:
    """Answers scrapes from a list, under a clock that its sleeps move."""

    def __init__(self, *answers: Scrape[TargetCounters] | ScrapeError) -> None:
        self.answers = list(answers)
        self.now = 0.0
        self.log = io.StringIO()
        self.reconciler = Reconciler(
            RELAY,
            CountersUrl("http://${T}/", "http://t0ken/", {"T": "t0ken"}),
            Log(self.log),
            take=self.take,
            clock_seconds=lambda: self.now,
            sleep=self.sleep,
        )

    def take(self, source: object, url: str) -> Scrape[TargetCounters]:
        assert url == "http://t0ken/"
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, ScrapeError):
            raise answer
        return answer

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def at(received: int, *, process_start: float | None = 5.0) -> Scrape[TargetCounters]:
    return Scrape(TargetCounters(accepted=received, received=received, forwarded=received), process_start)


TEN = Counts(due=10, started=10, delivered=10)


def test_the_growth_over_the_run_is_held_against_it() -> None:
    target = Target(at(1000), at(1010))
    target.reconciler.before()
    found = target.reconciler.after(TEN, lambda: False)
    assert found.is_proof
    assert found.growth == TargetCounters(accepted=10, received=10, forwarded=10)
    assert target.now == 0


@pytest.mark.parametrize(
    ("scrapes", "is_in_a_hurry", "unexplained", "waited_seconds"),
    [
        ((at(0), at(7), at(9), at(10)), False, 0, 0.5),
        ((at(0), at(7)), False, 3, 5.0),
        ((at(0), at(7), at(10)), True, 3, 0.0),
    ],
)
def test_a_target_that_still_catches_up_is_waited_for_but_not_for_long_and_not_in_a_hurry(
    scrapes: tuple[Scrape[TargetCounters], ...], is_in_a_hurry: bool, unexplained: int, waited_seconds: float
) -> None:
    target = Target(*scrapes)
    target.reconciler.before()
    assert target.reconciler.after(TEN, lambda: is_in_a_hurry).unexplained == unexplained
    assert target.now == waited_seconds


def test_a_restart_is_known_by_the_processs_start_even_where_the_counters_have_passed_the_old_ones() -> None:
    target = Target(at(1), at(11, process_start=6.0))
    target.reconciler.before()
    assert "restarted" in target.reconciler.after(TEN, lambda: False).problem


def test_a_scrape_that_fails_is_one_warning_and_a_problem_of_the_reconciliation() -> None:
    for scrapes, when in (
        ((ScrapeError("t0ken is away"),), "before the run"),
        ((at(0), ScrapeError("t0ken is away")), "after the run"),
    ):
        target = Target(*scrapes)
        target.reconciler.before()
        found = target.reconciler.after(TEN, lambda: False)
        assert found.growth is None
        assert found.problem == f"http://${{T}}/, {when}: ${{T}} is away"
        assert target.log.getvalue().count("warning: reconcile: ") == 1
        assert "t0ken" not in target.log.getvalue()
