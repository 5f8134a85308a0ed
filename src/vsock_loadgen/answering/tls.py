"""Who may ask over TLS: an asker with a verified certificate which, if names are given, has one of them."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vsock_loadgen.cluster import front_proxy
from vsock_loadgen.cluster.front_proxy import FrontProxy
from vsock_loadgen.cluster.watch import Watch
from vsock_loadgen.errors import ClusterError, ConfigError, LoadgenError, Problem

LOGGER = logging.getLogger("vsock_loadgen.answering")
"""Messages of this program's worker, and of the library that serves."""


@dataclass(frozen=True, slots=True)
class Tls:
    """The server's own certificate and key, and what reads who may ask; None lets all ask. If that `is_followed`, it is read again
    while the server serves."""

    certificate: Path
    key: Path
    read: Callable[[], FrontProxy] | None = None
    is_followed: bool = False

    def gate(self) -> Gate:
        """The gate. Raises ConfigError if a file cannot be used, and what `read` raises."""
        return Gate(self.certificate, self.key, self.read() if self.read else None)

    def watch(self, gate: Gate) -> AskerWatch | None:
        """What keeps the gate up to date; None if nothing is read again."""
        return AskerWatch(gate, self.read) if self.read and self.is_followed else None


class Gate:
    """The server's side of each new connection, and who may ask over it; `admit` replaces these while the server serves."""

    def __init__(self, certificate: Path, key: Path, askers: FrontProxy | None) -> None:
        self._certificate, self._key = certificate, key
        self._askers = askers
        self._current = self.context = self._context(askers)
        # Called for every handshake, before a certificate is checked. A context is never told to forget a CA.
        self.context.sni_callback = self._hand_over

    def admit(self, askers: FrontProxy) -> bool:
        """Let only these ask; whether they differ from before. Raises ConfigError, and then nothing has changed. May be called from
        any thread."""
        if askers == self._askers:
            return False
        self._current, self._askers = self._context(askers), askers
        return True

    def admits(self, certificate: Mapping[str, Any] | None, headers: Mapping[str, str]) -> bool:
        """Whether an asker with this verified certificate, as `ssl` has it, and these headers may ask for reports."""
        askers = self._askers
        if askers is None:
            return True
        if not certificate or (askers.names and askers.names.isdisjoint(_common_names(certificate))):
            return False
        return not askers.user_headers or any(headers.get(name) for name in askers.user_headers)

    def _hand_over(self, connection: ssl.SSLSocket | ssl.SSLObject, _: str | None, __: ssl.SSLContext) -> None:
        connection.context = self._current

    def _context(self, askers: FrontProxy | None) -> ssl.SSLContext:
        """A certificate is verified if it is given, since discovery and probes need none. A CA made by plain openssl is accepted.
        An API server opens a new connection each time: nothing is kept for the next."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_TICKET
        context.num_tickets = 0
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        try:
            context.load_cert_chain(self._certificate, self._key)
        except (OSError, ValueError) as error:
            raise unusable("--tls-cert", f"{self._certificate} with {self._key}", error) from error
        if askers is not None:
            context.verify_mode = ssl.CERT_OPTIONAL
            try:
                context.load_verify_locations(cadata=askers.ca)
            except (OSError, ValueError) as error:
                raise unusable("--client-ca", "the CA of askers", error) from error
        return context


class AskerWatch(Watch):
    """Reads again who may ask. A failed reading changes nothing, and is logged once."""

    def __init__(self, gate: Gate, read: Callable[[], FrontProxy]) -> None:
        super().__init__("asker-watch", front_proxy.INTERVAL_SECONDS)
        self._gate = gate
        self._read = read
        self._problem = ""

    def look(self) -> None:
        """Read it once, and let those ask."""
        try:
            if self._gate.admit(self._read()):
                LOGGER.warning("the CA of askers or their names have changed, and are in use")
            self._problem = ""
        except LoadgenError as error:
            said = error.message if isinstance(error, ClusterError) else str(error)
            if said != self._problem:
                LOGGER.warning("the CA and names of askers could not be read again, and stay: %s", said)
            self._problem = said


def of_file(path: Path, names: Iterable[str]) -> FrontProxy:
    """Askers with a certificate of the CA in a file. Raises ConfigError."""
    try:
        return FrontProxy(path.read_text(encoding="ascii", errors="replace"), frozenset(names))
    except OSError as error:
        raise unusable("--client-ca", str(path), error) from error


def _common_names(certificate: Mapping[str, Any]) -> Iterable[str]:
    return (value for part in certificate.get("subject", ()) for name, value in part if name == "commonName")


def unusable(flag: str, what: str, error: OSError | ValueError) -> ConfigError:
    """The refusal of a file."""
    why = getattr(error, "strerror", None) or getattr(error, "reason", None) or str(error)
    return ConfigError([Problem(flag, "", f"{what} cannot be used: {why}, expected PEM files")])
