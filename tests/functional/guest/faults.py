"""Everything that a target can do to a run, over real AF_VSOCK: the accounts of both ends agree to the last report.

The kernel hides a close with unread data where a report fits its buffer: such a report counts as delivered, the confirmation is
weak, and only the target's own count shows it.
"""

from __future__ import annotations

import pytest

from faults.cells import FAULTS, Fault, fault_named
from faults.matrix import accounts_of, address_on, check, reconciled_accounts_of
from faults.trial import Load, Stage, run_trial
from vsock_loadgen.errors import TargetError


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_every_report_is_in_one_place_whatever_the_target_does(fault: Fault) -> None:
    check(accounts_of(fault, "vsock"), fault.load, fault.on["vsock"])


def test_a_target_that_is_absent_when_the_run_looks_is_refused_before_anything_is_sent() -> None:
    with address_on("vsock") as address, pytest.raises(TargetError, match=f"nothing is listening on {address} ") as caught:
        run_trial(Load(), Stage(address), lambda stage: None, hides=True)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("name", ["never_parses", "resets"])
def test_reports_that_were_not_taken_in_are_found_by_the_targets_counters(name: str) -> None:
    """Read and not parsed, or closed unread: to the sender both look delivered."""
    fault = fault_named(name)
    accounts = reconciled_accounts_of(fault, "vsock")
    assert accounts.totals["delivered"] == fault.load.due
    assert accounts.result["reconciliation"]["unexplained"] == fault.load.due
    assert (accounts.exit_code, accounts.result["verdict"]["status"]) == (1, "invalid")
    assert accounts.result["confirmation"] == "weak"


def test_connections_closed_unread_for_want_of_a_handler_are_found_by_the_targets_counters() -> None:
    accounts = reconciled_accounts_of(fault_named("limits_concurrency"), "vsock")
    found = accounts.result["reconciliation"]
    dropped = found["dropped"]["concurrency"]
    assert dropped == found["thrown_away"] == accounts.receipt.rejected == accounts.hidden
    assert found["unexplained"] == 0
    assert (accounts.exit_code, accounts.result["verdict"]["status"]) == ((3, "failed") if dropped else (0, "passed"))
    assert accounts.result["confirmation"] == "reconciled"
