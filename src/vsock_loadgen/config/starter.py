"""The commented config that `init` prints."""

from __future__ import annotations

STARTER = """\
# yaml-language-server: $schema=loadgen.schema.json
# With `vsock-loadgen schema -o loadgen.schema.json` beside it, an editor completes and checks this file.
#
# Config of vsock-loadgen. Everything stands under `loadgen:`; a key that is left out has the default shown here.
# Check it with `vsock-loadgen plan --config FILE`, which sends nothing.
loadgen:
  # The fleet: how many VMs there are in all.
  vmCount: 200

  # Packages of a VM's report. One number for all (`packages: 700`), or shares of the fleet that add up to exactly 100:
  packages:
    buckets:
      - {percent: 70, value: 500}
      - {percent: 20, value: 1000}
      - {percent: 8, value: 1500}
      - {percent: 2, value: 2000}
  # or a normal distribution:  packages: {mean: 700, stddev: 200, min: 100, max: 2000}
  # or measured quantiles:     packages: {min: 100, p50: 500, p95: 1500, p99: 2500, max: 3000}

  # Time between two reports of a VM, in the same forms, with durations in place of numbers.
  reportInterval: 60s

  # A report comes up to this many percent of the interval earlier or later.
  # jitter: 5

    # In place of the two blocks above, if packages and intervals belong together: named shares of the fleet.
  # profiles:
  #   - {name: dev, percent: 60, packages: 400, reportInterval: 5m}
  #   - {name: prod, percent: 40, packages: 900, reportInterval: 1m}
  # A profile, or a bucket of reportInterval, with `synchronized: true, offset: 30s` reports in step with the wall clock.

  # Load that changes: rate is a factor on how often VMs report, vms the percentage of them that is switched on.
  # phases:
  #   - {name: ramp, duration: 10m, rate: {from: 0.1, to: 1}}
  #   - {name: peak, duration: 5m, rate: 3}
  #   - {name: night, duration: 10m, vms: 20}
  # repeatPhases: true    # repeats them after the last one; otherwise the load at its end stays

  # One start for all nodes, an instant with its offset from UTC, such as 2026-11-23T08:00:00Z. Without it a run starts at once.
  # startAt:

  # The same seed gives the same VMs the same values at the same moments, on every run and every node.
  seed: 0

  # vmReport is what the relay reads since ACS 4.10; indexReport (the default) is what that of ACS 4.9 reads.
  reportFormat: vmReport

  # Packages to report in place of the built-in ones.
  # packageCatalog: rpms.txt    # a path from the folder of this file
  # discoveredData: {detectedOs: RHEL, osVersion: "9.4", activationStatus: ACTIVE, dnfMetadataStatus: AVAILABLE}

  # own: every report carries the CID of the real VM that the generator runs in.
  # cids: assigned

  # `plan` warns above these limits: auto is that of the real pipeline, none takes a limit away.
  # limits: {maxReportBytes: auto, reportsPerMinutePerVm: 1, clusterReportsPerSecond: 0.3, vmsPerNode: auto, descriptors: auto}

  # Where reports go: embedded (a receiver that the run starts for itself), unix:///PATH, tcp://HOST:PORT, vsock://CID:PORT.
  # The default is the relay on this machine, vsock://1:818.
  target: embedded

  # The target's own counters, asked before and after the run to know what arrived. ${NAME} is a variable of the environment.
  # reconcile: {url: "http://${HOST_IP}:9091/metrics"}

  # confirmed: the peer closed after the end of the report. written: the last byte was handed to the kernel.
  # delivery: confirmed
  # requestTimeout: 10s

  # How long to run; left out or 0: until stopped.
  duration: 5m

  # Processes that send: auto, or a number.
  # workers: auto

  # Divides every interval, to see in a minute what takes an hour.
  # timeScale: 1

  # What the target has to achieve. If one is missed, the verdict is failed and the exit code 3.
  # thresholds:
  #   - response_time.p99 < 500ms
  #   - failed_percent < 0.1
  # abortOnFail: true     # stops the run as soon as one is missed, once abortGrace is over
  # abortGrace: 30s

  # A line of statistics this often, and Prometheus metrics on this port (0 turns them off).
  # statsInterval: 10s
  # metricsPort: auto
"""
