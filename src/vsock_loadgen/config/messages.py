"""Turns pydantic's errors into sentences about the user's text, with the place of the mistake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from vsock_loadgen.config.places import Finding
from vsock_loadgen.config.reconcile import URL
from vsock_loadgen.config.schema import KEYS
from vsock_loadgen.config.sources import nearest, path_text
from vsock_loadgen.config.thresholds import EXAMPLE
from vsock_loadgen.config.tree import Node
from vsock_loadgen.distributions import reading
from vsock_loadgen.distributions.buckets import FORM_KEYS
from vsock_loadgen.distributions.timing import Timing
from vsock_loadgen.grammar.block import BlockOf, ListOf
from vsock_loadgen.grammar.leaves import Grammar, Name, RefusedError


def _names(takes: Grammar) -> tuple[str, ...]:
    return tuple(key.name for key in takes.keys.values())


@cache
def _form_keys() -> Mapping[str, tuple[str, ...]]:
    """The keys of each kind of block; made when a mistake is reported, and not at every start."""
    return {
        **{form: reading.keys_of(kind) for form, kind in reading.BLOCKS.items()},
        "form:reconcile": ("url",),
        **FORM_KEYS,
        "form:ramp": ("from", "to"),
        **{key.name: _names(key.takes) for key in KEYS.values() if isinstance(key.takes, ListOf) and key.takes.keys},
    }


def _all_keys() -> tuple[str, ...]:
    return tuple(dict.fromkeys(key for keys in _form_keys().values() for key in keys))


_TIMING_KEYS = _names(BlockOf(Timing))
_BUCKETS = frozenset(FORM_KEYS)
_BLOCK_KEYS = {key.name: _names(key.takes) for key in KEYS.values() if isinstance(key.takes, BlockOf)}
_MISSING = {
    "url": f"expected {URL.wanted}",
    "percent": "expected its share of the VMs",
    "name": f"expected {Name().wanted}",
    "duration": "expected the length of the phase, a duration such as 10m",
    "from": "expected the value at the start of the ramp",
    "to": "expected the value at the end of the ramp",
    "value": "expected a value or a distribution",
    "buckets": "expected a list of buckets with percent and value",
}
_LISTS = {"thresholds": f"thresholds, such as [{EXAMPLE}]", "profiles": "profiles", "phases": "phases"}
_OTHER_FORMS = {reading.SCALAR: " (or a block, for different VMs)", "form:constant": " (or a ramp, {from: ..., to: ...})"}


def finding_of(error: Mapping[str, Any], section: Node) -> Finding:
    """One error of pydantic's (an item of `ValidationError.errors()`) as a finding in the user's terms.

    pydantic's location has steps of its own (the forms of a union) that the user's text does not: those are left out.
    """
    node, segments = section, list[str | int]()
    for segment in error["loc"]:
        child = _child(node, segment)
        if child is not None:
            node = child
            segments.append(segment)
    if error["type"] == "missing":
        segments.append(error["loc"][-1])
    return Finding(node.place, path_text(segments), _message(error, node))


def _child(node: Node, segment: str | int) -> Node | None:
    if isinstance(segment, str):
        return node.entries.get(segment)
    return node.items[segment] if segment < len(node.items) else None


def _message(error: Mapping[str, Any], node: Node) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if isinstance(refused := context.get("error"), RefusedError):
        kind, context = refused.kind, refused.context
    found = f"found {node.shown()}"
    match kind:
        case "expected" if error["loc"][-1] == "[key]":
            return f"unknown key, expected {context['what']}"
        case "expected":
            joint = f", which {context['why']}; " if context["why"] else ", "
            other_forms = _OTHER_FORMS.get(error["loc"][-1], "")
            return f"{found}{joint}expected {context['what']}{other_forms}"
        case "unfit":
            return f"{found}: {context['message']}"
        case "complaint":
            known = _all_keys()
            hints = (nearest(key, known) for key in node.entries if key not in known and not reading.is_key(key))
            return str(context["message"]) + next((hint for hint in hints if hint), "")
        case "missing":
            return f"missing; {_MISSING.get(error['loc'][-1]) or reading.missing_from(error['loc'][-2])}"
        case "extra_forbidden":
            known = _BLOCK_KEYS.get(error["loc"][0]) or _known_keys(error["loc"][:-1])
            if error["loc"][-1] in _TIMING_KEYS and _BUCKETS.intersection(error["loc"]):
                return "unknown key for packages, expected it in a bucket of reportInterval or in a profile"
            return f"unknown key{nearest(error['loc'][-1], known) or '; expected ' + ', '.join(known)}"
        case "list_type":
            return f"{found}, expected a list of {_LISTS.get(error['loc'][-1], 'buckets')}"
        case "too_short":
            return "the list is empty, expected at least one bucket"
        case _:
            return f"{found}, expected a block of keys"


def _known_keys(location: Sequence[str | int]) -> tuple[str, ...]:
    """The keys of the innermost block around a location."""
    form = next((str(step) for step in reversed(location) if step in _form_keys()), "")
    is_timed = form in _BUCKETS and "reportInterval" in location
    return _form_keys().get(form, _all_keys()) + (_TIMING_KEYS if is_timed else ())
