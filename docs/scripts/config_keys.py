"""The tables of the config's keys for docs/config.md and the README, made from the models that read a config."""

from __future__ import annotations

from collections.abc import Mapping

import click
from docs.scripts.generated import table

from vsock_loadgen.cli.verbs import verbs
from vsock_loadgen.config.schema import NEWER, OLDER, scalar_keys
from vsock_loadgen.distributions.kind import Key as FormKey
from vsock_loadgen.distributions.quantity import Quantity
from vsock_loadgen.distributions.reading import documented_keys
from vsock_loadgen.grammar.block import Key
from vsock_loadgen.grammar.leaves import Grammar, Leaf
from vsock_loadgen.grammar.scalars import flow

MOST_USED = ("vmCount", "packages", "reportInterval", "target", "duration", "thresholds")
GROUPS = tuple(dict.fromkeys(key.group for key in NEWER.values()))
"""The tables of the config's keys."""
HEADINGS = ("key", "takes", "unit", "default", "example", "meaning")
FORM_DEFAULTS = {
    "buckets[].value": "this or `distribution`",
    "buckets[].distribution": "this or `value`",
    "buckets[].name": "its values",
    "buckets[].jitter": "`jitter`, or 0 if synchronized",
}

Row = tuple[str, ...]


def unit_of(leaf: Grammar | None) -> str:
    """What a value counts, as far as its grammar says."""
    return {"duration": "in the value", "percent": "%"}.get(leaf.kind, "") if isinstance(leaf, Leaf) else ""


def described(path: str, key: Key) -> Row:
    """The row of a key."""
    unit = key.unit or unit_of(key.takes.scalar)
    default = key.otherwise or ("required" if key.default is ... else f"`{key.as_written}`" if key.as_written else "none")
    return (f"`{path}`", key.takes.in_words, unit, default, f"`{key.example}`", key.says)


def rows_below(path: str, takes: Grammar) -> list[Row]:
    """A row for every key below a key."""
    below = {f"{path}{takes.suffix}.{key.name}": key for key in takes.keys.values()}
    return [described(*item) for item in below.items()] + [row for at, key in below.items() for row in rows_below(at, key.takes)]


def key_table(group: str) -> str:
    """The keys of a group, older ones last, those of its blocks below each."""
    rows: list[Row] = []
    for key in (*NEWER.values(), *OLDER.values()):
        if key.group == group:
            rows.append(described(key.name, key))
            rows += rows_below(key.name, key.takes) if not key.takes.suffix else []  # lists have tables of their own
    return table(HEADINGS, rows)


def nested_table(name: str) -> str:
    """The keys below a key."""
    return table(HEADINGS, rows_below(NEWER[name].name, NEWER[name].takes))


def form_table(quantity: Quantity) -> str:
    """The keys of the forms of a distribution."""
    rows = []
    for name, by_kind in documented_keys(quantity).items():
        key = next(iter(by_kind.values()))
        takes, unit = (key.takes, "") if isinstance(key.takes, str) else (key.takes.in_words, unit_of(key.takes))
        if key.takes in (quantity.exact, quantity.figure, quantity.sample):
            unit = unit or quantity.key
        default = FORM_DEFAULTS.get(name) or by_default(by_kind)
        rows.append((f"`{quantity.key}.{name}`", takes, unit, default, f"`{flow(key.example)}`", key.says))
    return table(HEADINGS, rows)


def by_default(by_kind: Mapping[str, FormKey]) -> str:
    """What a key is if it is left out, for each kind if they differ."""
    kinds: dict[str, list[str]] = {}
    for kind, key in by_kind.items():
        kinds.setdefault("required" if key.default is None else f"`{flow(key.show(key.default))}`", []).append(kind)
    return next(iter(kinds)) if len(kinds) == 1 else "; ".join(f"{default} ({', '.join(of)})" for default, of in kinds.items())


def flag_table() -> str:
    """A row for every key that a flag and a variable of the environment can give."""
    rows = [(f"`{key.name}`", f"`{key.flag}`", f"`{key.environment}`") for key in scalar_keys()]
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
    """The keys that most configs have, the first of the page."""
    described_keys = {key.name: described(key.name, key) for key in NEWER.values()}
    rows = [(row[0], row[1], row[3], row[5]) for row in map(described_keys.__getitem__, MOST_USED)]
    return table(("key", "takes", "default", "meaning"), rows)
