"""The keys of the config for others: as command line flags and environment variables, and as JSON Schema for editors."""

from __future__ import annotations

from functools import cache
from typing import Any

from vsock_loadgen.config.model import Config
from vsock_loadgen.config.older_keys import BEFORE, OlderKeys
from vsock_loadgen.grammar.block import Key, Scope, keys_of

SCHEMA_ID = "urn:vsock-loadgen:config:v1"
"""What the JSON Schema is called, wherever it lies."""
NEWER, OLDER = keys_of(Config), keys_of(OlderKeys)
"""Every key below `loadgen:`, by the names of the fields."""
KEYS = {name: {**NEWER, **OLDER}[name] for newer in NEWER for name in (*(old for old in OLDER if BEFORE[old] == newer), newer)}
"""All of them, in the order in which they are shown."""


@cache
def section_model() -> type[Any]:
    """What stands below `loadgen:`, types and bounds checked; made when a config is first read."""
    from vsock_loadgen.grammar.models import model_of

    return model_of("Section", "What stands below `loadgen:`, types and bounds checked.", KEYS)


@cache
def scalar_keys() -> tuple[Key, ...]:
    """Every key that has an effect and whose value may be one scalar, so that a flag or a variable can give it."""
    return tuple(key for key in KEYS.values() if key.takes.scalar and not key.idle)


def keys_of_scope(scope: Scope) -> frozenset[str]:
    """The names of the keys of a scope."""
    return frozenset(key.name for key in KEYS.values() if key.scope == scope)


def json_schema() -> dict[str, object]:
    """The JSON Schema (draft 2020-12) of a config file: every key with its unit and default.

    It cannot say everything: that percents add up to 100 and that quantiles ascend is checked by loading alone.
    """
    from vsock_loadgen.grammar.models import SchemaOfText

    section: dict[str, Any] = section_model().model_json_schema(by_alias=True, schema_generator=SchemaOfText)
    definitions = section.pop("$defs", {})
    for key in NEWER.values():
        section["properties"][key.name]["default"] = key.by_default
    section["type"] = ["object", "null"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "Config file of vsock-loadgen",
        "type": "object",
        "properties": {"loadgen": section},
        "required": ["loadgen"],
        "$defs": definitions,
    }
