"""The keys of the documents of searches are those that their page in the docs explains."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

import capacity_example as example
from command import PROJECT
from vsock_loadgen.capacity.comparison import Side, compare, comparison_document, parse_holds

PAGE = (PROJECT / "docs" / "capacity.md").read_text(encoding="utf-8")
LOOKED_INTO = ("holds", "bounds", "at_least", "trials", "goals", "baseline", "others", "conditions")
EXPLAINED_BY_NAME = {"expression", "side", "failed", "key", "values"}
"""Of the answer to a condition, and of a difference."""


def keys_of(value: Any) -> Iterator[str]:
    """Every key of a document, but those of config and environment, which are other contracts."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            if key in LOOKED_INTO:
                yield from keys_of(item)
    elif isinstance(value, list):
        for item in value:
            yield from keys_of(item)


def comparison() -> dict[str, object]:
    made = compare([Side("a", example.found()), Side("b", example.slower())])
    return comparison_document(made, parse_holds("holds < -10%").judge(made))


@pytest.mark.parametrize("document", [example.contradictory().to_json(), comparison()], ids=["search", "comparison"])
def test_every_key_is_explained(document: dict[str, object]) -> None:
    explained = set(re.findall(r"`(\w+)`", PAGE))
    assert set(keys_of(document)) - explained - EXPLAINED_BY_NAME == set()
