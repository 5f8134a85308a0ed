"""The targets: what each instruments and how long its inputs may be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from fuzz import CORPUS

Check = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Target:
    """A parser under test. `most_bytes` is the longest input.

    The branches of our own modules guide the fuzzer, and those of the packages `beside` them.
    """

    name: str
    beside: tuple[str, ...] = ()
    most_bytes: int = 4_096

    @property
    def seeds(self) -> Path:
        """The folder of its seeds, and of every input that once failed."""
        return CORPUS / self.name

    def load(self) -> Check:
        """Its function, which raises where a promise is broken."""
        check: Check = import_module(f"fuzz.targets.{self.name}").check
        return check


PITFALL = Target("pitfall", most_bytes=8)
"""Not a parser of ours: its promise does not hold."""

TARGETS = {
    target.name: target
    for target in (
        Target("config_text", beside=("ruamel",)),
        Target("config_blocks", most_bytes=1_024),
        Target("grammars", most_bytes=256),
        Target("command_line", most_bytes=1_024),
        Target("result_text", most_bytes=16_384),
        Target("result_fields", most_bytes=512),
        Target("measurements"),
        Target("catalogue"),
        Target("relay_counters", beside=("prometheus_client",)),
        Target("node_list", beside=("lightkube",), most_bytes=2_048),
        Target("report_bytes", most_bytes=8_192),
        Target("connections", most_bytes=2_048),
        Target("requests", most_bytes=1_100),
        Target("paths", most_bytes=256),
        Target("askers", most_bytes=512),
    )
}
