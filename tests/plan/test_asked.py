"""What the plan says of an asker is what the stand-in for Sensor does, in virtual time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import pytest

from fleet_example import PACKAGE_BYTES, buckets, plan_of
from fleet_example import report_bytes as size_of
from vsock_loadgen.config.blocks import Limits
from vsock_loadgen.config.model import Config
from vsock_loadgen.config.serve import Faults, Serve
from vsock_loadgen.distributions.constant import Constant
from vsock_loadgen.distributions.uniform import Uniform
from vsock_loadgen.plan.asked import Answering, AskedForecast
from vsock_loadgen.plan.polling import Settings
from vsock_loadgen.scraper.pacing import Pacer
from vsock_loadgen.units import HOUR, MILLISECOND, MINUTE, SECOND

SEPTEMBER = Settings()
AUGUST = Settings.of("august")
FLEET = Config(vm_count=1_000, packages=Constant(500), report_interval=Constant(4 * HOUR))


def foreseen(config: Config = FLEET, asker: Settings = SEPTEMBER) -> AskedForecast:
    """What the asker makes of it."""
    asked = plan_of(config, asker=asker).asked
    assert asked is not None
    return asked


def warned(config: Config = FLEET, asker: Settings = SEPTEMBER) -> Mapping[str, str]:
    """The warnings, by kind."""
    return {each.kind: each.message for each in plan_of(config, asker=asker).warnings}


@dataclass
class Asked:
    """What a simulated asker did: (when, which VM), in order."""

    askings: list[tuple[int, int]]
    vms: int

    @property
    def once_ns(self) -> int:
        """When every VM had been asked."""
        first: dict[int, int] = {}
        for at, vm in self.askings:
            first.setdefault(vm, at)
        assert len(first) == self.vms
        return max(first.values())

    def per_second(self, since: int, until: int) -> float:
        """Askings a second in a stretch of the time."""
        return sum(since <= at < until for at, _ in self.askings) * SECOND / (until - since)

    def waits(self, since: int, until: int, step: int) -> list[int]:
        """From moments of every VM to its next asking, in ascending order."""
        times: list[list[int]] = [[] for _ in range(self.vms)]
        for at, vm in self.askings:
            times[vm].append(at)
        waits = []
        for vm, own in enumerate(times):
            moments = range(since + vm * step // self.vms, until, step)
            waits += [next(at for at in own if at >= moment) - moment for moment in moments]
        return sorted(waits)


def simulate(settings: Settings, vms: int, until_ns: int, answer_ns: int = 0) -> Asked:
    """Tick as the stand-in does; every asking takes so long, and `concurrency` go on at once."""
    pacer, now, askings = Pacer(vms, settings, now_ns=0, seed=3), 0, []
    while now < until_ns:
        due = pacer.due(now)
        for place, vm in enumerate(due):
            end = now + (place // settings.concurrency + 1) * answer_ns
            askings.append((end, vm))
            pacer.settle(vm, end)
        now = max(now + settings.tick_ns, askings[-1][0] if due else 0)
    return Asked(sorted(askings), vms)


@pytest.mark.parametrize(
    ("settings", "vms", "answer_ns"),
    [
        (SEPTEMBER, 300, 0),
        (Settings(poll_ns=30 * MINUTE), 300, 0),
        (Settings(poll_ns=10 * MINUTE, concurrency=2), 300, 0),
        (Settings(poll_ns=10 * MINUTE, concurrency=5), 300, 25 * SECOND),
        (AUGUST, 300, MILLISECOND),
        (replace(AUGUST, poll_ns=7 * MINUTE), 300, SECOND),
        (AUGUST, 300, 25 * SECOND),
    ],
    ids=["september", "half an hour", "too few at once", "slow guests", "august", "august, a second each", "august, slow guests"],
)
def test_an_asker_is_as_often_there_and_what_it_knows_as_old_as_foreseen(settings: Settings, vms: int, answer_ns: int) -> None:
    config = replace(FLEET, vm_count=vms, serve=Serve(answer_delay=Constant(answer_ns)))
    asked, far = foreseen(config, settings), 40 * settings.poll_ns
    seen = simulate(settings, vms, far, answer_ns)
    assert seen.once_ns == pytest.approx(asked.asked_once_ns, rel=0.1, abs=3 * settings.tick_ns)
    assert seen.per_second(far // 4, far // 4 * 3) == pytest.approx(asked.askings_per_second, rel=0.04)
    waits = seen.waits(far // 4, far // 4 * 3, settings.poll_ns // 7)
    for percent in (50, 95, 99):
        found = waits[len(waits) * percent // 100]
        assert found == pytest.approx(asked.response_ns(percent), rel=0.06, abs=settings.tick_ns), percent


def test_reports_that_are_replaced_before_anybody_asks_are_foreseen_by_interval() -> None:
    config = replace(FLEET, report_interval=buckets((50, 4 * HOUR), (50, HOUR)))
    asked = foreseen(config)
    by_group = {group.name: group.percent for group in asked.never_asked}
    assert by_group["4h"] == pytest.approx(25, abs=0.2)
    assert by_group["1h"] == pytest.approx(100 - 100 / (4 * 4 / 3), abs=0.2)
    assert asked.never_asked_percent == pytest.approx((by_group["4h"] + 4 * by_group["1h"]) / 5)
    assert "81.3 % of interval 1h" in warned(config)["never_asked"]
    assert "--poll-interval" in warned(config)["never_asked"]
    assert "never_asked" not in warned(FLEET)


def test_in_september_every_asking_takes_a_whole_report_and_in_august_only_news() -> None:
    asked = foreseen()
    assert asked.whole_rate == pytest.approx(asked.askings_per_second)
    assert asked.bytes_per_second == pytest.approx(asked.whole_rate * size_of(0, 500))
    august = foreseen(FLEET, AUGUST)
    assert august.whole_rate == pytest.approx(1_000 / (4 * 3_600), rel=0.05)
    assert august.never_asked_percent == 0
    rare = foreseen(replace(FLEET, report_interval=Constant(24 * HOUR)), AUGUST)
    assert rare.whole_rate == pytest.approx(1_000 / (4 * 3_600), rel=0.05)


def test_a_time_scale_divides_what_is_waited_for_and_not_what_agents_take() -> None:
    plain, fast = foreseen(), foreseen(replace(FLEET, time_scale=Fraction(100)))
    assert fast.response_ns(99) * 100 == pytest.approx(plain.response_ns(99))
    assert fast.askings_per_second == pytest.approx(100 * plain.askings_per_second)
    assert fast.asker == plain.asker
    assert fast.never_asked_percent == pytest.approx(plain.never_asked_percent)
    slow = foreseen(replace(FLEET, time_scale=Fraction(100), serve=Serve(answer_delay=Constant(SECOND))))
    assert slow.tick_ns == SECOND


def test_the_first_reports_of_a_fleet_wait_for_central() -> None:
    few = foreseen(replace(FLEET, vm_count=500))
    assert few.central is not None
    assert few.central.first_reports_ns == few.asked_once_ns == 20 * MINUTE
    many = foreseen(replace(FLEET, vm_count=5_000))
    assert many.central is not None
    assert many.central.first_reports_ns == pytest.approx((5_000 - 200) / 0.3 * SECOND)
    assert "is through after 4h27m" in warned(replace(FLEET, vm_count=5_000))["first_reports"]
    assert foreseen(replace(FLEET, limits=Limits(cluster_reports_per_second=None))).central is None


def test_what_central_refuses_is_warned_of() -> None:
    config = replace(FLEET, vm_count=12_000)
    asked = foreseen(config)
    assert asked.central is not None
    assert asked.central.refused_percent == pytest.approx(100 * (1 - 0.3 / asked.whole_rate))
    assert "limits.clusterReportsPerSecond" in warned(config)["cluster_rate"]


def test_vms_whose_answer_is_too_large_are_named_by_group() -> None:
    packages = 1 + (16 << 20) // PACKAGE_BYTES
    config = replace(FLEET, packages=buckets((99, 500), (1, packages)))
    assert [(group.name, group.vms) for group in foreseen(config).oversized] == [(f"{packages:,}", 10)]
    assert f"10 VMs (10 with {packages:,} packages)" in warned(config)["answer_size"]
    assert "answer_size" not in warned(FLEET)
    raised = replace(config, limits=Limits(max_report_bytes=32 << 20))
    assert "answer_size" not in warned(raised)


def test_too_few_askings_at_once_are_warned_of_with_the_setting() -> None:
    config, few = replace(FLEET, vm_count=2_500), Settings(concurrency=1)
    asked = foreseen(config, few)
    assert asked.is_late
    assert asked.askings_per_second == pytest.approx(0.1) == asked.most_askings
    assert "--concurrency" in warned(config, few)["late_askings"]
    assert "late_askings" not in warned(config, replace(few, concurrency=3))


def test_slow_guests_hold_up_a_tick_and_those_beyond_the_time_out_are_asked_again() -> None:
    serve = Serve(answer_delay=Uniform(Fraction(0), Fraction(60 * SECOND)), faults=Faults(stalled=Fraction(1, 5)))
    found = warned(replace(FLEET, serve=serve))
    assert "60.0 % of the askings" in found["timed_out"]
    assert "PER_VM_TIMEOUT (30s, --vm-timeout)" in found["slow_tick"]
    quick = warned(replace(FLEET, serve=Serve(answer_delay=Constant(SECOND))))
    assert not {"timed_out", "slow_tick"} & set(quick)


def test_the_slowest_of_several_takes_longer_and_never_longer_than_the_time_out() -> None:
    times = Answering(range(0, 1_000, 10), 0.0, 600)
    assert times.slowest_ns(1) == pytest.approx(sum(min(each, 600) for each in range(0, 1_000, 10)) / 100)
    slowest = [times.slowest_ns(askings) for askings in (1, 2, 10, 1_000)]
    assert slowest == sorted(slowest)
    assert slowest[-1] == pytest.approx(600)
    assert Answering([0], 0.5, 600).slowest_ns(2) == pytest.approx(450)


def test_of_a_fleet_that_is_asked_nothing_is_said_about_the_relay() -> None:
    config = replace(FLEET, report_interval=Constant(10 * SECOND))
    assert not {"reports_per_vm", "cluster_rate"} & set(warned(config))
    pushed = plan_of(config)
    assert pushed.asked is None
    assert "reports_per_vm" in {each.kind for each in pushed.warnings}
