"""Both ends of a fleet that is asked have to agree, as far as a receipt can say."""

from __future__ import annotations

import pytest

from vsock_loadgen.measures.askings import Asked
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.results.scraped import Scraped

COUNTS = Counts(asked={Asked.WHOLE: 10, Asked.NO_RECEIPT: 1, Asked.CUT: 1, Asked.NOT_READY: 5})


@pytest.mark.parametrize(("reports", "late"), [(10, 0), (12, 0), (9, 1), (8, 2)])
def test_what_may_have_been_taken_or_have_run_out_of_time_after_its_receipt_is_no_disagreement(reports: int, late: int) -> None:
    assert Scraped(reports=reports, failures={"timeout": late}).disagreement(COUNTS) == ""


@pytest.mark.parametrize(("reports", "late"), [(9, 0), (13, 5), (7, 2)])
def test_a_report_too_many_or_too_few_is_said(reports: int, late: int) -> None:
    said = Scraped(reports=reports, failures={"timeout": late, "dial_error": 9}).disagreement(COUNTS)
    assert f"counted {reports} reports, expected the 10 that were taken" in said
