"""Asks the target for its own counters before and after a run, as Prometheus would.

No proxy, no redirect: only the host in the URL is asked. An answer is read within a time and a size limit.
"""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from vsock_loadgen.config.places import shorten
from vsock_loadgen.config.reconcile import CountersUrl
from vsock_loadgen.log import Log
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.record import Summed
from vsock_loadgen.results.reconciliation import PROCESS_START, RELAY_PREFIX, Reconciliation, TargetCounters
from vsock_loadgen.transport.direct import direct_opener

TIMEOUT_SECONDS = 5.0
MOST_BYTES = 16 * 1024 * 1024
SETTLE_SECONDS = 5.0
_STEP_SECONDS = 0.25
_CHUNK_BYTES = 64 * 1024
_LONGEST_REASON = 200  # a reason may quote what the target answered
_ALWAYS_THERE = ("connections_accepted_total", "index_reports_received_total")  # the others appear with their first count


class ScrapeError(Exception):
    """The counters could not be read; the message says why."""


class Compared(Protocol):
    """A run beside the counters."""

    @property
    def is_settled(self) -> bool:
        """Whether waiting for the other end to catch up would change nothing."""


C = TypeVar("C", bound=Summed)
R = TypeVar("R", bound=Compared)


@dataclass(frozen=True, slots=True)
class Scrape(Generic[C]):
    """The counters at one moment; `process_start` tells one process of the target from the next, None if it is not given."""

    counters: C
    process_start: float | None


@dataclass(frozen=True, slots=True)
class Source(Generic[C, R]):
    """Whose counters they are. `counters` makes them of the samples whose names begin with `prefix`, and raises ScrapeError if they
    are not there; `reconciled` compares a run with their growth."""

    prefix: str
    counters: Callable[[Sequence[Sample]], C]
    reconciled: Callable[[str, Counts, C | None, str], R]


def scrape(source: Source[C, R], url: str, *, timeout_seconds: float = TIMEOUT_SECONDS, most_bytes: int = MOST_BYTES) -> Scrape[C]:
    """The counters at a URL now. Raises ScrapeError; takes about twice the timeout at most."""
    return parse(source, _get(url, timeout_seconds, most_bytes))


def _get(url: str, timeout_seconds: float, most_bytes: int) -> bytes:
    deadline = time.monotonic() + timeout_seconds
    request = urllib.request.Request(url, headers={"Accept": "text/plain;version=0.0.4"})  # noqa: S310 (the opener takes only http and https)
    content = bytearray()
    try:
        with direct_opener().open(request, timeout=timeout_seconds) as answer:
            while chunk := answer.read1(_CHUNK_BYTES):
                content += chunk
                if len(content) > most_bytes:
                    raise ScrapeError(f"answers with more than {most_bytes:,} bytes, expected the target's metrics")
                if time.monotonic() > deadline:
                    raise ScrapeError(f"did not finish its answer within {timeout_seconds:g} s")
    except urllib.error.HTTPError as error:
        error.close()
        raise ScrapeError(f"answers with status {error.code}, expected 200") from None
    except (urllib.error.URLError, OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise ScrapeError(f"cannot be read: {shorten(str(reason), _LONGEST_REASON) or type(error).__name__}") from None
    return bytes(content)


def parse(source: Source[C, R], content: bytes) -> Scrape[C]:
    """The counters in an exposition in Prometheus' text format. Raises ScrapeError."""
    # Only the lines that count are parsed: the process of a target has thousands of others.
    wanted = (source.prefix.encode(), PROCESS_START.encode())
    lines = [line for line in content.splitlines() if line.startswith(wanted)]
    try:
        families = text_string_to_metric_families(b"\n".join([*lines, b""]).decode())
        samples = [sample for family in families for sample in family.samples]
        counters = source.counters(samples)
    except (ValueError, OverflowError, KeyError, IndexError) as error:
        raise ScrapeError(f"has metrics that cannot be read: {shorten(str(error), _LONGEST_REASON)}") from None
    return Scrape(counters, next((sample.value for sample in samples if sample.name == PROCESS_START), None))


def _counters(samples: Sequence[Sample]) -> TargetCounters:
    for wanted in _ALWAYS_THERE:
        if not any(sample.name == RELAY_PREFIX + wanted for sample in samples):
            raise ScrapeError(f"has no counter {RELAY_PREFIX}{wanted}, expected the metrics of a relay")
    sums = dict.fromkeys(TargetCounters.__dataclass_fields__, 0)
    for sample in samples:
        name = _field_of(sample)
        if name is not None:
            sums[name] += int(sample.value)
    return TargetCounters(**sums)


def _field_of(sample: Sample) -> str | None:
    match sample.name.removeprefix(RELAY_PREFIX):
        case "connections_accepted_total":
            return "accepted"
        case "index_reports_received_total":
            return "received"
        case "index_reports_mismatching_vsock_cid_total":
            return "mismatching_cid"
        case "reports_rate_limited_total":
            return "rate_limited"
        case "sem_acquisition_failures_total":
            return "no_handler"
        case "index_reports_sent_total":
            return "not_forwarded" if sample.labels.get("failed") == "true" else "forwarded"
        case _:
            return None


RELAY = Source(RELAY_PREFIX, _counters, Reconciliation.of)
"""The relay of releases up to ACS 4.11."""


class Reconciler(Generic[C, R]):
    """Scrapes a target before a run and after it. A scrape that fails is a warning, and the reconciliation says so."""

    def __init__(
        self,
        source: Source[C, R],
        url: CountersUrl,
        log: Log,
        *,
        take: Callable[[Source[C, R], str], Scrape[C]] = scrape,
        clock_seconds: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._source = source
        self._url = url
        self._log = log
        self._take = take
        self._clock_seconds = clock_seconds
        self._sleep = sleep
        self._before: Scrape[C] | None = None
        self._problem = ""

    def before(self) -> None:
        """Scrape at the start of the run."""
        self._before = self._scraped("before the run")

    def after(self, counts: Counts, hurry: Callable[[], bool]) -> R:
        """Scrape at its end, and repeat while the target still catches up, for at most `SETTLE_SECONDS` and until `hurry` says so.
        `counts` are the final ones."""
        give_up = self._clock_seconds() + SETTLE_SECONDS
        while True:
            found = self._compared(counts)
            if found.is_settled or hurry() or self._clock_seconds() >= give_up:
                return found
            self._sleep(_STEP_SECONDS)

    def _compared(self, counts: Counts) -> R:
        now = self._scraped("after the run") if self._before else None
        if now is None or self._before is None:
            return self._source.reconciled(self._url.shown, counts, None, self._problem)
        if now.process_start != self._before.process_start:
            return self._source.reconciled(
                self._url.shown, counts, None, "the target was restarted during the run, which reset its counters"
            )
        return self._source.reconciled(self._url.shown, counts, now.counters - self._before.counters, "")

    def _scraped(self, when: str) -> Scrape[C] | None:
        try:
            return self._take(self._source, self._url.address)
        except ScrapeError as error:
            self._problem = f"{self._url.shown}, {when}: {self._url.without_values(str(error))}"
            self._log.alert(f"reconcile: {self._problem}; what arrived will not be known", "reconcile", {"problem": self._problem})
            return None
