"""What a receiver counted, as a record and as a document."""

from __future__ import annotations

import json

import pytest

from vsock_loadgen.results.receipt import Receipt, VmReceipt

VMS = (VmReceipt("3", 3, 500, 10.0, 70.0), VmReceipt("4", 1, 500, 12.0, 12.0), VmReceipt("10", 2, 1_000, 5.0, 35.0))
RECEIPT = Receipt(
    connections=11,
    reports=6,
    bytes=99,
    malformed=1,
    empty=1,
    rejections={"too_large": 1, "no_handler": 2},
    packages={1_000: 2, 500: 4},
    formats={"vmReport": 6},
    vms=VMS,
)


@pytest.mark.parametrize(("vm", "gap"), [(VMS[0], 30.0), (VMS[1], None), (VMS[2], 30.0)])
def test_the_mean_gap_is_that_between_first_and_last_arrival(vm: VmReceipt, gap: float | None) -> None:
    assert vm.mean_gap == gap


def test_vms_are_counted_by_what_they_last_reported() -> None:
    assert RECEIPT.vms_by_packages() == {500: 2, 1_000: 1}


def test_the_document_has_exactly_these_keys() -> None:
    document = json.loads(json.dumps(RECEIPT.to_json()))
    assert document == {
        "schema": "vsock-loadgen/receipt/v1",
        "connections": 11,
        "reports": 6,
        "bytes": 99,
        "malformed": 1,
        "empty": 1,
        "rejected": 3,
        "rejected_by_reason": {"no_handler": 2, "too_large": 1},
        "unfinished": 0,
        "mismatching_cid": 0,
        "rate_limited": 0,
        "formats": {"vmReport": 6},
        "packages": {"500": 4, "1000": 2},
        "vms": 3,
        "vms_by_packages": {"500": 2, "1000": 1},
        "vms_by_gap_seconds": {"30": 2},
        "per_vm": [
            {"cid": "3", "reports": 3, "packages": 500, "first_arrival": 10.0, "last_arrival": 70.0},
            {"cid": "4", "reports": 1, "packages": 500, "first_arrival": 12.0, "last_arrival": 12.0},
            {"cid": "10", "reports": 2, "packages": 1_000, "first_arrival": 5.0, "last_arrival": 35.0},
        ],
    }
    assert "per_vm" not in RECEIPT.summary()
