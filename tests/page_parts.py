"""What a page that was written has for its scripts, and what it may run."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import re


def scripts_of(page: str) -> list[str]:
    """The scripts that stand in it as they are."""
    return re.findall(r"<script>(.*?)</script>", page, re.DOTALL)


def unpacked(page: str, element: str) -> str:
    """What is packed in an element: `result`, or `plotly`."""
    (data,) = re.findall(rf'id="{element}">([A-Za-z0-9+/=]*)</script>', page)
    return gzip.decompress(base64.b64decode(data)).decode()


def data_of(page: str) -> dict[str, str]:
    """The documents that its scripts show, by the id of the element."""
    (meanings,) = re.findall(r'<script type="application/json" id="meanings">(.*?)</script>', page, re.DOTALL)
    return {"meanings": meanings, "result": unpacked(page, "result")}


def policy_of(page: str) -> dict[str, str]:
    """Its content security policy: sources by directive."""
    (content,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    return dict(directive.strip().split(" ", 1) for directive in html.unescape(content).split(";"))


def hash_of(script: str) -> str:
    """How a policy names a script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
