"""The keys of the config for others: as command line flags and environment variables, and as JSON Schema for editors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic.alias_generators import to_camel
from pydantic.json_schema import GenerateJsonSchema

from vsock_loadgen.config.blocks import INTERVAL, PACKAGE_COUNT
from vsock_loadgen.config.leaves import Choice, Kind, Leaf
from vsock_loadgen.config.section import Section

ENVIRONMENT_PREFIX = "LOADGEN_"
WITHOUT_EFFECT = ("numRepositories",)
_SCALAR_FORMS: dict[str, Leaf] = {"packages": PACKAGE_COUNT, "report_interval": INTERVAL}
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
        if key in WITHOUT_EFFECT:
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
                default="" if default is None or key in _WITHOUT_DEFAULT else str(default),
            )
        )
    return tuple(keys)


def leaf_of(name: str) -> Leaf:
    """The grammar of a field of the section; of its scalar form, where it also has others."""
    if name in _SCALAR_FORMS:
        return _SCALAR_FORMS[name]
    return next(leaf for leaf in Section.model_fields[name].metadata if isinstance(leaf, Leaf))


def default_of(name: str) -> object:
    """The default of a field of the section, as JSON holds it."""
    return leaf_of(name).show(Section.model_fields[name].default)


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
