"""Keys that older files have: read like any other, with a warning if they are ignored, and translated into today's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vsock_loadgen.config.address import VSOCK_CID_LOCAL, VsockAddress
from vsock_loadgen.config.places import Finding, Findings, position
from vsock_loadgen.config.tree import Node, highest_rank, mapping_node
from vsock_loadgen.distributions.constant import Constant
from vsock_loadgen.distributions.quantity import PACKAGES
from vsock_loadgen.grammar.block import key
from vsock_loadgen.grammar.leaves import Choice, WholeNumber

PAYLOAD_SIZES = {"small": 514, "avg": 700, "large": 1500}
"""Packages of each named size of a report."""
PACKAGE_KEYS = ("numPackages", "packages", "payloadSize")
"""The keys that say how many packages a report has; if several have a plain number, the first wins."""
BEFORE = {
    "num_packages": "packages",
    "payload_size": "specific_package",
    "num_repositories": "specific_package",
    "port": "delivery",
}
"""Before which of today's keys each stands, in the command line's help and in the JSON Schema."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OlderKeys:
    """What a file may still say in older keys; None if it does not."""

    num_packages: int | None = key(
        None,
        PACKAGES.exact,
        "Report this many packages per VM; the older name of a scalar `packages`.",
        "700",
        group="fleet",
        scope="shared",
        unit="packages",
    )
    payload_size: str | None = key(
        None,
        Choice(tuple(PAYLOAD_SIZES)),
        "Report a named number of packages per VM: small is 514, avg 700, large 1500.",
        "avg",
        group="fleet",
        scope="shared",
    )
    num_repositories: int | None = key(
        None,
        WholeNumber(0, 1_000_000),
        "Accepted from older files; has no effect.",
        "0",
        group="content",
        scope="shared",
        idle=True,
    )
    port: int | None = key(
        None,
        WholeNumber(1, 2**32 - 2),
        "Send reports to vsock://1:PORT; `target` wins over it.",
        "818",
        group="sending",
        scope="node",
        otherwise="that of `target`",
    )


def without_outranked(section: Node) -> Node:
    """The section without those package keys that one from a higher rank replaces: a flag beats whatever the file says."""
    ranks = {name: highest_rank(node) for name, node in section.entries.items() if name in PACKAGE_KEYS}
    highest = max(ranks.values(), default=None)
    return mapping_node(
        section.place, {name: node for name, node in section.entries.items() if ranks.get(name, highest) == highest}
    )


def check_older_keys(section: Node, found: Findings) -> None:
    """Adds what is said of older keys beside newer ones, whether or not their values are valid."""
    if "numRepositories" in section.entries:
        place = section.entries["numRepositories"].place
        found.warnings.append(Finding(place, "numRepositories", "has no effect: every report has complete repositories"))
    given = {name: section.entries[name] for name in PACKAGE_KEYS if name in section.entries}
    block = given.get("packages")
    if block is not None and block.entries:
        message = f"stands beside a block of packages ({position(block.place)}), expected only one of them"
        found.errors += [Finding(node.place, name, message) for name, node in given.items() if node is not block]
        return
    winner = next(iter(given), "")
    for name, node in given.items():
        if _packages(name, node) != _packages(winner, given[winner]):
            message = f"{node.shown()} is ignored: {winner} {given[winner].shown()} ({position(given[winner].place)}) wins"
            found.warnings.append(Finding(node.place, name, message))


def _packages(name: str, node: Node) -> object:
    return PAYLOAD_SIZES.get(node.text) if name == "payloadSize" else node.value


def translated(values: Mapping[str, Any], section: Node, found: Findings) -> dict[str, Any]:
    """Validated values, by the names of their fields, with those of older keys in the place of today's."""
    newer = dict(values)
    older = OlderKeys(**{name: newer.pop(name) for name in BEFORE})
    if older.num_packages:
        newer["packages"] = Constant(older.num_packages)
    elif older.payload_size and "packages" not in section.entries:
        newer["packages"] = Constant(PAYLOAD_SIZES[older.payload_size])
    if older.port and "target" not in section.entries:
        newer["target"] = VsockAddress(VSOCK_CID_LOCAL, older.port)
    elif older.port and older.port != getattr(newer["target"], "port", 0):
        message = f"{older.port} is ignored: target {newer['target']} wins"
        found.warnings.append(Finding(section.entries["port"].place, "port", message))
    return newer
