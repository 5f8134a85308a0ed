"""Each fault of a fleet that is asked, in both dialects: both ends count it, and nothing is left unexplained."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from asked import balanced, explained
from command import vsock_loadgen

AT_ASKER = {
    "notReady": ("errors", "not_ready"),
    "busy": ("errors", "busy"),
    "internal": ("errors", "internal"),
    "unknownMethod": ("errors", "unknown_method"),
    "dialError": ("failures", "dial_error"),
    "drop": ("failures", "read_error"),
    "truncated": ("failures", "read_error"),
    "stalled": ("failures", "timeout"),
    "oversized": ("failures", "read_error"),
}
"""Where an asker counts what a fault does to it."""
AT_AGENT = {"notReady": "not_ready", "unknownMethod": "unknown_method", "dialError": "500"}


@pytest.mark.parametrize("dialect", ["token", "generation"])
@pytest.mark.parametrize("fault", AT_ASKER)
def test_a_fault_is_counted_at_both_ends_and_ends_no_report(fault: str, dialect: str, tmp_path: Path) -> None:
    out = tmp_path / "result.json"
    ended = vsock_loadgen(
        *("serve", "--asker", "embedded", "--listen", "http://127.0.0.1:0", "--metrics-port", "0", "--result", out),
        *("--vm-count", "12", "--num-packages", "300", "--report-interval", "300ms", "--duration", "2s", "--no-verdict"),
        *("--poll-interval", "200ms", "--tick-interval", "20ms", "--initial-backoff", "100ms", "--vm-timeout", "300ms"),
        *("--set", f"serve.faults.{fault}=40", "--set", f"serve.dialect={dialect}", "--sensor-release", "august"),
    )
    assert ended.returncode == 0, ended.stderr
    result = json.loads(out.read_text())
    balanced(result)
    explained(result, result["receiver"])
    for groups in result["groups"].values():
        for group in groups:
            balanced(group)
    by_end = {way: count for way, count in result["askings"]["by_end"].items() if count}
    met = by_end.pop(AT_AGENT.get(fault, fault))
    assert met > 0
    seen = result["receiver"]
    where, name = AT_ASKER[fault]
    whole, unproven = by_end.pop("whole"), by_end.get("cut", 0) + by_end.get("no_receipt", 0)
    late = seen["failures"].get("timeout", 0)  # patience may end after the receipt, and before the last piece or the answer is read
    assert whole - late <= seen["reports"] <= whole + unproven  # the run may end, or patience, before the receipt is there
    assert whole > 0
    assert seen["unchanged"] == by_end.pop("unchanged", 0)
    assert seen[where].get(name, 0) + (0 if name == "timeout" else late) >= met
    assert set(by_end) <= {"cut", "busy", "broken_off", "no_receipt", "no_request"}  # what a busy machine does to a short patience
    assert set(result["failures"]) <= {"refused", "broken_off", "no_receipt", "no_request"}
