"""The verdict, and when the generator says that it was the limit itself."""

from __future__ import annotations

import pytest

from run_example import DONE
from vsock_loadgen.measures.histogram import Histogram
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.snapshot import Counts, Share, Times, WorkerSnapshot
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.results.clocks import ClockStep
from vsock_loadgen.results.judgement import judge
from vsock_loadgen.results.receipt import Receipt
from vsock_loadgen.results.saturation import SaturationWatch
from vsock_loadgen.results.thresholds import Abortion, JudgedThreshold
from vsock_loadgen.units import MILLISECOND, SECOND

LIMIT_NS = 50 * MILLISECOND
MET = JudgedThreshold("response_time.p99 < 500ms", 0.2, "seconds", passed=True)
MISSED = JudgedThreshold("failed_percent < 0.1", 3.0, "percent", passed=False)


def snapshot(second: int, due: int, lag_ns: int, *, each: int = 100, cpu_share: float = 0.3, failed: int = 0) -> WorkerSnapshot:
    """What a worker says at the end of a second in which `each` reports started, all with this lag."""
    lag = Histogram()
    lag.record(lag_ns, each)
    failures = {FailureClass.DESCRIPTORS: failed} if failed else {}
    return WorkerSnapshot(
        worker=0,
        at_ns=(second + 1) * SECOND,
        shares={0: Share(Counts(due=due, started=due, delivered=due - failed, failures=failures), Times(lag=lag))},
        errors={},
        cpu_ns=int((second + 1) * cpu_share * SECOND),
        final=False,
    )


def totals_of(
    lags_ms: list[int], *, each: int = 100, herd: dict[int, int] | None = None, cpu_share: float = 0.3
) -> tuple[RunTotals, list[int]]:
    """Totals after one snapshot a second, and the seconds at which a watch with LIMIT_NS found saturation."""
    totals = RunTotals(1, zero_wall_ns=1_000 * SECOND)
    watch = SaturationWatch(LIMIT_NS)
    due, found = 0, []
    for second, lag_ms in enumerate(lags_ms):
        due += (herd or {}).get(second, each)
        totals.add(snapshot(second, due, lag_ms * MILLISECOND, each=each, cpu_share=cpu_share))
        if finding := watch.look(totals):
            found.append(finding.second - 1_000)
    return totals, found


def test_a_run_that_keeps_its_schedule_is_not_saturated() -> None:
    totals, found = totals_of([1] * 30)
    assert found == []
    assert SaturationWatch(LIMIT_NS).conclude(totals) is None


def test_one_late_second_within_ten_is_found_as_soon_as_the_window_is_whole() -> None:
    assert totals_of([1] * 12 + [60] + [1] * 10)[1] == [12]
    assert totals_of([60] + [1] * 20)[1] == [9]


def test_a_window_is_judged_by_its_own_reports_and_not_by_the_whole_run() -> None:
    totals, found = totals_of([1] * 3_000 + [60] + [1] * 10)
    assert found == [3_000]
    assert (totals.times.lag.quantile(0.99) or LIMIT_NS) < LIMIT_NS


def test_a_run_shorter_than_a_window_is_judged_as_a_whole() -> None:
    totals, found = totals_of([60] * 3)
    assert found == []
    finding = SaturationWatch(LIMIT_NS).conclude(totals)
    assert finding is not None
    assert "lagLimit is 50ms" in str(finding)


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        ({"cpu_share": 0.99}, "no processor time left"),
        ({"cpu_share": 0.2}, "waited for a processor"),
        ({"cpu_share": 0.99, "herd": {15: 5_000}}, "fall due at once"),
    ],
)
def test_the_advice_fits_what_the_generator_was_doing(options: dict[str, object], advice: str) -> None:
    watch = SaturationWatch(LIMIT_NS)
    totals = RunTotals(1, zero_wall_ns=0)
    due = 0
    for second in range(20):
        due += options.get("herd", {}).get(second, 100)  # type: ignore[attr-defined]
        totals.add(snapshot(second, due, (60 if second == 15 else 1) * MILLISECOND, cpu_share=float(options["cpu_share"])))  # type: ignore[arg-type]
        watch.look(totals)
    assert watch.found is not None
    assert advice in watch.found.advice
    assert watch.found.busiest_share == pytest.approx(float(options["cpu_share"]))  # type: ignore[arg-type]


def test_a_complete_run_that_was_on_time_passes() -> None:
    totals, _ = totals_of([1] * 3)
    verdict = judge(totals, None, None, ended=DONE)
    assert (verdict.status, verdict.exit_code) == ("passed", 0)


def test_a_saturated_generator_makes_the_run_invalid_with_exit_code_4() -> None:
    totals, _ = totals_of([60] * 3)
    verdict = judge(totals, SaturationWatch(LIMIT_NS).conclude(totals), None, ended=DONE)
    assert (verdict.status, verdict.exit_code) == ("invalid", 4)


def test_running_out_of_descriptors_makes_the_run_invalid_with_exit_code_4() -> None:
    totals = RunTotals(1, zero_wall_ns=0)
    totals.add(snapshot(0, 100, MILLISECOND, failed=3))
    verdict = judge(totals, None, None, ended=DONE)
    assert (verdict.status, verdict.exit_code) == ("invalid", 4)


def test_a_lost_worker_comes_before_everything_else_with_exit_code_1() -> None:
    totals, _ = totals_of([60] * 3)
    totals.lose(0)
    verdict = judge(totals, SaturationWatch(LIMIT_NS).conclude(totals), None, ended=DONE)
    assert (verdict.status, verdict.exit_code) == ("invalid", 1)
    assert len(verdict.reasons) == 2


def test_lost_processes_are_named_with_what_ended_them_where_that_is_known() -> None:
    totals, _ = totals_of([1] * 3)
    totals.lose(0, "killed by signal 9")
    totals.lost_receiver = "Cannot allocate memory"
    verdict = judge(totals, None, None, ended=DONE)
    assert (verdict.status, verdict.exit_code) == ("invalid", 1)
    assert [reason.split(": ")[0] for reason in verdict.reasons] == [
        "worker 0 was lost (killed by signal 9)",
        "the embedded receiver was lost (Cannot allocate memory)",
    ]


def test_a_receiver_that_counted_less_than_was_delivered_is_said_so() -> None:
    totals, _ = totals_of([1] * 3)
    verdict = judge(totals, None, Receipt(reports=290), ended=DONE)
    assert verdict.status == "invalid"
    assert "10 fewer" in verdict.reasons[0]


def test_a_snapshot_of_a_run_that_goes_on_is_no_verdict() -> None:
    totals, _ = totals_of([1] * 3)
    assert judge(totals, None, None, ended=None).status == "invalid"


def test_thresholds_that_are_all_met_pass_with_exit_code_0() -> None:
    totals, _ = totals_of([1] * 3)
    verdict = judge(totals, None, None, [MET, MET], ended=DONE)
    assert (verdict.status, verdict.exit_code, verdict.reasons) == ("passed", 0, ("all 2 thresholds are met",))
    assert judge(totals, None, None, [MET], ended=DONE).reasons == ("the threshold is met",)


def test_each_missed_threshold_is_a_reason_and_the_exit_code_is_3() -> None:
    totals, _ = totals_of([1] * 3)
    verdict = judge(totals, None, None, [MET, MISSED], ended=DONE)
    assert (verdict.status, verdict.exit_code) == ("failed", 3)
    assert verdict.reasons == ("failed_percent < 0.1 is missed: 3 %",)


def test_a_run_that_was_stopped_for_a_threshold_has_failed_even_where_the_figure_has_recovered() -> None:
    totals, _ = totals_of([1] * 3)
    recovered = JudgedThreshold(MISSED.expression, 0.05, "percent", passed=True)
    verdict = judge(totals, None, None, [MET, recovered], Abortion(31 * SECOND, (MISSED,)), ended=DONE)
    assert (verdict.status, verdict.exit_code) == ("failed", 3)
    assert verdict.reasons == (
        "the run was stopped after 31 s, since a threshold was missed (abortOnFail)",
        "failed_percent < 0.1 is missed: 3 % when it was stopped",
    )


def test_a_run_that_proves_nothing_is_invalid_whatever_its_thresholds_say() -> None:
    totals, _ = totals_of([60] * 3)
    saturation = SaturationWatch(LIMIT_NS).conclude(totals)
    stopped = Abortion(2 * SECOND, (MISSED,))
    verdict = judge(totals, saturation, None, [MISSED], stopped, ended=DONE)
    assert (verdict.status, verdict.exit_code) == ("invalid", 4)
    assert verdict.reasons[-1] == str(stopped)
    totals.lose(0)
    assert judge(totals, saturation, None, [MISSED], ended=DONE).exit_code == 1


@pytest.mark.parametrize(
    ("suspended_ns", "set_ns", "exit_code"), [(2 * SECOND, 0, 4), (2 * SECOND, 3 * SECOND, 4), (0, 3 * SECOND, 0)]
)
def test_a_suspended_machine_proves_nothing_and_a_clock_that_was_set_is_a_remark(
    suspended_ns: int, set_ns: int, exit_code: int
) -> None:
    step = ClockStep("2023-11-14T22:13:30+00:00", SECOND, suspended_ns, set_ns)
    verdict = judge(totals_of([1])[0], None, None, [MET], ended=DONE, clock_steps=(step,))
    assert verdict.exit_code == exit_code
    said = " ".join(verdict.reasons)
    assert ("was suspended for 2s" in said, "clock was set by 3s" in said) == (suspended_ns > 0, set_ns > 0)
