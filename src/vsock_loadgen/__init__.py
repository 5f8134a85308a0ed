"""Simulate a fleet of virtual machines that keep sending index reports, and judge the run."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vsock_loadgen.api import load_config, load_result, make_plan, table_of

__version__ = "0.1.0"
__all__ = ["__version__", "load_config", "load_result", "make_plan", "table_of"]


def __getattr__(name: str) -> Any:
    """What Python programs use is imported when it is used: the command does not wait for it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.api"), name)
