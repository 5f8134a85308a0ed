"""Where the target's own counters are: the block `reconcile`, and the variables of the environment in its URL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from urllib.parse import urlsplit

from vsock_loadgen.errors import ConfigError, Problem
from vsock_loadgen.grammar.block import Key, OrBlock
from vsock_loadgen.grammar.leaves import ParsedText, complaint, expected

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_LONGEST = 2_000
_WANTED = "a URL such as http://${HOST_IP}:9091/metrics"
_ANY_VALUE = "1"  # fits in place of a host, of a port and of a part of a path
_SHORTEST_SECRET = 4
_HAS_CREDENTIALS = "has a user name or a password"


def _fault(url: str) -> str:
    """Why a text without variables is not a URL to ask, empty if it is one."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # whose words repeat parts of the URL
        return "is not a URL, or has no port from 1 to 65535"
    if parts.scheme not in ("http", "https"):
        return "does not begin with http:// or https://"
    if not parts.hostname:
        return "names no host"
    if "@" in parts.netloc:
        return _HAS_CREDENTIALS
    if port == 0:
        return "has port 0"
    return "has characters that a URL cannot have" if not url.isascii() or not url.isprintable() or " " in url else ""


def _template(text: str) -> str:
    if len(text) > _LONGEST:
        raise expected(_WANTED)
    without = _VARIABLE.sub(_ANY_VALUE, text)
    fault = "has a $ that is not part of ${NAME}" if "$" in without else _fault(without)
    if fault == _HAS_CREDENTIALS:
        raise complaint(f"found a URL that {fault}, expected {_WANTED}")  # without showing it
    if fault:
        raise expected(_WANTED, fault)
    return text


URL = ParsedText(_WANTED, _template, {"type": ["string", "null"], "maxLength": _LONGEST, "pattern": "^(https?://.*)?$"})
"""An http or https URL, which may have `${NAME}` in it for a variable of the environment."""
_KEYS = {
    "url": Key(
        URL,
        "Where Prometheus would read them; ${NAME} is a variable of the environment.",
        "http://127.0.0.1:9091/metrics",
        name="url",
    )
}
RECONCILE = OrBlock(URL, "ReconcileBlock", "The target's own counters.", _KEYS, "{url: URL}", ("form:url", "form:reconcile"))
"""A URL by itself, or the block with one."""


@dataclass(frozen=True, slots=True)
class CountersUrl:
    """A URL to ask. `shown` is as the config has it, and may be printed. `address` has the environment's values in it, which may be
    secret, and is for the request alone."""

    shown: str
    address: str = field(repr=False)
    values: Mapping[str, str] = field(repr=False, default_factory=dict)

    def without_values(self, text: str) -> str:
        """A text, such as a connection's error, with the variables' names in place of their values."""
        for name, value in sorted(self.values.items(), key=lambda item: -len(item[1])):
            if len(value) >= _SHORTEST_SECRET:
                text = text.replace(value, f"${{{name}}}")
        return text


def variables_in(template: str) -> list[str]:
    """The variables of the environment in a URL, each once."""
    return list(dict.fromkeys(_VARIABLE.findall(template)))


def expanded(template: str, environment: Mapping[str, str], path: str = "reconcile.url") -> CountersUrl:
    """The URL with its variables filled in, an IPv6 address in brackets; `path` is its key. Raises ConfigError, without their
    values, if one is missing, or the result is not a URL."""
    names = variables_in(template)
    missing = [name for name in names if not environment.get(name)]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise ConfigError([Problem("", path, f"{template}: {', '.join(missing)} {verb} not in the environment")])
    url = _VARIABLE.sub(lambda match: _bracketed(environment[match[1]]), template)
    if fault := _fault(url):
        found = f"found {template}, which {fault} once the environment's values are in it"
        raise ConfigError([Problem("", path, f"{found}; expected {URL.wanted}")])
    return CountersUrl(template, url, {name: environment[name] for name in names})


def _bracketed(value: str) -> str:
    """An IPv6 address in brackets: Kubernetes' `status.hostIP` may be of either kind."""
    try:
        return f"[{IPv6Address(value)}]"
    except ValueError:
        return value
