"""The cells of the matrix on the transports of one kernel, and what must hold in each of them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from faults.cells import Expected, Fault, Transport
from faults.trial import Accounts, Load, Stage, run_trial
from ports import free_port
from vsock_loadgen.config.address import Address, TcpAddress, UnixAddress, VsockAddress

_vsock_ports = count(6_000)


@contextmanager
def address_on(transport: Transport) -> Iterator[Address]:
    """An address of this machine on which nobody listens. For vsock the kernel must have the loopback transport."""
    match transport:
        case "unix":
            with tempfile.TemporaryDirectory(prefix="t-") as folder:
                yield UnixAddress(f"{folder}/target.sock")
        case "tcp":
            yield TcpAddress("127.0.0.1", free_port())
        case "vsock":
            yield VsockAddress(1, next(_vsock_ports))


def accounts_of(fault: Fault, transport: Transport) -> Accounts:
    """Run one cell."""
    with address_on(transport) as address:
        return run_trial(fault.load, Stage(address), fault.enter, hides=transport == "vsock")


def reconciled_accounts_of(fault: Fault, transport: Transport) -> Accounts:
    """Run one cell with the target's own counters beside it."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/metrics"
    with address_on(transport) as address:
        stage = Stage(address, metrics_port=port)
        return run_trial(fault.load, stage, fault.enter, hides=transport == "vsock", reconcile_url=url)


def check(accounts: Accounts, load: Load, expected: Expected) -> None:
    """Both ends' accounts are as expected, and exact in any case."""
    totals, receipt = accounts.totals, accounts.receipt
    failed = sum(accounts.failures.values())
    assert totals["due"] == load.due
    assert totals["due"] == totals["delivered"] + failed + totals["skipped"] + totals["unfinished"]
    assert totals["failed"] == failed
    assert set(accounts.failures) <= set(expected.failures)
    for failure, exactly in expected.failures.items():
        assert exactly in (None, accounts.failures.get(failure, 0)), failure
    assert expected.delivered in (None, totals["delivered"])
    assert expected.skipped in (None, totals["skipped"])
    assert totals["unfinished"] == 0
    assert expected.read in (None, accounts.read)
    assert (failed if expected.unread == "failed" else expected.unread) in (None, accounts.unread)
    assert expected.hidden in (None, accounts.hidden)
    assert accounts.unexplained == 0
    assert receipt.connections == accounts.read + accounts.unread + receipt.empty
    all_delivered = totals["delivered"] == totals["due"]
    assert (accounts.exit_code, accounts.result["verdict"]["status"]) == ((0, "passed") if all_delivered else (3, "failed"))
    proof = "weak" if accounts.hides else "strong"
    assert accounts.result["confirmation"] == (proof if totals["delivered"] else "none")
    assert accounts.result["complete"]
