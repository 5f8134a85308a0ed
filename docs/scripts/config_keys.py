"""The tables of the config's keys for docs/config.md and the README, made from the models that read a config."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import click
from docs.scripts.generated import table
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

from vsock_loadgen.cli.verbs import verbs
from vsock_loadgen.config import phases
from vsock_loadgen.config.profiles import ProfileBlock
from vsock_loadgen.config.reconcile import ReconcileBlock
from vsock_loadgen.config.schema import BLOCK_LISTS, BLOCKS, LISTS, leaf_of, scalar_keys
from vsock_loadgen.config.section import Section
from vsock_loadgen.distributions.kind import Key
from vsock_loadgen.distributions.quantity import Quantity
from vsock_loadgen.distributions.reading import documented_keys
from vsock_loadgen.grammar.block import Block, leaf_in
from vsock_loadgen.grammar.leaves import Leaf
from vsock_loadgen.grammar.scalars import flow

MOST_USED = ("vmCount", "packages", "reportInterval", "seed", "reportFormat", "target", "duration", "timeScale", "thresholds")
GROUPS = {
    "fleet": ("vmCount", "packages", "numPackages", "payloadSize", "reportInterval", "jitter", "seed", "profiles"),
    "time": ("phases", "repeatPhases", "startAt", "duration", "timeScale"),
    "content": ("reportFormat", "packageSets", "packageCatalog", "specificPackage", "discoveredData", "cids", "numRepositories"),
    "sending": ("target", "port", "delivery", "requestTimeout", "workers", "lagLimit", "afterRun"),
    "judging": ("thresholds", "abortOnFail", "abortGrace", "reconcile"),
    "limits": ("limits",),
    "showing": ("statsInterval", "logFormat", "metricsPort", "metricsAddress"),
    "nodes": ("nodeIndex", "nodeCount"),
}
"""The tables of the config's keys. A key that is in none of them, or has no example, makes `rows_of` fail."""
UNITS = {
    "vmCount": "VMs",
    "numPackages": "packages",
    "packages": "packages",
    "timeScale": "a factor",
    "limits.maxReportBytes": "bytes",
    "limits.reportsPerMinutePerVm": "reports a minute",
    "limits.clusterReportsPerSecond": "reports a second",
    "limits.vmsPerNode": "VMs",
    "limits.descriptors": "files",
    "workers": "processes",
    "nodeCount": "nodes",
    "phases[].rate": "a factor",
    "phases[].rate.from": "a factor",
    "phases[].rate.to": "a factor",
    "phases[].vms": "%",
    "profiles[].packages": "packages",
    "profiles[].reportInterval": "in the value",
}
EXAMPLES = {
    "vmCount": "5000",
    "packages": "{min: 100, p50: 500, p95: 1500, max: 3000}",
    "numPackages": "700",
    "payloadSize": "avg",
    "reportInterval": "1m30s",
    "jitter": "2.5",
    "seed": "4711",
    "profiles": "[{name: dev, percent: 100, packages: 400, reportInterval: 5m}]",
    "phases": "[{name: ramp, duration: 10m, rate: {from: 0.1, to: 1}}]",
    "repeatPhases": "true",
    "startAt": "2026-11-23T08:00:00Z",
    "duration": "10m",
    "timeScale": "60",
    "reportFormat": "vmReport",
    "packageSets": "perVM",
    "packageCatalog": "rpms.txt",
    "specificPackage": "openssl-libs",
    "discoveredData": '{osVersion: "9.6"}',
    "discoveredData.detectedOs": "UNKNOWN",
    "discoveredData.osVersion": '"9.6"',
    "discoveredData.activationStatus": "INACTIVE",
    "discoveredData.dnfMetadataStatus": "UNAVAILABLE",
    "cids": "own",
    "numRepositories": "0",
    "target": "unix:///run/relay.sock",
    "port": "818",
    "delivery": "written",
    "requestTimeout": "30s",
    "workers": "4",
    "lagLimit": "20ms",
    "afterRun": "wait",
    "thresholds": "[response_time.p99 < 500ms, failed_percent < 0.1]",
    "abortOnFail": "true",
    "abortGrace": "2m",
    "reconcile": "http://127.0.0.1:9091/metrics",
    "reconcile.url": "http://127.0.0.1:9091/metrics",
    "limits": "{clusterReportsPerSecond: 3}",
    "limits.maxReportBytes": "8388608",
    "limits.reportsPerMinutePerVm": "none",
    "limits.clusterReportsPerSecond": "3",
    "limits.vmsPerNode": "5000",
    "limits.descriptors": "1024",
    "statsInterval": "1s",
    "logFormat": "json",
    "metricsPort": "0",
    "metricsAddress": "127.0.0.1",
    "nodeIndex": "0",
    "nodeCount": "3",
    "profiles[].name": "prod",
    "profiles[].percent": "62.5",
    "profiles[].packages": "{mean: 700, stddev: 200, min: 100, max: 2000}",
    "profiles[].reportInterval": "1m",
    "profiles[].packageSets": "perVM",
    "profiles[].synchronized": "true",
    "profiles[].offset": "30s",
    "profiles[].jitter": "0",
    "phases[].name": "morning",
    "phases[].duration": "2h",
    "phases[].rate": "1.5",
    "phases[].rate.from": "0.1",
    "phases[].rate.to": "2",
    "phases[].vms": "20",
    "phases[].vms.from": "20%",
    "phases[].vms.to": "100",
}
"""A value for every key, as one writes it."""
DEFAULTS = {
    "profiles[].packages": "`packages`",
    "profiles[].reportInterval": "`reportInterval`",
    "profiles[].packageSets": "`packageSets`",
    "profiles[].jitter": "`jitter`, or 0 where synchronized",
    "phases[].rate": "`1`",
    "phases[].vms": "`100`",
    "discoveredData": "every key its own",
    "limits": "every key its own",
    "port": "that of `target`",
}
"""What a key is where it is left out, where that is another key's or in other words than the model's."""

FORM_DEFAULTS = {
    "buckets[].value": "this or `distribution`",
    "buckets[].distribution": "this or `value`",
    "buckets[].jitter": "`jitter`, or 0 where synchronized",
}

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """The keys of one block of the file, each below `path`: what each field takes where it is not one value."""

    path: str
    model: type[Block]
    takes: Mapping[str, str]

    def rows(self) -> list[Row]:
        """A row for every field."""
        return [self._row(name, field) for name, field in self.model.model_fields.items() if name != "type"]

    def _row(self, name: str, field: FieldInfo) -> Row:
        path = f"{self.path}.{field.alias or to_camel(name)}"
        leaf = leaf_in(field)
        default = DEFAULTS.get(path, "required" if field.is_required() else "")
        if not default and leaf is not None:
            default = f"`{flow(leaf.show(field.default))}`"
        return described(path, self.takes.get(name) or bounds(leaf), default, field.description or "", leaf)


def bounds(leaf: Leaf | None) -> str:
    """What a leaf takes, without the example that an error gives."""
    if leaf is None:
        raise ValueError("a field takes more than one value: expected words for it")
    return re.sub(r", such as (1m30s|5 or 5%)$", "", leaf.wanted)


def described(path: str, takes: str, default: str, meaning: str, leaf: Leaf | None) -> Row:
    """The row of a key. Raises KeyError where there is no example of it."""
    unit = UNITS.get(path, unit_of(leaf) if leaf else "")
    return (f"`{path}`", takes, unit, default, f"`{EXAMPLES[path]}`", meaning)


def unit_of(leaf: Leaf) -> str:
    """What a value counts, as far as its grammar says."""
    return {"duration": "in the value", "percent": "%"}.get(leaf.kind, "")


RATE, VMS = bounds(phases.RATE), bounds(phases.VMS)
ANY_FORM = "any form of a distribution"
NESTED = {
    "profiles": (Part("profiles[]", ProfileBlock, {"packages": ANY_FORM, "report_interval": ANY_FORM}),),
    "phases": (
        Part("phases[]", phases.PhaseBlock, {"rate": f"{RATE}, or a ramp", "vms": f"{VMS}, or a ramp"}),
        Part("phases[].rate", phases.RateRamp, {}),
        Part("phases[].vms", phases.VmsRamp, {}),
    ),
    "reconcile": (Part("reconcile", ReconcileBlock, {}),),
    **{to_camel(name): (Part(to_camel(name), block, {}),) for name, block in BLOCKS.items()},
}
"""What stands below a key that takes more than one value."""
HEADINGS = ("key", "takes", "unit", "default", "example", "meaning")


def nested_rows(key: str) -> list[Row]:
    """A row for every key below a key, each once."""
    return list({row[0]: row for part in NESTED[key] for row in part.rows()}.values())


def key_row(key: str) -> Row:
    """The row of a key at the top level."""
    names = {to_camel(name): name for name in Section.model_fields}
    name, field = names[key], Section.model_fields[names[key]]
    by_default = {scalar.key: scalar.default for scalar in scalar_keys()}.get(key, "")
    leaf, default = leaf_in(field), DEFAULTS.get(key) or (f"`{by_default}`" if by_default else "none")
    if name in BLOCKS:
        takes = "a block"
    elif name in BLOCK_LISTS:
        takes = "a list of blocks"
    elif name in LISTS:
        takes = f"a list; each item {LISTS[name].wanted}"
    else:
        leaf = leaf or leaf_of(name)
        takes = bounds(leaf) + ("" if leaf_in(field) else ", or {url: URL}" if name == "reconcile" else ", or a distribution")
    return described(key, takes, default, field.description or "", leaf)


def key_table(group: str) -> str:
    """The keys of a group, those of its blocks below each."""
    below = {"packages", "reportInterval", "profiles", "phases"}  # they have tables of their own
    rows: list[Row] = []
    for key in GROUPS[group]:
        rows.append(key_row(key))
        rows += nested_rows(key) if key in NESTED and key not in below else []
    return table(HEADINGS, rows)


def nested_table(key: str) -> str:
    """The keys below a key."""
    return table(HEADINGS, nested_rows(key))


def form_table(quantity: Quantity) -> str:
    """The keys of the forms of a distribution."""
    rows = []
    for name, by_kind in documented_keys(quantity).items():
        key = next(iter(by_kind.values()))
        takes, unit = (key.takes, "") if isinstance(key.takes, str) else (bounds(key.takes), unit_of(key.takes))
        if key.takes in (quantity.exact, quantity.figure, quantity.sample):
            unit = unit or quantity.key
        default = FORM_DEFAULTS.get(name) or by_default(by_kind)
        rows.append((f"`{quantity.key}.{name}`", takes, unit, default, f"`{flow(key.example)}`", key.says))
    return table(HEADINGS, rows)


def by_default(by_kind: Mapping[str, Key]) -> str:
    """What a key is where it is left out, for each kind where they differ."""
    kinds: dict[str, list[str]] = {}
    for kind, key in by_kind.items():
        kinds.setdefault("required" if key.default is None else f"`{flow(key.show(key.default))}`", []).append(kind)
    return next(iter(kinds)) if len(kinds) == 1 else "; ".join(f"{default} ({', '.join(of)})" for default, of in kinds.items())


def flag_table() -> str:
    """A row for every key that a flag and a variable of the environment can give."""
    known = {key for keys in GROUPS.values() for key in keys}
    all_keys = {to_camel(name) for name in Section.model_fields}
    if known != all_keys:
        raise ValueError(f"the groups of docs/scripts/config_keys.py and the config differ in {sorted(known ^ all_keys)}")
    rows = [(f"`{key.key}`", f"`{key.flag}`", f"`{key.environment}`") for key in scalar_keys()]
    return table(("key", "flag", "variable"), rows)


def option_table() -> str:
    """The options of `run` and `plan` that are no keys of the config."""
    flags = {key.flag for key in scalar_keys()}
    found: dict[str, tuple[str, list[str]]] = {}
    for verb in ("run", "plan"):
        command = verbs.get_command(click.Context(verbs), verb)
        assert command is not None
        for option in command.params:
            if isinstance(option, click.Option) and not flags.intersection(option.opts):
                name = ", ".join(f"`{opt}`" for opt in option.opts)
                takes = option.type.choices if isinstance(option.type, click.Choice) else ()
                found.setdefault(name, (option.help or " or ".join(takes), []))[1].append(f"`{verb}`")
    return table(("option", "of", "meaning"), [(name, ", ".join(of), meaning) for name, (meaning, of) in found.items()])


def most_used_table() -> str:
    """The keys that most configs have, for the README."""
    rows = [(row[0], row[1], row[3], row[5]) for row in map(key_row, MOST_USED)]
    return table(("key", "takes", "default", "meaning"), rows)
