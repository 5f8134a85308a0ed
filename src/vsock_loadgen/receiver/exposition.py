"""The relay's counters as Prometheus reads them."""

from __future__ import annotations

from vsock_loadgen.results.reconciliation import PROCESS_START, RELAY_PREFIX, TargetCounters


def exposition(counters: TargetCounters, process_start: float) -> str:
    """The counters under the relay's names, in Prometheus' text format; `process_start` is seconds since the epoch."""
    lines = [f"# TYPE {PROCESS_START} gauge", f"{PROCESS_START} {process_start:.3f}"]
    for name, labels, value in (
        ("connections_accepted_total", "", counters.accepted),
        ("index_reports_received_total", "", counters.received),
        ("index_reports_mismatching_vsock_cid_total", "", counters.mismatching_cid),
        ("reports_rate_limited_total", '{reason="normal"}', counters.rate_limited),
        ("sem_acquisition_failures_total", '{reason="concurrency_limit"}', counters.no_handler),
        ("index_reports_sent_total", '{failed="false"}', counters.forwarded),
        ("index_reports_sent_total", '{failed="true"}', counters.not_forwarded),
    ):
        kind = f"# TYPE {RELAY_PREFIX}{name} counter"
        lines += [kind] * (kind not in lines) + [f"{RELAY_PREFIX}{name}{labels} {value}"]
    return "\n".join(lines) + "\n"
