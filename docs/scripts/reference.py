"""Writes the tables that follow from the code into the documents: run `make docs`, or with --check to have them only compared."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from textwrap import indent

from docs.scripts.config_keys import GROUPS, flag_table, form_table, key_table, most_used_table, nested_table, option_table
from docs.scripts.generated import Parts, put, renew, table
from prometheus_client.metrics_core import Metric

from vsock_loadgen.config.load import load
from vsock_loadgen.config.thresholds import parse_threshold
from vsock_loadgen.distributions import KINDS
from vsock_loadgen.distributions.quantity import PACKAGES, QUANTITIES, REPORT_INTERVAL
from vsock_loadgen.grammar.scalars import flow
from vsock_loadgen.measures.figures import METRICS
from vsock_loadgen.measures.outcome import Mode, classes_of
from vsock_loadgen.preparing import prepare
from vsock_loadgen.results.saturation import SaturationWatch
from vsock_loadgen.results.standing import Standing
from vsock_loadgen.results.thresholds import unjudged
from vsock_loadgen.serving.metrics import Metrics

PROJECT = Path(__file__).resolve().parents[2]
EXAMPLE = PROJECT / "examples" / "dev-and-prod.yaml"
WITH_PHASES = PROJECT / "examples" / "spike.yaml"


def failure_table(mode: Mode = "push") -> str:
    """A row for every class of failure of a mode."""
    rows = [(f"`{failure}`", failure.record.cause, failure.record.remedy) for failure in classes_of(mode)]
    return table(("class", "what happened", "what to do"), rows)


def class_table() -> str:
    """A row for every class of failure, with what the target may know of such a report."""
    rows = [(f"`{failure}`", failure.record.cause, failure.record.at_target) for failure in classes_of("push")]
    return table(("class", "what happened", "what the target sees"), rows)


def figure_table() -> str:
    """A row for every kind of figure that a threshold may be about."""
    units = {"seconds": "a duration", "percent": "percent", "per_second": "reports per second"}
    by_meaning: dict[tuple[str, str], list[str]] = {}
    for metric in METRICS.values():
        by_meaning.setdefault((units[metric.unit], metric.meaning), []).append(f"`{metric.name}`")
    for names in by_meaning.values():
        clock, dot, _ = names[0].strip("`").partition(".")
        names += [f"`{clock}.pNN` of any percentile"] if dot else []
    rows = [(", ".join(names), unit, meaning) for (unit, meaning), names in by_meaning.items()]
    return table(("figure", "limit", "meaning"), rows)


def kind_table() -> str:
    """A row for every kind of distribution."""
    rows = []
    for kind in KINDS:
        examples = [f"`{flow(kind.example(quantity))}`" for quantity in QUANTITIES]
        rows.append((f"`{kind.name}`", kind.noun, *examples))
    return table(("form", "what it is", "of packages", "of report intervals"), rows)


def exposed_table() -> str:
    """A row for every Prometheus metric, under its name in the text format: those of a run, what phases of load add, and what a
    fleet has that is asked."""
    families: dict[str, Metric] = {}
    kinds: tuple[tuple[Path, Mode], ...] = ((EXAMPLE, "push"), (WITH_PHASES, "push"), (EXAMPLE, "pull"))
    for example, mode in kinds:
        for family in _families(example, mode):
            families.setdefault(family.name, family)
    rows = []
    for family in families.values():
        suffix = {"counter": "_total", "info": "_info"}.get(family.type, "")
        labels = sorted({label for sample in family.samples for label in sample.labels} - {"le"})
        rows.append((f"`{family.name}{suffix}`", family.type, ", ".join(f"`{label}`" for label in labels), family.documentation))
    return table(("metric", "type", "labels", "meaning"), rows)


def _families(example: Path, mode: Mode) -> Iterator[Metric]:
    plan, _ = prepare(load(example, environment={}).config)
    standing = Standing((unjudged(parse_threshold("response_time.p99 < 1s")),))
    return Metrics(plan, plan.nodes[0], SaturationWatch(0), mode=mode, standing=lambda: standing).collect()


PARTS: dict[Path, Parts] = {
    PROJECT / "docs" / "config.md": {group: partial(key_table, group) for group in GROUPS}
    | {
        "config": most_used_table,
        "kinds": kind_table,
        "packages": partial(form_table, PACKAGES),
        "intervals": partial(form_table, REPORT_INTERVAL),
        "profiles": partial(nested_table, "profiles"),
        "phases": partial(nested_table, "phases"),
        "figures": figure_table,
        "flags": flag_table,
        "options": option_table,
    },
    PROJECT / "docs" / "metrics.md": {"metrics": exposed_table},
    PROJECT / "docs" / "how-to" / "read-a-report.md": {"failures": failure_table},
    PROJECT / "docs" / "pull.md": {"failures": partial(failure_table, "pull")},
    PROJECT / "docs" / "reliability.md": {"failures at the target": class_table},
}
MONITORING = PROJECT / "deploy" / "monitoring"
RULE = """\
# rules.yaml as an object of the Prometheus operator, which `make docs` writes.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: vsock-loadgen
spec:
"""


def rule_object() -> str:
    """The object of the Prometheus operator that has the rules."""
    rules = (MONITORING / "rules.yaml").read_text()
    return RULE + indent(rules[rules.index("groups:") :], "  ")


if __name__ == "__main__":
    put(MONITORING / "prometheusrule.yaml", rule_object(), "make docs", check="--check" in sys.argv[1:])
    for document, parts in PARTS.items():
        renew(document, parts, "make docs", check="--check" in sys.argv[1:])
