"""Everything that a target can do to a run, over unix and TCP sockets: the accounts of both ends agree to the last report.

Over real AF_VSOCK the same cells are in guest/faults.py.
"""

from __future__ import annotations

import pytest

from command import PROJECT
from faults.cells import FAULTS, TRANSPORTS, Fault, Transport, fault_named
from faults.matrix import accounts_of, address_on, check, reconciled_accounts_of
from faults.trial import Load, Stage, run_trial
from vsock_loadgen.errors import TargetError

BOTH = pytest.mark.parametrize("transport", ["unix", "tcp"])


@BOTH
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_every_report_is_in_one_place_whatever_the_target_does(fault: Fault, transport: Transport) -> None:
    check(accounts_of(fault, transport), fault.load, fault.on[transport])


@BOTH
def test_a_target_that_is_absent_when_the_run_looks_is_refused_before_anything_is_sent(transport: Transport) -> None:
    with address_on(transport) as address, pytest.raises(TargetError) as caught:
        run_trial(Load(), Stage(address), lambda stage: None, hides=False)
    assert caught.value.exit_code == 2


@BOTH
def test_reports_that_were_read_and_not_taken_in_are_found_by_the_targets_counters(transport: Transport) -> None:
    fault = fault_named("never_parses")
    accounts = reconciled_accounts_of(fault, transport)
    assert accounts.totals["delivered"] == fault.load.due
    assert accounts.result["reconciliation"]["unexplained"] == fault.load.due
    assert (accounts.exit_code, accounts.result["verdict"]["status"]) == (1, "invalid")


@BOTH
def test_connections_closed_for_want_of_a_handler_are_explained_by_the_failures(transport: Transport) -> None:
    accounts = reconciled_accounts_of(fault_named("limits_concurrency"), transport)
    found = accounts.result["reconciliation"]
    dropped = found["dropped"]["concurrency"]
    assert dropped == accounts.failures.get("reset", 0) == accounts.receipt.rejected
    assert (found["unexplained"], found["thrown_away"]) == (0, 0)
    assert (accounts.exit_code, accounts.result["confirmation"]) == (3 if dropped else 0, "reconciled")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_page_has_the_figures_of_every_fault_on_every_transport(fault: Fault) -> None:
    rows = [line for line in (PROJECT / "docs" / "reliability.md").read_text().splitlines() if line.startswith(f"| {fault.does} |")]
    assert len(rows) == len(TRANSPORTS), "PYTHONPATH=tests python -m docs.scripts.reliability writes them"
    assert [row.split(" | ")[1] for row in rows] == [str(fault.load.due)] * len(TRANSPORTS)
    assert [row.split(" | ")[9] for row in rows] == ["0"] * len(TRANSPORTS)
