"""The grammar of a target: `embedded`, `unix:///run/relay.sock`, `tcp://127.0.0.1:9000`, `vsock://1:818`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

VSOCK_CID_LOCAL = 1
VSOCK_CID_HOST = 2
VSOCK_CID_ANY = 0xFFFFFFFF
DEFAULT_PORT = 818
_U32 = 0xFFFFFFFF
_LONGEST_UNIX_PATH = 107  # sun_path is 108 bytes with its closing zero
EXPECTED = "expected embedded, unix:///PATH, tcp://HOST:PORT or vsock://CID:PORT"


@dataclass(frozen=True, slots=True)
class EmbeddedAddress:
    """A receiver that the run starts for itself, in another process, on a unix socket in a private directory."""

    def __str__(self) -> str:
        return "embedded"


@dataclass(frozen=True, slots=True)
class UnixAddress:
    """A unix stream socket at an absolute path."""

    path: str

    def __str__(self) -> str:
        return f"unix://{self.path}"


@dataclass(frozen=True, slots=True)
class TcpAddress:
    """A TCP endpoint. `host` is a name or an IP address, IPv6 without its brackets; `at` is the address of the name that is used,
    empty if `host` is not a name, or not resolved yet."""

    host: str
    port: int
    at: str = ""

    def found_at(self, numeric: str) -> TcpAddress:
        """The same with the address of the name that is used."""
        return replace(self, at="" if numeric == self.host else numeric)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"tcp://{host}:{self.port}{f' ({self.at})' if self.at else ''}"


@dataclass(frozen=True, slots=True)
class VsockAddress:
    """An AF_VSOCK endpoint. CID 1 is this machine, 2 the host, 0xFFFFFFFF any (to listen on only)."""

    cid: int
    port: int

    def __str__(self) -> str:
        cid = "any" if self.cid == VSOCK_CID_ANY else self.cid
        return f"vsock://{cid}:{self.port}"


Address = EmbeddedAddress | UnixAddress | TcpAddress | VsockAddress


def parse_address(text: str) -> Address:
    """The address that a text names. Raises ValueError with what was expected.

    `vsock://any:818` is for listening. A vsock port may be left out: 818.
    """
    if text == "embedded":
        return EmbeddedAddress()
    scheme, separator, rest = text.partition("://")
    if not separator:
        raise ValueError(EXPECTED)
    if scheme == "unix":
        return _unix(rest)
    if scheme == "tcp":
        return _tcp(rest)
    if scheme == "vsock":
        return _vsock(rest)
    raise ValueError(f"unknown scheme {scheme!r}; {EXPECTED}")


def _unix(path: str) -> UnixAddress:
    if not path.startswith("/"):
        raise ValueError("expected an absolute path: unix:///PATH")
    if "\0" in path or len(path.encode(errors="surrogateescape")) > _LONGEST_UNIX_PATH:
        raise ValueError(f"a unix socket's path has at most {_LONGEST_UNIX_PATH} bytes and no zero byte")
    return UnixAddress(path)


def _tcp(rest: str) -> TcpAddress:
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.%\w]+)\]|([^\s:/\[\]]+)):(\d{1,5})", rest, re.ASCII)
    if match is None:
        raise ValueError("expected tcp://HOST:PORT")
    return TcpAddress(match[1] or match[2], _number(match[3], 65_535, "a TCP port"))


def _vsock(rest: str) -> VsockAddress:
    match = re.fullmatch(r"(\d{1,10}|any)(?::(\d{1,10}))?", rest, re.ASCII)
    if match is None:
        raise ValueError("expected vsock://CID:PORT")
    cid = VSOCK_CID_ANY if match[1] == "any" else _number(match[1], _U32, "a CID", least=0)
    return VsockAddress(cid, _number(match[2], _U32 - 1, "a vsock port") if match[2] else DEFAULT_PORT)


def _number(digits: str, most: int, what: str, least: int = 1) -> int:
    number = int(digits)
    if not least <= number <= most:
        raise ValueError(f"{what} is a number from {least} to {most}")
    return number
