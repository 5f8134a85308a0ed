"""Searches against queues whose answer is known: simulated exactly, or by formula. All of it in numbers, nothing is waited for."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from simulated_target import Simulated, poisson, terms
from vsock_loadgen.capacity.search import Search
from vsock_loadgen.units import MILLISECOND


def bounds(search: Search, per_second: float) -> tuple[float, float]:
    assert search.lower is not None
    assert search.upper is not None
    return search.lower.load * per_second, search.upper.load * per_second


@pytest.mark.parametrize(
    ("servers", "milliseconds", "limit", "holds"),
    [(5, 50, "500ms", 100.0), (50, 200, "1s", 250.0), (1, 10, "500ms", 100.0), (1, 40, "2s", 25.0)],
)
def test_a_fleet_before_servers_of_constant_time_holds_what_they_can_do(
    servers: int, milliseconds: int, limit: str, holds: float
) -> None:
    """nD/D/c: with a limit of many service times, the load that holds is that at which the servers are always busy."""
    target = Simulated(
        terms(f"response_time.p99 < {limit}"), per_second=10.0, servers=servers, service_ns=lambda _: milliseconds * MILLISECOND
    )
    low, high = bounds(target.search(), 10.0)
    assert 0.85 * holds < low < 1.05 * holds
    assert 0.9 * holds < high < 1.1 * holds


def waiting_longer(load: float, service: float, limit: float) -> float:
    """The share of reports that wait longer than `limit` seconds for a server of constant time, at Poisson arrivals (M/D/1;
    Erlang 1909, Crommelin 1932)."""
    below = sum(
        (load * (step * service - limit)) ** step / math.factorial(step) * math.exp(-load * (step * service - limit))
        for step in range(math.floor(limit / service) + 1)
    )
    return 1 - (1 - load * service) * below


def test_the_formula_is_right_where_the_answer_is_plain() -> None:
    assert waiting_longer(50.0, 0.01, 0.0) == pytest.approx(0.5)  # at no limit: the server is busy
    assert waiting_longer(1e-6, 0.01, 0.05) == pytest.approx(0.0, abs=1e-6)


def load_of(service: float, limit: float, share: float) -> float:
    low, high = 1.0, 0.999 / service
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if waiting_longer(middle, service, limit - service) <= share else (low, middle)
    return low


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_independent_arrivals_hold_what_the_formula_says(seed: int) -> None:
    expected = load_of(0.01, 0.06, 0.01)
    target = Simulated(
        terms("response_time.p99 < 60ms", confirm=3),
        per_second=40.0,
        service_ns=lambda _: 10 * MILLISECOND,
        vms=100_000,
        arrivals=poisson(seed),
    )
    low, high = bounds(target.search(), 40.0)
    assert low < expected * 1.1
    assert high > expected * 0.9


def test_a_target_that_halves_its_speed_in_the_middle_is_contradictory() -> None:
    target = Simulated(
        terms("response_time.p99 < 500ms"),
        per_second=20.0,
        servers=5,
        service_ns=lambda number: (50 if number < 7 else 100) * MILLISECOND,
    )
    assert target.search().contradiction is not None


def test_a_target_that_is_faster_than_the_generator_is_not_found_wanting() -> None:
    target = Simulated(
        terms("response_time.p99 < 500ms"),
        per_second=50.0,
        servers=100,
        service_ns=lambda _: 10 * MILLISECOND,
        lag_ns=lambda load: 80 * MILLISECOND if load > 3 else 0,
    )
    search = target.search()
    assert search.lower is not None
    assert search.upper is not None
    assert search.upper.verdict == "late"
    assert search.lower.load <= 3 < search.upper.load


def test_a_miss_that_is_certain_ends_a_trial_early_and_one_for_the_plateau_goes_on() -> None:
    target = Simulated(terms("response_time.p99 < 500ms"), per_second=20.0, servers=5, service_ns=lambda _: 50 * MILLISECOND)
    search = target.search()
    assert all(trial.cut for trial in search.trials if trial.level.reports_per_second > 150 and trial.purpose == "search")
    (plateau,) = [trial for trial in search.trials if trial.purpose == "plateau"]
    assert not plateau.cut
    assert plateau.delivered_per_second == pytest.approx(100.0, rel=0.03)
    assert plateau.backlog == "grows"


def test_few_vms_without_jitter_show_the_same_as_many() -> None:
    target = Simulated(
        terms("response_time.p99 < 100ms"),
        per_second=20.0,
        servers=5,
        service_ns=lambda _: 50 * MILLISECOND,
        vms=300,
        jitter=Fraction(0),
    )
    low, high = bounds(target.search(), 20.0)
    assert low < 105
    assert high > 75
