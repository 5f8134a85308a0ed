"""VMs that wait to be asked for their reports."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace

from vsock_loadgen import __version__
from vsock_loadgen.answering.faults import FAULTS, faulty
from vsock_loadgen.answering.server import AnsweringOrders
from vsock_loadgen.answering.starts import Picker
from vsock_loadgen.answering.tls import Tls
from vsock_loadgen.asking.reconciling import AnyReconciler, sensor_reconciler
from vsock_loadgen.config.model import Config
from vsock_loadgen.distributions.quantity import DELAY
from vsock_loadgen.engine.stopping import StopRequests
from vsock_loadgen.errors import ConfigError, TargetError
from vsock_loadgen.log import Log
from vsock_loadgen.modes.mode import Decided, Prepared
from vsock_loadgen.payloads.answers import Answers
from vsock_loadgen.payloads.dialects import DIALECTS, Facts
from vsock_loadgen.plan.polling import Settings
from vsock_loadgen.scraper.embedded import EmbeddedAsker
from vsock_loadgen.scraper.fleet import KnownFleet
from vsock_loadgen.scraper.sensor import Sensor
from vsock_loadgen.units import format_number, scaled

_BACKLOG = 4_096
_VALUES = 1_000
"""Values that a delay may have, at even shares of its distribution."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Where to listen: a host and a port; port 0 takes any free one."""

    host: str
    port: int
    is_tls: bool = False

    @classmethod
    def of(cls, text: str) -> Listening:
        """Of `http://HOST:PORT` or `https://HOST:PORT`. Raises ValueError."""
        scheme, found, rest = text.partition("://")
        host, colon, port = rest.removesuffix("/").rpartition(":")
        is_port = port.isascii() and port.isdecimal() and len(port) <= 5 and int(port) < 2**16
        if scheme not in ("http", "https") or not found or not colon or not host or "/" in host or not is_port:
            raise ValueError(
                "expected http://HOST:PORT or https://HOST:PORT, such as http://127.0.0.1:8080; port 0 takes any free one"
            )
        return cls(host.removeprefix("[").removesuffix("]"), int(port), scheme == "https")

    def bind(self) -> socket.socket:
        """A socket that is bound there. Raises TargetError."""
        try:
            family, kind, proto, _, address = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)[0]
            listener = socket.socket(family, kind, proto)
        except OSError as error:
            raise self._refused(error) from error
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(_BACKLOG)
        except OSError as error:
            listener.close()
            raise self._refused(error) from error
        listener.setblocking(False)
        return listener

    def _refused(self, error: OSError) -> TargetError:
        return TargetError(
            f"{self}: cannot be listened on: {error.strerror or error}", "name another address or port with --listen"
        )

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http{'s' if self.is_tls else ''}://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Answering:
    """Where agents are found, over which TLS, and the settings of an embedded asker; None: others ask."""

    listening: Listening
    asker: Settings | None = None
    tls: Tls | None = None

    def settled(self, config: Config) -> Config:
        """One process answers. Raises ConfigError if several were asked for, or a target's counters."""
        problems = []
        if config.workers not in (None, 1):
            problems.append(
                config.problem("workers", f"found {config.workers}, expected 1: one process answers for the whole fleet")
            )
        if config.serve.faults.whole > 1:
            added = format_number(float(100 * config.serve.faults.whole))
            problems.append(config.problem("serve.faults", f"add up to {added} %, expected 100 at most"))
        if problems:
            raise ConfigError(problems)
        return replace(config, workers=1)

    def prepare(self, decided: Decided, sending: ExitStack, stop: StopRequests) -> Prepared:
        """Bind the address, and fork the embedded asker, if there is one."""
        config, serve = decided.config, decided.config.serve
        with stop.at_once():
            gate = self.tls.gate() if self.tls else None
            listener = sending.enter_context(self.listening.bind())
        where = str(replace(self.listening, port=listener.getsockname()[1]))
        delay = Picker(config.seed, "answers", serve.answer_delay.take(_VALUES, DELAY.grain).values)
        facts = Facts(f"vsock-loadgen/{__version__}", _facts(asdict(config.discovered_data)))
        return Prepared(
            orders=AnsweringOrders(
                duration_ns=config.duration_ns,
                start_at_ns=config.start_at_ns,
                answers=Answers(decided.factory, DIALECTS[serve.dialect], facts, config.seed),
                listener=listener,
                namespace=serve.namespace,
                name_of=serve.name_of,
                is_warm=serve.start == "warm",
                gate=gate,
                asker_watch=self.tls.watch(gate) if self.tls and gate else None,
                delay=None if delay.is_nothing else delay,
                first_scan_ns=None if serve.first_scan_ns is None else scaled(serve.first_scan_ns, config.time_scale),
                restart_every_ns=scaled(serve.restart_every_ns, config.time_scale) if serve.restart_every_ns else None,
                seed=config.seed,
                faulty=faulty(config.seed, {name: getattr(serve.faults, name) for name in FAULTS}),
            ),
            aim=where,
            where=where,
            companion=sending.enter_context(EmbeddedAsker(self._sensor(decided, where))) if self.asker else None,
            listen=where,
            asker=self.asker,
        )

    def _sensor(self, decided: Decided, url: str) -> MakeSensor:
        config = decided.config
        fleet = KnownFleet.of(decided.plan, decided.mine, config.serve)
        return MakeSensor(url, fleet, self.foreseen.scaled(config.time_scale), config.seed)

    def reconciler(self, config: Config, log: Log, environment: Mapping[str, str]) -> AnyReconciler | None:
        """That of the Sensor which asks."""
        return sensor_reconciler(config, log, environment)

    @property
    def foreseen(self) -> Settings:
        """The embedded asker's settings; else Sensor's defaults."""
        return self.asker or Settings()

    @property
    def verb(self) -> str:
        """What they do."""
        return "answer, listening on"


@dataclass(frozen=True, slots=True)
class MakeSensor:
    """Makes an asker once its event loop runs."""

    url: str
    fleet: KnownFleet
    settings: Settings
    seed: int

    def __call__(self) -> Sensor:
        return Sensor(self.url, self.fleet, self.settings, seed=self.seed)


def _facts(said: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in said.items() if value}
