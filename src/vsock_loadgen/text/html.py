"""A document as one HTML page that needs nothing else: no network, no other file. With a live source it follows a run.

The page runs only the scripts that it was written with: its content security policy names their hashes, including the charts'
library, which is packed and which its own script adds to the page. A document is data in it, which is shown as text.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distribution
from importlib.resources import files
from pathlib import Path

from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.spread import SPREAD_BITS
from vsock_loadgen.text.result_text import NOTHING_TO_PROVE, PROOF

_PLACE = re.compile(r"\{\{(\w+)\}\}")
_LEVEL = 6
"""Level of gzip: 9 takes three times as long and saves one hundredth."""
_BREAKS_OUT = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of page: its word in the heading, what is between its head and its end, and the scripts that show its document."""

    word: str
    main: str
    scripts: tuple[str, ...]


_RUN_SCRIPTS = (
    *("figures.js", "banner.js", "parts.js", "provenance.js"),
    *("charts.js", "timeline.js", "spread.js", "percentiles.js", "fleet.js"),
)
_REPORT, _LIVE = Kind("report", "result.html", _RUN_SCRIPTS), Kind("live", "result.html", _RUN_SCRIPTS)


def result_page(document: Mapping[str, object]) -> str:
    """The page of a result document."""
    return page_of(_REPORT, document, _meanings())


def live_page() -> str:
    """The page that reloads the `result.json` beside it."""
    return page_of(_LIVE, None, _meanings())


def page_of(kind: Kind, document: Mapping[str, object] | None, meanings: Mapping[str, object]) -> str:
    """The page of a document, or a live one if there is none; the `meanings` are what its scripts know beside it."""
    script = "\n".join(map(_part, ("format.js", "words.js", "plotting.js", *kind.scripts, "main.js")))
    values = {
        "kind": kind.word,
        "mode": "live" if document is None else "report",
        "policy": html.escape(_policy([_library().hash, _hash(script)], is_live=document is None)),
        "style": _part("page.css"),
        "main": _part(kind.main),
        "meanings": _data(meanings),
        "result": "" if document is None else packed(json.dumps(document, allow_nan=False, separators=(",", ":"))),
        "plotly": _library().packed,
        "script": script,
    }
    return _PLACE.sub(lambda place: values[place[1]], _part("page.html"))


def packed(text: str) -> str:
    """A text as gzip in base64, which the page unpacks: a third to a tenth of its size, and nothing that could end its element."""
    return base64.b64encode(gzip.compress(text.encode(), _LEVEL, mtime=0)).decode()


@dataclass(frozen=True, slots=True)
class _Library:
    """The script that draws the charts, packed, and how a policy names it."""

    packed: str
    hash: str


@cache
def _library() -> _Library:
    """plotly's: it comes with a Python package, whose code is not imported."""
    place = distribution("plotly").locate_file("plotly/package_data/plotly.min.js")
    script = Path(str(place)).read_text(encoding="utf-8")
    return _Library(packed(script), _hash(script))


def _part(name: str) -> str:
    return (files("vsock_loadgen.text") / "page" / name).read_text(encoding="utf-8")


def _policy(hashes: list[str], *, is_live: bool) -> str:
    """Nothing may run, load or be sent but what the page came with; a live page may ask its own server.

    Styles cannot be named by their hashes, since plotly makes its own.
    """
    directives = {
        "default-src": "'none'",
        "script-src": " ".join(hashes),
        "style-src": "'unsafe-inline'",
        "img-src": "data:",
        "connect-src": "'self'" if is_live else "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {sources}" for name, sources in directives.items())


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _data(value: object) -> str:
    """JSON that cannot end the element that it stands in."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return re.sub("[<>&]", lambda found: _BREAKS_OUT[found[0]], text)


def _meanings() -> dict[str, object]:
    return {
        "confirmation": PROOF,
        "nothing_to_prove": NOTHING_TO_PROVE,
        "failures": {str(failure): failure.record.advice for failure in FailureClass},
        "colors": {str(failure): failure.record.color for failure in FailureClass},
        "spread_bits": SPREAD_BITS,
    }
