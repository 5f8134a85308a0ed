"""Whether the hot path of every report is compiled: `hatch_build.py` does that if a wheel is built beside a C compiler."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Literal

Form = Literal["compiled", "pure Python"]


def form() -> Form:
    """The form that this process runs."""
    sender = find_spec("vsock_loadgen.engine.sender")
    return "pure Python" if sender is None or (sender.origin or "").endswith(".py") else "compiled"
