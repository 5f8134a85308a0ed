"""What pydantic reports becomes a sentence about the user's own text, with the place where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vsock_loadgen.config.places import Finding
from vsock_loadgen.config.sources import nearest, path_text
from vsock_loadgen.config.tree import Node

_FORM_KEYS = {
    "form:percentile": ("buckets", "type"),
    "form:normal": ("mean", "stddev", "min", "max", "type"),
    "form:value": ("percent", "value", "distribution"),
    "form:distribution": ("percent", "distribution", "value"),
}
_ALL_KEYS = tuple(dict.fromkeys(key for keys in _FORM_KEYS.values() for key in keys))
_MISSING = {
    "percent": "expected the bucket's share of the VMs",
    "value": "expected a value or a distribution",
    "buckets": "expected a list of buckets with percent and value",
}
_MISSING_FIGURE = "a normal distribution has mean, stddev, min and max"


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
    context = error.get("ctx", {})
    found = f"found {node.shown()}"
    match error["type"]:
        case "expected" if error["loc"][-1] == "[key]":
            return f"unknown key, expected {context['what']}"
        case "expected":
            joint = f", which {context['why']}; " if context["why"] else ", "
            other_forms = " (or a block, for different VMs)" if error["loc"][-1] == "form:scalar" else ""
            return f"{found}{joint}expected {context['what']}{other_forms}"
        case "unfit":
            return f"{found}: {context['message']}"
        case "complaint":
            hints = (nearest(key, _ALL_KEYS) for key in node.entries if key not in _ALL_KEYS)
            return str(context["message"]) + next((hint for hint in hints if hint), "")
        case "missing":
            return f"missing; {_MISSING.get(error['loc'][-1], _MISSING_FIGURE)}"
        case "extra_forbidden":
            form = next((step for step in reversed(error["loc"]) if step in _FORM_KEYS), "")
            known = _FORM_KEYS.get(form, _ALL_KEYS)
            return f"unknown key{nearest(error['loc'][-1], known) or '; expected ' + ', '.join(known)}"
        case "list_type":
            return f"{found}, expected a list of buckets"
        case "too_short":
            return "the list is empty, expected at least one bucket"
        case _:
            return f"{found}, expected a block of keys"
