"""What the target's metrics endpoint answers: Prometheus' text format."""

from __future__ import annotations

from fuzz.oracle import as_json, hold, hold_one_line
from vsock_loadgen.asking.target_counters import RELAY, Scrape, ScrapeError, parse
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.receiver.exposition import exposition
from vsock_loadgen.results.reconciliation import PROCESS_START, RELAY_PREFIX, Reconciliation, TargetCounters

_SOUND = TargetCounters(accepted=9, received=7, forwarded=5, rate_limited=2)
_COUNTS = Counts(due=7, started=7, delivered=7)
_OURS = (RELAY_PREFIX.encode(), PROCESS_START.encode())


def check(data: bytes) -> None:
    """Counters are read or refused with a sentence; what other metrics a target has does not matter."""
    for content in (data, exposition(_SOUND, 5.0).encode() + data):
        try:
            _hold_counters(parse(RELAY, content))
        except ScrapeError as error:
            hold_one_line(str(error))
    others = b"\n".join(line for line in data.splitlines() if not line.startswith(_OURS))
    hold(parse(RELAY, exposition(_SOUND, 5.0).encode() + others) == Scrape(_SOUND, 5.0), "other metrics do not matter")


def _hold_counters(scrape: Scrape[TargetCounters]) -> None:
    for growth in (scrape.counters - TargetCounters(), TargetCounters() - scrape.counters):
        found = Reconciliation.of("http://h/m", _COUNTS, growth)
        as_json(found.to_json())
        if found.growth is None:
            hold_one_line(found.problem)
            continue
        hold(found.growth.pending >= 0 and found.thrown_away >= 0, "no count is negative", found)
        hold(found.thrown_away_in_words.isprintable(), "what was thrown away can be printed", found)
