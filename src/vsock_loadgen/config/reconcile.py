"""Where the target's own counters are: the block `reconcile`, and the variables of the environment in its URL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Discriminator, Field, Tag

from vsock_loadgen.config.blocks import Block
from vsock_loadgen.config.leaves import Leaf, expected
from vsock_loadgen.config.places import shorten
from vsock_loadgen.errors import ConfigError, Problem

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_LONGEST = 2_000
_ANY_VALUE = "1"  # fits in place of a host, of a port and of a part of a path


def _fault(url: str) -> str:
    """Why a text without variables is no URL to ask, empty where it is one."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"is no URL ({error})"
    if parts.scheme not in ("http", "https"):
        return "does not begin with http:// or https://"
    if not parts.hostname:
        return "names no host"
    if "@" in parts.netloc:
        return "has a user name or a password"
    if port == 0:
        return "has port 0"
    return "has characters that no URL has" if not url.isascii() or not url.isprintable() or " " in url else ""


@dataclass(frozen=True, slots=True)
class UrlTemplate(Leaf):
    """An http or https URL, which may have `${NAME}` in it for a variable of the environment; an empty text and no value at all
    mean none."""

    kind = "text"

    @property
    def wanted(self) -> str:
        return "a URL such as http://${HOST_IP}:9091/metrics"

    def read(self, value: object) -> str | None:
        if value is None or value == "":
            return None
        if not isinstance(value, str) or len(value) > _LONGEST:
            raise expected(self.wanted)
        without = _VARIABLE.sub(_ANY_VALUE, value)
        if fault := "has a $ that is not part of ${NAME}" if "$" in without else _fault(without):
            raise expected(self.wanted, fault)
        return value

    def show(self, value: Any) -> object:
        return value

    def json_schema(self) -> dict[str, object]:
        return {"type": ["string", "null"], "maxLength": _LONGEST, "pattern": "^(https?://.*)?$"}


URL = UrlTemplate()


class ReconcileBlock(Block):
    """The target's own counters."""

    url: Annotated[str | None, URL] = Field(
        description="Where Prometheus would read them; ${NAME} is a variable of the environment."
    )


Reconcile = Annotated[
    Annotated[str | None, URL, Tag("form:url")] | Annotated[ReconcileBlock, Tag("form:reconcile")],
    Discriminator(lambda value: "form:reconcile" if isinstance(value, dict) else "form:url"),
]
"""A URL by itself, or the block with one."""


def template_of(read: str | ReconcileBlock | None) -> str | None:
    """The URL of either form, its variables as they were written."""
    return read.url if isinstance(read, ReconcileBlock) else read


def expanded(template: str, environment: Mapping[str, str]) -> str:
    """The URL with its variables filled in, an IPv6 address in brackets. Raises ConfigError where one is missing, or the URL that
    comes out is none."""
    names = dict.fromkeys(_VARIABLE.findall(template))
    missing = [name for name in names if not environment.get(name)]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise ConfigError([Problem("", "reconcile.url", f"{template}: {', '.join(missing)} {verb} not in the environment")])
    url = _VARIABLE.sub(lambda match: _bracketed(environment[match[1]]), template)
    if fault := _fault(url):
        raise ConfigError([Problem("", "reconcile.url", f"found {shorten(url, 100)}, which {fault}; expected {URL.wanted}")])
    return url


def _bracketed(value: str) -> str:
    """As Kubernetes' `status.hostIP` may be of either kind."""
    try:
        return f"[{IPv6Address(value)}]"
    except ValueError:
        return value
