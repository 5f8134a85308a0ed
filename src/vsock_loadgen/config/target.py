"""The key `target`: the address that reports are sent to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vsock_loadgen.config.address import EXPECTED, VSOCK_CID_ANY, Address, VsockAddress, parse_address
from vsock_loadgen.grammar.leaves import Leaf, expected, unfit


@dataclass(frozen=True, slots=True)
class Target(Leaf):
    """The address that reports are sent to."""

    kind = "text"
    wanted = EXPECTED.removeprefix("expected ")

    def read(self, value: object) -> Address:
        if not isinstance(value, str):
            raise expected(self.wanted)
        if not value.isprintable():
            raise expected(self.wanted, "has characters that cannot be printed")
        try:
            address = parse_address(value)
        except ValueError as error:
            raise unfit(str(error)) from None
        if isinstance(address, VsockAddress) and address.cid == VSOCK_CID_ANY:
            raise unfit("the CID any is for listening, expected the CID to connect to")
        return address

    def show(self, value: Any) -> object:
        return str(value)

    def json_schema(self) -> dict[str, object]:
        return {"type": "string", "pattern": "^(embedded$|unix:///|tcp://|vsock://)"}
