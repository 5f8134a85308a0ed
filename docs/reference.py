"""Writes the parts of the documents that the code knows better: run `make docs`, or with --check to have them only compared.

A part stands between `<!-- generated: NAME -->` and `<!-- end: NAME -->`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic.alias_generators import to_camel

from vsock_loadgen.app import prepare
from vsock_loadgen.config.leaves import Leaf
from vsock_loadgen.config.load import load
from vsock_loadgen.config.schema import BLOCK_LISTS, BLOCKS, LISTS, block_leaves, leaf_of, scalar_keys
from vsock_loadgen.config.section import Section
from vsock_loadgen.measures.outcome import EXPLANATIONS
from vsock_loadgen.measures.saturation import SaturationWatch
from vsock_loadgen.measures.thresholds import METRICS
from vsock_loadgen.telemetry.metrics import Metrics

PROJECT = Path(__file__).resolve().parent.parent
README = PROJECT / "README.md"
METRICS_PAGE = PROJECT / "docs" / "metrics.md"
EXAMPLE = PROJECT / "examples" / "fleet-200.yaml"


def config_table() -> str:
    """A row for every key below `loadgen:`: what it takes, its default, what it means."""
    defaults = {key.key: key.default for key in scalar_keys()}
    rows = []
    for name, field in Section.model_fields.items():
        key = to_camel(name)
        default = defaults.get(key, "")
        if name in BLOCKS:
            rows += block_rows(name)
            continue
        if name in BLOCK_LISTS:
            rows.append((f"`{key}`", "a list of blocks, [described above](#profiles-and-phases)", "", field.description or ""))
            continue
        if name in LISTS:
            rows.append((f"`{key}`", f"a list; each item {LISTS[name].wanted}", "", field.description or ""))
            continue
        what = leaf_of(name).wanted.removesuffix(", such as 1m30s")
        if not any(isinstance(note, Leaf) for note in field.metadata):
            what += ", or {url: URL}" if name == "reconcile" else ", or a distribution"
        rows.append((f"`{key}`", what, f"`{default}`" if default else "", field.description or ""))
    return table(("key", "takes", "default", "meaning"), rows)


def block_rows(name: str) -> list[tuple[str, str, str, str]]:
    """A row for every key of a block."""
    block, leaves = BLOCKS[name], block_leaves(name)
    rows = []
    for field_name, field in block.model_fields.items():
        leaf = leaves[field_name]
        key = f"`{to_camel(name)}.{to_camel(field_name)}`"
        rows.append((key, leaf.wanted, f"`{leaf.show(field.default)}`", field.description or ""))
    return rows


def failure_table() -> str:
    """A row for every class of failure."""
    rows = [(f"`{failure}`", explanation.cause, explanation.remedy) for failure, explanation in EXPLANATIONS.items()]
    return table(("class", "what happened", "what to do"), rows)


def table(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table in Markdown."""
    lines = [headings, ("---",) * len(headings), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def figure_table() -> str:
    """A row for every kind of figure that a threshold may be about."""
    units = {"seconds": "a duration", "percent": "percent", "per_second": "reports a second"}
    by_meaning: dict[tuple[str, str], list[str]] = {}
    for metric in METRICS.values():
        by_meaning.setdefault((units[metric.unit], metric.meaning), []).append(f"`{metric.name}`")
    rows = [(", ".join(names), unit, meaning) for (unit, meaning), names in by_meaning.items()]
    return table(("figure", "limit", "meaning"), rows)


def exposed_table() -> str:
    """A row for every Prometheus metric, under its name in the text format."""
    plan, _ = prepare(load(EXAMPLE, environment={}).config)
    rows = []
    for family in Metrics(plan, plan.nodes[0], SaturationWatch(0)).collect():
        suffix = {"counter": "_total", "info": "_info"}.get(family.type, "")
        labels = sorted({label for sample in family.samples for label in sample.labels} - {"le"})
        rows.append((f"`{family.name}{suffix}`", family.type, ", ".join(f"`{label}`" for label in labels), family.documentation))
    return table(("metric", "type", "labels", "meaning"), rows)


PARTS = {
    README: {"config": config_table, "figures": figure_table, "failures": failure_table},
    METRICS_PAGE: {"metrics": exposed_table},
}


def current(document: Path) -> str:
    """A document with every generated part as it should be. Raises ValueError where one has no place in it."""
    text = document.read_text()
    for name, part in PARTS[document].items():
        opening, closing = f"<!-- generated: {name} -->", f"<!-- end: {name} -->"
        found = re.findall(f"{opening}.*?{closing}", text, re.DOTALL)
        if len(found) != 1:
            raise ValueError(f"{document.name} has {len(found)} places for {opening}, expected one")
        text = text.replace(found[0], f"{opening}\n{part()}\n{closing}")
    return text


def main(arguments: list[str]) -> None:
    """Write the documents, or compare them; ends with a message where one is not current."""
    for document in PARTS:
        before, after = document.read_text(), current(document)
        if "--check" not in arguments:
            document.write_text(after)
        elif after != before:
            sys.exit(f"{document.name} is not what the code says: run make docs")


if __name__ == "__main__":
    main(sys.argv[1:])
