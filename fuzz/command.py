"""The command `vsock-loadgen` within this process: verbs that would wait end where they would begin."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

from fuzz.oracle import hold, hold_one_line
from vsock_loadgen import app, preparing, receiving, scraping
from vsock_loadgen.cli import main
from vsock_loadgen.cluster import vms
from vsock_loadgen.config.model import Config
from vsock_loadgen.errors import EXIT_USAGE
from vsock_loadgen.plan.polling import Settings
from vsock_loadgen.receiver.behaviour import Behaviour
from vsock_loadgen.receiver.forwarding import Forwarding
from vsock_loadgen.results.receipt import Receipt
from vsock_loadgen.results.scraped import Scraped
from vsock_loadgen.scraper.fleet import KnownFleet
from vsock_loadgen.scraper.pacing import Pacer

_MOST_VMS = 40
_LONGEST_NS = 2**53 * 1_000
_PREPARE = preparing.prepare


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str


def command(arguments: Sequence[str], *, stdin: bytes = b"", environment: Mapping[str, str] | None = None) -> Ended:
    """Run a command line to its end. Any exception but SystemExit comes through: it would be a traceback."""
    streams = [io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", errors="replace") for data in (stdin, b"", b"")]
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("LOADGEN_", "NODE_", "JOB_"))}
    with ExitStack() as stack:
        stack.enter_context(mock.patch.dict(os.environ, kept | dict(environment or {}), clear=True))
        for name, value in {"argv": ["vsock-loadgen", *arguments], "stdin": None, "stdout": None, "stderr": None}.items():
            stack.enter_context(mock.patch.object(sys, name, value))
        stack.enter_context(mock.patch.object(main, "_streams", return_value=streams))  # those of this process are in use
        stack.enter_context(mock.patch.object(signal, "signal"))  # as are its signals
        for module, name, instead in (
            (app, "run", _run),
            (receiving, "receive", _receive),
            (scraping, "scrape", _scrape),
            (preparing, "prepare", _prepare),
            (vms, "read_running_vms", _running_vms),
        ):
            stack.enter_context(mock.patch.object(module, name, instead))
        code = _code()
    out, err = (_written(stream) for stream in streams[1:])
    return Ended(code, out, err)


def hold_ended(ended: Ended, codes: Sequence[int]) -> None:
    """The command ended with one of these codes; where its input was refused, each problem is a line."""
    hold(ended.code in codes, "the exit code is one that is documented", ended)
    hold("Traceback" not in ended.err, "no error is a traceback", ended)
    if ended.code == EXIT_USAGE:
        hold(bool(ended.err.strip()), "a refusal says why", ended)
        for line in [] if ended.err.startswith("Usage: ") else ended.err.splitlines():
            hold_one_line(line)


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()


def _code() -> int:
    try:
        main.main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0 if end.code is None else 1


def _run(config: Config, *_: Any, **__: Any) -> int:
    hold(config.vm_count >= 1, "what is run is a config")
    return 0


def _receive(_: object, behaviour: Behaviour, duration_ns: int | None, *__: Any, **___: Any) -> Receipt:
    """What a receiver does first with what it was told."""
    Forwarding(behaviour)
    hold(0 <= (duration_ns or 0) <= _LONGEST_NS, "a timer of the system takes the duration", duration_ns)
    return Receipt()


def _scrape(url: str, fleet: KnownFleet, config: Config, settings: Settings, *_: Any) -> Scraped:
    """What an asker first does with what it was told."""
    Pacer(len(fleet.indices), settings.scaled(config.time_scale), now_ns=0).due(0)
    hold(url.startswith(("http://", "https://")), "what is asked is a URL", url)
    return Scraped()


def _running_vms(_: object) -> list[vms.RunningVm]:
    """What a cluster lists."""
    return [vms.RunningVm("default", name) for name in ("loadgen-0", "loadgen-00", "other")]


def _prepare(config: Config, **how: Any) -> Any:
    """Plans of few VMs: how long a large one takes is measured elsewhere."""
    return _PREPARE(replace(config, vm_count=min(config.vm_count, _MOST_VMS)), **how)
