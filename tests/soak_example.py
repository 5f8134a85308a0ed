"""A soak that never took place and in which everything held."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from soak.evidence import Evidence, Injected
from soak.faults import Fault
from soak.receivers import Counted
from soak.samples import RECEIVER, Look, Sample
from soak.visitors import Visits


def result(**changed: Any) -> dict[str, Any]:
    """The document of a run of 100 reports, of which two failed and one was skipped."""
    lag = {"p99": 0.001}
    rows = [{"t": 1_000 + at, "due": 10, "delivered": 9, "failed": 1, "lag_seconds": lag} for at in range(10)]
    totals = {"due": 100, "delivered": 97, "failed": 2, "skipped": 1, "unfinished": 0, "in_flight": 0, "bytes": 9_700}
    return {
        "complete": True,
        "totals": totals,
        "failures": {"reset": 2},
        "lag_seconds": lag,
        "elapsed_seconds": 600.5,
        "verdict": {"status": "passed", "reasons": [], "exit_code": 0},
        "series": rows,
        "series_width_seconds": 1,
    } | changed


def asked(**changed: Any) -> Evidence:
    """The evidence of a fleet that was asked: 99 whole takings, of which two were once more, and two that timed out."""
    ends = {"whole": 99, "busy": 1, "no_receipt": 2, "cut": 0}
    askings = {
        "askings": 102,
        "again": 2,
        "by_kind": {"whole": 99, "unchanged": 0, "errors": 1, "failed": 2, "refused": 0, "cut": 0},
        "by_end": ends,
    }
    said = {
        "result": result(askings=askings | changed.pop("askings", {})),
        "scraped": {"due": 100, "failed": 2, "skipped": 1, "bytes": 9_700},
        "counted": Counted(99, 103, 3, timeouts=2, refused=1),
        "injected": [Injected(Fault(70.0, "nack", 2.0), 70.1, 73.0)],
    }
    return evidence(**{**said, **changed})


def samples(parent_bytes_a_minute: float = 0.0, worker_descriptors_a_minute: float = 0.0) -> list[Sample]:
    """Ten minutes, one sample every two seconds; a fault is on for the first ten seconds of each minute."""
    return [
        Sample(
            float(at),
            at % 60 >= 10,
            300_000,
            {
                "parent": Look(40_000_000 + grown, 50_000_000 + grown, 12 + at % 3),
                "worker 0": Look(
                    30_000_000, 40_000_000, 9 + at % 4 + int(worker_descriptors_a_minute * at / 60) + 500 * (at % 60 < 10)
                ),
                RECEIVER: Look(20_000_000 + 1_000 * at, 30_000_000, 8),
            },
        )
        for at in range(2, 620, 2)
        for grown in [round(parent_bytes_a_minute * at / 60)]
    ]


def evidence(**changed: Any) -> Evidence:
    """The evidence of ten minutes in which all held, but for what is changed."""
    made = Evidence(
        vm_count=200,
        seconds=600.0,
        warm_up_seconds=60.0,
        seed=1,
        interrupted=False,
        result=result(),
        scraped={"due": 100, "delivered": 97, "failed": 2, "skipped": 1, "unfinished": 0, "bytes": 9_700},
        planned=100,
        counted=Counted(97, 100, 3),
        exit_code=0,
        log='{"event": "waiting"}\n',
        left_behind=[],
        injected=[Injected(Fault(70.0, "reset", 2.0), 70.1, 73.0)],
        samples=samples(),
        visits={"scraper": Visits(100, 2)},
    )
    return replace(made, **changed)
