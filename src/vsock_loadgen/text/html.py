"""A result as one HTML page that needs nothing else: no network, no other file. With a live source it follows a run that goes on.

The page runs only the scripts that it was written with: its content security policy names their hashes. A result is data in it,
which its script shows as text.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from vsock_loadgen.errors import ConfigError, Problem
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.text.result_text import NOTHING_TO_PROVE, PROOF

_SCRIPTS = ("format.js", "figures.js", "charts.js", "percentiles.js", "main.js")
_PLACE = re.compile(r"\{\{(\w+)\}\}")
_BREAKS_OUT = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}


def result_page(document: Mapping[str, object]) -> str:
    """The page of a result document. Raises ConfigError where plotly is not installed."""
    return _page(kind="report", mode="report", result=document, plotly=plotly_source())


def live_page() -> str:
    """The page that asks for `result.json` beside it, again and again; where plotly is not installed, it has figures only."""
    return _page(kind="live", mode="live", result=None, plotly=plotly_source() if has_plotly() else "")


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


def _page(*, kind: str, mode: str, result: Mapping[str, object] | None, plotly: str) -> str:
    script = "\n".join(map(_part, _SCRIPTS))
    values = {
        "kind": kind,
        "mode": mode,
        "policy": html.escape(_policy([plotly, script] if plotly else [script], is_live=result is None)),
        "style": _part("page.css"),
        "meanings": _data(_meanings()),
        "result": _data(result),
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
