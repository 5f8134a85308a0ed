"""How the agents of a fleet that is asked answer: the block `serve`."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Literal

from vsock_loadgen.config.blocks import YEAR_NS
from vsock_loadgen.distributions.constant import Constant
from vsock_loadgen.distributions.kind import Distribution
from vsock_loadgen.distributions.quantity import DELAY
from vsock_loadgen.distributions.reading import Of
from vsock_loadgen.grammar.block import BlockOf, key
from vsock_loadgen.grammar.leaves import Choice, Duration, OrWord, ParsedText, Percentage, expected
from vsock_loadgen.units import SECOND

_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_INDEX = "{index}"
_WANTED_NAMESPACE = "a name of Kubernetes: 1 to 63 lower-case letters, digits and dashes"
_WANTED_PATTERN = "a name of Kubernetes with {index} in it once, such as loadgen-{index}"
_LONGEST_INDEX = "99999"
_NONE = Fraction(0)


def _namespace(text: str) -> str:
    if not re.fullmatch(_LABEL, text):
        raise expected(_WANTED_NAMESPACE)
    return text


def _pattern(text: str) -> str:
    if text.count(_INDEX) != 1 or not re.fullmatch(_LABEL, text.replace(_INDEX, _LONGEST_INDEX)):
        raise expected(_WANTED_PATTERN)
    return text


@dataclass(frozen=True, slots=True)
class Faults:
    """Shares of all askings that are answered with a fault; they add up to 100 at most."""

    not_ready: Fraction = key(_NONE, Percentage(), "Askings that are answered with NOT_READY.", "2.5")
    busy: Fraction = key(_NONE, Percentage(), "Askings that are answered with BUSY, before their request is read.", "2.5")
    internal: Fraction = key(_NONE, Percentage(), "Askings that are answered with INTERNAL.", "2.5")
    unknown_method: Fraction = key(_NONE, Percentage(), "Askings that are answered with UNKNOWN_METHOD.", "2.5")
    dial_error: Fraction = key(_NONE, Percentage(), "Askings that are refused with 500 before the upgrade.", "2.5")
    drop: Fraction = key(_NONE, Percentage(), "Connections that are dropped after the upgrade, without a close (1006).", "2.5")
    truncated: Fraction = key(_NONE, Percentage(), "Answers of which half is sent before the agent closes.", "2.5")
    stalled: Fraction = key(_NONE, Percentage(), "Answers of which half is sent, and nothing more.", "2.5")
    oversized: Fraction = key(_NONE, Percentage(), "Answers that claim to be longer than 16 MiB; little is sent.", "2.5")

    @property
    def whole(self) -> Fraction:
        """The share of askings with any fault."""
        return sum((getattr(self, each.name) for each in fields(self)), _NONE)


@dataclass(frozen=True, slots=True)
class Serve:
    """The agents' dialect, their names, and the state in which they begin."""

    dialect: Literal["token", "generation"] = key(
        "token",
        Choice(("token", "generation")),
        "Recognize a known report by a token, as releases do, or by a generation, as in July and August 2026.",
        "generation",
    )
    namespace: str = key(
        "default",
        ParsedText(_WANTED_NAMESPACE, _namespace, {"type": "string", "pattern": f"^{_LABEL}$"}),
        "Namespace of every VM.",
        "vms",
    )
    name_pattern: str = key(
        "loadgen-{index}",
        ParsedText(_WANTED_PATTERN, _pattern, {"type": "string", "maxLength": 70, "pattern": r"^[-a-z0-9]*\{index\}[-a-z0-9]*$"}),
        "Name of every VM; {index} is its number in the fleet, from 0.",
        "vm-{index}",
    )
    start: Literal["warm", "cold"] = key(
        "warm",
        Choice(("warm", "cold")),
        "Begin with a report in every VM (warm), or with VMs that are not ready until they scan (cold).",
        "cold",
    )

    answer_delay: Distribution = key(
        Constant(0),
        Of(DELAY),
        "Take this long from the whole request to the first byte, drawn for every asking; `timeScale` does not divide it.",
        "{min: 0s, p50: 200ms, max: 5s}",
    )
    first_scan_ns: int | None = key(
        None,
        OrWord(Duration(0, YEAR_NS), (("auto", None),)),
        "Scan this long after an agent's start; it is not ready before. `timeScale` divides it. auto: when its interval says so.",
        "2m",
    )
    restart_every_ns: int | None = key(
        None,
        OrWord(Duration(SECOND, YEAR_NS), (("never", None),)),
        "Restart an agent this often, which has no report then; `timeScale` divides it.",
        "12h",
    )
    faults: Faults = key(
        Faults(),
        BlockOf(Faults),
        "Inject faults into these percents of the askings, chosen by a hash of VM and asking: every run the same.",
        "{dialError: 1, stalled: 0.5}",
        otherwise="none",
    )

    def name_of(self, index: int) -> str:
        """The name of the VM with this global index."""
        return self.name_pattern.replace(_INDEX, str(index))
