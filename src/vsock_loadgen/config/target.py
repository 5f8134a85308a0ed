"""The key `target`: the address that reports are sent to."""

from __future__ import annotations

from vsock_loadgen.config.address import EXPECTED, VSOCK_CID_ANY, Address, VsockAddress, parse_address
from vsock_loadgen.grammar.leaves import ParsedText, expected

_WANTED = EXPECTED.removeprefix("expected ")


def _parse(text: str) -> Address:
    if not text.isprintable():
        raise expected(_WANTED, "has characters that cannot be printed")
    address = parse_address(text)
    if isinstance(address, VsockAddress) and address.cid == VSOCK_CID_ANY:
        raise ValueError("the CID any is for listening; expected the CID to connect to")
    return address


TARGET = ParsedText(_WANTED, _parse, {"type": "string", "pattern": "^(embedded$|unix:///|tcp://|vsock://)"})
