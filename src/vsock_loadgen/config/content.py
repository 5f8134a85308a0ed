"""What reports say besides their number of packages: the block `discoveredData`, and where a catalogue of packages is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from vsock_loadgen.config.model import DiscoveredData
from vsock_loadgen.config.places import Rank
from vsock_loadgen.config.tree import Node
from vsock_loadgen.grammar.block import Block
from vsock_loadgen.grammar.leaves import Choice, OptionalText

_DEFAULTS = DiscoveredData()
_DETECTED_OS = Choice(("RHEL", "UNKNOWN"))
_OS_VERSION = OptionalText('a version in quotes, such as "9.4"')
_ACTIVATION_STATUS = Choice(("ACTIVE", "INACTIVE", "ACTIVATION_UNSPECIFIED"))
_DNF_METADATA_STATUS = Choice(("AVAILABLE", "UNAVAILABLE", "DNF_METADATA_UNSPECIFIED"))


class DiscoveredDataBlock(Block):
    """What a VM's agent has found out about its system. The values are the names of the protocol."""

    detected_os: Annotated[Literal["RHEL", "UNKNOWN"], _DETECTED_OS] = Field(
        _DEFAULTS.detected_os, description="Operating system of every VM."
    )
    os_version: Annotated[str | None, _OS_VERSION] = Field(
        _DEFAULTS.os_version, description="Its version, a text in quotes; empty: none."
    )
    activation_status: Annotated[Literal["ACTIVE", "INACTIVE", "ACTIVATION_UNSPECIFIED"], _ACTIVATION_STATUS] = Field(
        _DEFAULTS.activation_status, description="Whether it is registered for updates."
    )
    dnf_metadata_status: Annotated[Literal["AVAILABLE", "UNAVAILABLE", "DNF_METADATA_UNSPECIFIED"], _DNF_METADATA_STATUS] = Field(
        _DEFAULTS.dnf_metadata_status, description="Whether its package manager has metadata of its repositories."
    )


def catalogue_path(written: str | None, node: Node | None) -> str | None:
    """The absolute path of a catalogue: one in a config file is relative to that file, any other to the working directory."""
    if written is None or node is None:
        return written
    source = node.place.source
    folder = Path(source.name).parent if source.rank is Rank.FILE else Path()
    return str((folder / written).absolute())
