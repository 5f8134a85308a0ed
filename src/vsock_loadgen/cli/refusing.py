"""How a verb that runs a fleet refuses, and what it needs that may not be installed."""

from __future__ import annotations

import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TextIO

from vsock_loadgen.errors import EXIT_USAGE, ConfigError, LoadgenError, MachineError, Problem
from vsock_loadgen.log import Log


@contextmanager
def said_as(log_format: str, log: TextIO) -> Iterator[None]:
    """Report an error that ends a run in the log's format: a line for people, which `main` writes, or a JSON object."""
    try:
        yield
    except (LoadgenError, OSError, MemoryError) as caught:
        error = caught if isinstance(caught, LoadgenError) else MachineError(caught)
        if log_format == "text":
            raise error from caught
        event = "refused" if error.exit_code == EXIT_USAGE else "broken"
        Log(log, style="json").error(str(error), event, {"exit_code": error.exit_code})
        sys.exit(error.exit_code)


def require(verb: str, package: str, extra: str) -> None:
    """Raise ConfigError if a package is not installed that a verb needs."""
    if find_spec(package) is None:
        message = f"the package {package} is not installed: pip install 'vsock-loadgen[{extra}]'"
        raise ConfigError([Problem(verb, "", message)])


def require_linux(verb: str) -> None:
    """Raise ConfigError if this is not Linux, as its epoll shows."""
    if not hasattr(select, "epoll"):
        expected = "expected Linux; plan, fit, compare, report, init and schema run anywhere"
        raise ConfigError([Problem(verb, "", f"found a system without epoll, {expected}")])
