"""Who may ask over TLS: an asker with a verified certificate which, if names are given, has one of them."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vsock_loadgen.errors import ConfigError, Problem


@dataclass(frozen=True, slots=True)
class Tls:
    """The server's own certificate and key, and the CA that verifies askers; None accepts all. `names` are the common names that
    may ask; none given accepts any."""

    certificate: Path
    key: Path
    client_ca: Path | None = None
    names: frozenset[str] = frozenset()

    def context(self) -> ssl.SSLContext:
        """The server's context. Raises ConfigError if a file cannot be used.

        A certificate is verified if it is given, since discovery and probes need none. A CA made by plain openssl is accepted. An
        API server opens a new connection each time: nothing is kept for the next.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_TICKET
        context.num_tickets = 0
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        try:
            context.load_cert_chain(self.certificate, self.key)
        except (OSError, ValueError) as error:
            raise _unusable("--tls-cert", f"{self.certificate} with {self.key}", error) from error
        if self.client_ca is not None:
            context.verify_mode = ssl.CERT_OPTIONAL
            try:
                context.load_verify_locations(self.client_ca)
            except (OSError, ValueError) as error:
                raise _unusable("--client-ca", str(self.client_ca), error) from error
        return context

    def admits(self, certificate: Mapping[str, Any] | None) -> bool:
        """Whether an asker with this verified certificate, as `ssl` has it, may ask for reports."""
        if self.client_ca is None:
            return True
        return bool(certificate) and (not self.names or not self.names.isdisjoint(_common_names(certificate or {})))


def _common_names(certificate: Mapping[str, Any]) -> Iterable[str]:
    return (value for part in certificate.get("subject", ()) for name, value in part if name == "commonName")


def _unusable(flag: str, what: str, error: OSError | ValueError) -> ConfigError:
    why = getattr(error, "strerror", None) or getattr(error, "reason", None) or str(error)
    return ConfigError([Problem(flag, "", f"{what} cannot be used: {why}, expected PEM files")])
