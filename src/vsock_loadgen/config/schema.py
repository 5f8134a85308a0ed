"""The keys of the config for others: as command line flags and environment variables, and as JSON Schema for editors."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic.alias_generators import to_camel
from pydantic.json_schema import GenerateJsonSchema

from vsock_loadgen.config.content import DiscoveredDataBlock
from vsock_loadgen.config.limits import LimitsBlock
from vsock_loadgen.config.phases import show_phase
from vsock_loadgen.config.profiles import show_profile
from vsock_loadgen.config.reconcile import URL
from vsock_loadgen.config.section import Section
from vsock_loadgen.config.thresholds import THRESHOLD
from vsock_loadgen.distributions.quantity import PACKAGES, REPORT_INTERVAL, Quantity
from vsock_loadgen.grammar.block import Block, leaf_in
from vsock_loadgen.grammar.leaves import Choice, Kind, Leaf

ENVIRONMENT_PREFIX = "LOADGEN_"
WITHOUT_EFFECT = ("numRepositories",)
QUANTITIES: dict[str, Quantity] = {"packages": PACKAGES, "report_interval": REPORT_INTERVAL}
"""Fields whose value is a distribution, with what it is one of."""
LISTS: dict[str, Leaf] = {"thresholds": THRESHOLD}
"""Fields whose value is a list, with the grammar of an item."""
BLOCKS: dict[str, type[Block]] = {"discovered_data": DiscoveredDataBlock, "limits": LimitsBlock}
"""Fields whose value is a block of scalars, each with a default of its own."""
BLOCK_LISTS: dict[str, Callable[[Any], dict[str, object]]] = {"profiles": show_profile, "phases": show_phase}
"""Fields whose value is a list of blocks, with how one is shown."""
_WITHOUT_DEFAULT = ("numPackages", "payloadSize", "numRepositories", "port")


@dataclass(frozen=True, slots=True)
class ScalarKey:
    """A key whose value is one scalar, or may be one, and so can be given as a flag or an environment variable.

    `default` is the value as written in a file, empty where the default is none or comes from another key.
    """

    key: str
    flag: str
    environment: str
    kind: Kind
    choices: tuple[str, ...]
    help: str
    default: str


@cache
def scalar_keys() -> tuple[ScalarKey, ...]:
    """Every scalar key that has an effect, in the order of the documentation."""
    keys = []
    for name, field in Section.model_fields.items():
        key = to_camel(name)
        if key in WITHOUT_EFFECT or name in LISTS or name in BLOCKS or name in BLOCK_LISTS:
            continue
        leaf = leaf_of(name)
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", key).lower()
        default = default_of(name)
        keys.append(
            ScalarKey(
                key=key,
                flag=f"--{words}",
                environment=ENVIRONMENT_PREFIX + words.replace("-", "_").upper(),
                kind=leaf.kind,
                choices=leaf.options if isinstance(leaf, Choice) else (),
                help=field.description or "",
                default="" if default is None or key in _WITHOUT_DEFAULT else _as_written(default),
            )
        )
    return tuple(keys)


def _as_written(default: object) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default)


def leaf_of(name: str) -> Leaf:
    """The grammar of a field of the section; of its scalar form, where it also has others."""
    scalar = QUANTITIES[name].exact if name in QUANTITIES else URL
    return leaf_in(Section.model_fields[name]) or scalar


def block_leaves(name: str) -> dict[str, Leaf]:
    """The fields of a block of scalars, each with its grammar."""
    leaves = {key: leaf_in(field) for key, field in BLOCKS[name].model_fields.items()}
    return {key: leaf for key, leaf in leaves.items() if leaf}


def show_value(name: str, value: Any) -> object:
    """The value of a field of the section, as JSON holds it."""
    if name in BLOCKS:
        return {to_camel(key): leaf.show(getattr(value, key)) for key, leaf in block_leaves(name).items()}
    if name in QUANTITIES:
        return value.show(QUANTITIES[name])
    if name in LISTS:
        return [LISTS[name].show(item) for item in value]
    if name in BLOCK_LISTS:
        return [BLOCK_LISTS[name](item) for item in value]
    return leaf_of(name).show(value)


def default_of(name: str) -> object:
    """The default of a field of the section, as JSON holds it."""
    return show_value(name, Section.model_fields[name].default)


class _SchemaOfText(GenerateJsonSchema):
    """Leaves out the defaults that pydantic finds in its models, which are in internal units, and the titles it makes up."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def default_schema(self, schema: Any) -> dict[str, Any]:
        return self.generate_inner(schema["schema"])


def json_schema() -> dict[str, object]:
    """The JSON Schema (draft 2020-12) of a config file: every key with its unit and default.

    It cannot say everything: that percents add up to 100 and that quantiles ascend is checked by loading alone.
    """
    section: dict[str, Any] = Section.model_json_schema(by_alias=True, schema_generator=_SchemaOfText)
    definitions = section.pop("$defs", {})
    for name in Section.model_fields:
        key = to_camel(name)
        if key not in _WITHOUT_DEFAULT:
            section["properties"][key]["default"] = default_of(name)
    section["type"] = ["object", "null"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Config file of vsock-loadgen",
        "type": "object",
        "properties": {"loadgen": section},
        "required": ["loadgen"],
        "$defs": definitions,
    }
