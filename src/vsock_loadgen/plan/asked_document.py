"""What an asker would make of a fleet, as a part of the plan's document."""

from __future__ import annotations

from dataclasses import asdict

from vsock_loadgen.plan.asked import AskedForecast, Central
from vsock_loadgen.units import SECOND


def asked_document(asked: AskedForecast) -> dict[str, object]:
    """Times are seconds after any time scale; the asker's settings are before it."""
    return {
        "asker": asked.asker.document(),
        "askings_per_second": asked.askings_per_second,
        "most_askings_per_second": asked.most_askings,
        "starts_per_tick": asked.starts,
        "tick_seconds": asked.tick_ns / SECOND,
        "interval_seconds": asked.interval_ns / SECOND,
        "wanted_interval_seconds": asked.wanted_ns / SECOND,
        "asked_once_after_seconds": asked.asked_once_ns / SECOND,
        "whole_reports_per_second": asked.whole_rate,
        "bytes_per_second": asked.bytes_per_second,
        "response_time_seconds": {f"p{percent}": asked.response_ns(percent) / SECOND for percent in (50, 95, 99)},
        "never_asked_percent": asked.never_asked_percent,
        "never_asked_by_report_interval": [asdict(group) for group in asked.never_asked],
        "timed_out_percent": asked.timed_out_percent,
        "central": asked.central and _central(asked.central),
        "largest_answer_bytes": asked.largest_answer_bytes,
        "most_answer_bytes": asked.most_answer_bytes,
        "oversized": [asdict(group) for group in asked.oversized],
    }


def _central(central: Central) -> dict[str, object]:
    return {
        "reports_per_second": central.rate,
        "bucket": central.bucket,
        "first_reports_after_seconds": central.first_reports_ns / SECOND,
        "refused_percent": central.refused_percent,
    }
