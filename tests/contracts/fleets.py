"""Fleets whose plans are pinned VM by VM, beside the examples."""

from __future__ import annotations

from pathlib import Path

PLAIN = """\
loadgen:
  vmCount: 50
  target: embedded
  jitter: 5
  packages: {buckets: [{percent: 70, value: 500}, {percent: 22, value: 1000}, {percent: 8, value: 1500}]}
  reportInterval: {mean: 60s, stddev: 10s, min: 30s, max: 2m}
"""
PROFILED = """\
loadgen:
  vmCount: 50
  target: embedded
  packages: {min: 100, p50: 480, p95: 1400, max: 4000}
  profiles:
    - {name: dev, percent: 52.5, reportInterval: {buckets: [{percent: 75, value: 30s}, {percent: 25, value: 5m}]}}
    - {name: prod, percent: 37.5, packages: 900, reportInterval: 60s, synchronized: true, offset: 30s, jitter: 1}
    - name: odd
      percent: 10
      packages: {buckets: [{percent: 50, value: 7}, {percent: 50, distribution: {mean: 500, stddev: 50, min: 300, max: 700}}]}
      packageSets: perVM
      reportInterval:
        buckets:
          - {percent: 50, value: 30s, synchronized: true, offset: 7s}
          - {percent: 50, distribution: {min: 5s, p50: 30s, p99.9: 100s, max: 2m}, jitter: 20}
"""
PHASED = """\
loadgen:
  vmCount: 50
  target: embedded
  packages: 700
  reportInterval: 60s
  timeScale: 2.5
  phases:
    - {name: ramp, duration: 2m, rate: {from: 0.5, to: 3}}
    - {name: half, duration: 1m, vms: {from: 100, to: 50}}
  repeatPhases: true
"""
FLEETS = {"plain": PLAIN, "profiled": PROFILED, "phased": PHASED}


def write_fleet(name: str) -> Path:
    """One of them as a file in the current folder."""
    path = Path(f"{name}.yaml")
    path.write_text(FLEETS[name], encoding="utf-8")
    return path
