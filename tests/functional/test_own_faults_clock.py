"""The wall clock is stepped while a run goes on, as network time does: nothing that the run counts or measures follows it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from command import TIMEOUT_SECONDS
from watched import accounts, watched

STEPPING = (
    "import time",
    "readings, now, now_ns = [0], time.time, time.time_ns",
    "def step_ns():",
    "    readings[0] += 1",
    "    return STEPS[readings[0] % len(STEPS)] * 10**9",
    "time.time = lambda: now() + step_ns() / 1e9",
    "time.time_ns = lambda: now_ns() + step_ns()",
)
"""A wall clock that shows another time with every look at it. The machine's own is left alone."""


VMS = 60
"""Fewer than a worker starts at once: wherever the run's second begins, what is due at its last moment is started as a whole."""
FLEET = """
loadgen:
  vmCount: {vms}
  packages: 5
  jitter: 0
  reportInterval:
    buckets:
      - {{percent: 100, value: 1s, synchronized: {in_step}}}
"""


@pytest.mark.parametrize(
    ("steps", "synchronized"),
    [((0, 3600), False), ((0, -3600), False), ((0, 3600), True), ((0, 86_400, -86_400, 1, -1), True)],
    ids=["forth", "back", "forth, VMs in step", "both ways, VMs in step"],
)
def test_a_run_measures_and_counts_the_same_whatever_the_wall_clock_does(
    steps: Sequence[int], synchronized: bool, tmp_path: Path
) -> None:
    out = tmp_path / "r.json"
    config = tmp_path / "fleet.yaml"
    config.write_text(FLEET.format(vms=VMS, in_step=str(synchronized).lower()))
    options = ("--target", "embedded", "--metrics-port", "0", "--duration", "1s", "--result", out)
    with watched("run", "--config", config, *options, setup=(f"STEPS = {steps}", *STEPPING)) as run:
        ended = run.ended()
    result = accounts(out)
    totals = result["totals"]
    assert ended.code == 0, ended.log
    assert totals["due"] == totals["delivered"] == result["receiver"]["reports"] == VMS
    # What follows the wall clock is off by an hour or a day. What does not is no longer than the test has waited for the run.
    assert 1 <= result["elapsed_seconds"] < TIMEOUT_SECONDS
    for times in ("response_time_seconds", "service_time_seconds", "lag_seconds"):
        assert 0 <= result[times]["max"] < TIMEOUT_SECONDS
    seconds = [row["t"] for row in result["series"]]
    assert seconds == sorted(seconds)
    assert seconds[-1] - seconds[0] < TIMEOUT_SECONDS
    assert sum(row["due"] for row in result["series"]) == VMS
