"""A kernel's vsock as a test says it is, and connections that go nowhere: no test here opens an AF_VSOCK socket."""

from __future__ import annotations

import errno
from dataclasses import dataclass, field

from vsock_loadgen.config.address import Address
from vsock_loadgen.transport.endpoint import Endpoint


@dataclass(frozen=True)
class FakeVsock:
    """By default a host with everything loaded."""

    device: bool = True
    socket_error: int = 0
    cid: int | None = 2
    loopback: bool = True

    def has_device(self) -> bool:
        return self.device

    def socket_errno(self) -> int:
        return self.socket_error

    def own_cid(self) -> int | None:
        return self.cid

    def has_loopback(self) -> bool:
        return self.loopback


@dataclass
class FakeConnect:
    """Gives the prepared answers by address, the last one for ever, and keeps what was asked; resets without one."""

    answers: dict[str, list[int]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __call__(self, endpoint: Endpoint) -> int:
        self.asked.append(str(endpoint.address))
        prepared = self.answers.get(str(endpoint.address), [errno.ECONNRESET])
        return prepared.pop(0) if len(prepared) > 1 else prepared[0]


def answering(address: Address | str, *answers: int) -> FakeConnect:
    """Connections to one address come to these errnos."""
    return FakeConnect({str(address): list(answers)})
