"""A document as one HTML page that needs nothing else: no network, no other file. With a live source it follows a run that goes on.

The page runs only the scripts that it was written with: its content security policy names their hashes. A document is data in it,
which its script shows as text.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from vsock_loadgen.errors import ConfigError, Problem
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.text.result_text import NOTHING_TO_PROVE, PROOF

_PLACE = re.compile(r"\{\{(\w+)\}\}")
_BREAKS_OUT = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of page: its word in the heading, what is between its head and its end, and the scripts that show its document."""

    word: str
    main: str
    scripts: tuple[str, ...]


_RUN_SCRIPTS = ("figures.js", "charts.js", "percentiles.js")
_REPORT, _LIVE = Kind("report", "result.html", _RUN_SCRIPTS), Kind("live", "result.html", _RUN_SCRIPTS)


def result_page(document: Mapping[str, object]) -> str:
    """The page of a result document. Raises ConfigError where plotly is not installed."""
    return page_of(_REPORT, document, _meanings(), plotly_source())


def live_page() -> str:
    """The page that asks for `result.json` beside it, again and again; where plotly is not installed, it has figures only."""
    return page_of(_LIVE, None, _meanings(), plotly_source() if has_plotly() else "")


def has_plotly() -> bool:
    """Whether the charts' library is installed: the extra `report`."""
    return find_spec("plotly") is not None


def plotly_source() -> str:
    """The script of plotly. Raises ConfigError where it is not installed."""
    found = find_spec("plotly")
    if found is None or found.origin is None:
        message = "found no package plotly, expected it for the charts: pip install 'vsock-loadgen[report]'"
        raise ConfigError([Problem("HTML report", "", message)])
    return (Path(found.origin).parent / "package_data" / "plotly.min.js").read_text(encoding="utf-8")


def page_of(kind: Kind, document: Mapping[str, object] | None, meanings: Mapping[str, object], plotly: str) -> str:
    """The page of a document, or a live one where there is none; the `meanings` are what its scripts know beside it."""
    script = "\n".join(map(_part, ("format.js", "plotting.js", *kind.scripts, "main.js")))
    values = {
        "kind": kind.word,
        "mode": "live" if document is None else "report",
        "policy": html.escape(_policy([plotly, script] if plotly else [script], is_live=document is None)),
        "style": _part("page.css"),
        "main": _part(kind.main),
        "meanings": _data(meanings),
        "result": _data(document),
        "plotly": f"<script>{plotly}</script>" if plotly else "",
        "script": script,
    }
    return _PLACE.sub(lambda place: values[place[1]], _part("page.html"))


def _part(name: str) -> str:
    return (files("vsock_loadgen.text") / "page" / name).read_text(encoding="utf-8")


def _policy(scripts: list[str], *, is_live: bool) -> str:
    """Nothing may run, load or be sent but what the page came with; a live page may ask where it came from.

    Styles cannot be named by their hashes, since plotly makes its own.
    """
    directives = {
        "default-src": "'none'",
        "script-src": " ".join(map(_hash, scripts)),
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
    }
