"""A result in which some values were replaced, taken away, or put where others belong."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from fuzz.confinement import confined
from fuzz.draws import Draws
from fuzz.results import documents, edited, hold_result

_ODD: tuple[object, ...] = (
    None, True, False, 0, 1, -1, 5, 4, 0.5, -0.5, 1e-300, 1e18, 1e300, 10**15, 2**63, 10**30, 10**400, "", "x", "0", "-5",
    "passed", "timeout",
    "2026-01-31T12:00:00+00:00", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "1s", "2562047h", "<script>",
    "</script>", "[red]x[/]",
    "\x1b[31m", "a\nb", "\u202e", "\ud800", [], {}, [[]], [[0, 1]], [[5, 10**30]], [[10**12, 1]], [[1.5, 2.5]], ["ab"],
    [[1, 2, 3]], {"a": 1},
    {"timeout": 3}, {"connect": 5},
)  # fmt: skip
_MOST_EDITS = 6
_DEEP = 5_000


def check(data: bytes) -> None:
    """What is left is a result, and is read, shown, compared and merged as one; or it is refused with a sentence."""
    draws = Draws(data)
    document = json.loads(draws.pick(documents()))
    for _ in range(1 + draws.number(_MOST_EDITS - 1)):
        path = _path(draws, document)
        if path:
            edited(document, path, _value(draws, document), remove=draws.number(7) == 7)
    text = json.dumps(document)
    if draws.number(15) == 15:
        text = text.replace("null", "[" * _DEEP + "]" * _DEEP, 1)
    if draws.number(15) == 15:
        text = text.replace("0.5", "1e999", 1)
    with confined() as folder:
        hold_result(folder, text.encode())


def _path(draws: Draws, document: Any) -> list[str | int]:
    """A path into the document, at least one step long unless it is empty."""
    path: list[str | int] = []
    place = document
    while isinstance(place, dict | list) and place and not (path and draws.number(7) == 7):
        step = draws.pick(tuple(place) if isinstance(place, dict) else tuple(range(len(place))))
        path.append(step)
        place = place[step]
    return path


def _value(draws: Draws, document: Any) -> object:
    """Something odd, a number, a text, or a value from elsewhere in the document."""
    match draws.number(3):
        case 0:
            return draws.number(2**32)
        case 1:
            place = document
            for step in _path(draws, document):
                place = place[step]
            return json.loads(json.dumps(place))
        case _:
            return deepcopy(draws.pick(_ODD))  # else a later edit would change what the next input gets
