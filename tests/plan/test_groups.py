"""Every VM is in one group of each dimension, fixed from the whole fleet; names and ids are distinct."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet_example import EXAMPLE, buckets, plan_of
from vsock_loadgen.config.blocks import Profile
from vsock_loadgen.config.model import Config
from vsock_loadgen.config.thresholds import parse_figure, parse_threshold
from vsock_loadgen.distributions.buckets import Buckets
from vsock_loadgen.distributions.constant import Constant
from vsock_loadgen.distributions.kind import Bucket, Distribution
from vsock_loadgen.distributions.lognormal import Lognormal
from vsock_loadgen.distributions.normal import Normal
from vsock_loadgen.distributions.uniform import Uniform
from vsock_loadgen.errors import ConfigError
from vsock_loadgen.measures.cells import MOST_CELLS
from vsock_loadgen.plan.fleet import build_fleet
from vsock_loadgen.plan.groups import CUTS, MOST_GROUPS, MOST_VALUES, Dimension, Groups, groups_of
from vsock_loadgen.plan.statistics import nearest_rank
from vsock_loadgen.units import SECOND

WIDE = Normal(Fraction(700), Fraction(200), Fraction(1), Fraction(9_000))
NARROW = Normal(Fraction(900), Fraction(50), Fraction(1), Fraction(2_000))


def packages_of(distribution: Distribution, vm_count: int = 200) -> Dimension:
    """The groups by packages of a fleet."""
    return dimensions_of(replace(EXAMPLE, vm_count=vm_count, packages=distribution))["packages"]


def dimensions_of(config: Config) -> dict[str, Dimension]:
    """The dimensions of a config's fleet."""
    return dict(grouped(config).dimensions)


def grouped(config: Config) -> Groups:
    """The groups of a config's fleet."""
    fleet = build_fleet(config)
    return groups_of(config, fleet, fleet.packages.tally(), fleet.report_interval.tally())


def names(dimension: Dimension) -> list[tuple[str, str]]:
    """(id, name) of each group."""
    return [(group.id, group.name) for group in dimension.groups]


def profiles(count: int) -> tuple[Profile, ...]:
    """Profiles of different sizes, each with its own packages and intervals; the later, the more VMs."""
    shares = [Fraction(100 * (number + 1), count * (count + 1) // 2) for number in range(count)]
    return tuple(
        Profile(
            name=f"p{number}",
            percent=share,
            packages=Constant(100 + 10 * number),
            report_interval=Constant((30 + number) * SECOND),
        )
        for number, share in enumerate(shares)
    )


FLEETS = st.builds(
    lambda vm_count, packages, intervals, count: replace(
        EXAMPLE, vm_count=vm_count, packages=packages, report_interval=intervals, profiles=profiles(count) if count else ()
    ),
    st.integers(1, 300),
    st.sampled_from([Constant(500), EXAMPLE.packages, WIDE, buckets((50, 500), (50, NARROW)), buckets((50, 500), (50, 500))]),
    st.sampled_from([Constant(30 * SECOND), EXAMPLE.report_interval]),
    st.integers(0, 40),
)


@settings(max_examples=60)
@given(config=FLEETS, number=st.integers(0, 299))
def test_vms_of_each_group_are_counted_as_often_as_they_are_named(config: Config, number: int) -> None:
    indices = [number % config.vm_count] * config.vm_count
    for dimension in dimensions_of(config).values():
        counted = Counter(dimension.of_vm[index] for index in indices)
        assert dimension.vms(indices) == [counted[number] for number in range(len(dimension.groups))]


@settings(max_examples=60)
@given(config=FLEETS)
def test_every_vm_is_in_one_cell_and_so_in_one_group_of_each_dimension(config: Config) -> None:
    groups = grouped(config)
    assert len(groups.combinations) <= MOST_CELLS
    for place, dimension in enumerate(groups.dimensions.values()):
        assert len(dimension.groups) <= MOST_GROUPS
        assert [groups.combinations[cell][place] for cell in groups.cell] == list(dimension.of_vm)
        counted = Counter(dimension.of_vm)
        assert dimension.vms(range(config.vm_count)) == [counted[number] for number in range(len(dimension.groups))]
        assert [group.fleet_vms for group in dimension.groups] == dimension.vms(range(config.vm_count))
        assert sum(group.fleet_vms for group in dimension.groups) in (config.vm_count, 0)
        assert len({group.id for group in dimension.groups}) == len({group.name for group in dimension.groups})
        assert len({group.id for group in dimension.groups}) == len(dimension.groups)
        assert sum(group.percent for group in dimension.groups) in (100, 0)


@settings(max_examples=30)
@given(config=FLEETS, nodes=st.integers(1, 5))
def test_groups_are_those_of_the_whole_fleet_on_every_node(config: Config, nodes: int) -> None:
    plan = plan_of(config, nodes)
    whole = plan.groups.dimensions
    assert {name: dimension.groups for name, dimension in plan_of(config).groups.dimensions.items()} == {
        name: dimension.groups for name, dimension in whole.items()
    }
    for name, dimension in whole.items():
        parts = [plan.cells(node).vms[name] for node in plan.nodes]
        assert [sum(part) for part in zip(*parts, strict=True)] == [group.fleet_vms for group in dimension.groups]


@settings(max_examples=40)
@given(values=st.lists(st.integers(1, 1_000), min_size=1, max_size=60))
def test_values_that_are_many_become_bands_cut_at_the_nearest_rank_and_a_value_equal_to_a_cut_is_below_it(
    values: list[int],
) -> None:
    shares = Counter(values)
    distribution = Buckets(
        tuple(Bucket(Fraction(100 * count, len(values)), Constant(value)) for value, count in sorted(shares.items()))
    )
    alone = (Profile(name="all", percent=Fraction(100), packages=distribution, report_interval=Constant(SECOND)),)
    config = replace(EXAMPLE, vm_count=len(values), profiles=alone)
    dimension = dimensions_of(config)["packages"]
    if len(shares) <= MOST_VALUES:
        assert [(group.low, group.high) for group in dimension.groups] == [(value, value) for value in sorted(shares)]
        return
    cuts = [nearest_rank(sorted(values), percent) for percent in CUTS]
    fleet = build_fleet(config).packages.values
    for vm, number in enumerate(dimension.of_vm):
        group = dimension.groups[number]
        band = sum(fleet[vm] > cut for cut in cuts)
        assert group.low is not None
        assert group.high is not None
        assert group.low <= fleet[vm] <= group.high
        assert sum(group.high > cut for cut in cuts) == sum(group.low > cut for cut in cuts) == band
    assert all((one.high or 0) < (two.low or 0) for one, two in pairwise(dimension.groups))
    assert all(group.fleet_vms for group in dimension.groups)


def test_a_group_is_called_by_its_values() -> None:
    mixed = buckets(
        (50, 500),
        (20, Uniform(Fraction(400), Fraction(600))),
        (20, NARROW),
        (5, Lognormal(Fraction(1_500), Fraction(1, 2), Fraction(1), Fraction(9_000))),
        (5, Uniform(Fraction(1_100), Fraction(4_000))),
    )
    assert names(packages_of(mixed)) == [
        ("500", "500"),
        ("400-600", "400-600"),
        ("900pm50", "900 ± 50"),
        ("median1500", "median 1,500"),
        ("1100-4000", "1,100-4,000"),
    ]
    intervals = dimensions_of(EXAMPLE)["report_interval"]
    assert names(intervals) == [("30s", "30s"), ("1m", "1m"), ("5m", "5m")]


def test_intervals_are_called_as_they_are_before_any_time_scale() -> None:
    scaled = dimensions_of(replace(EXAMPLE, time_scale=Fraction(45)))["report_interval"]
    assert [(group.name, group.low) for group in scaled.groups] == [("30s", 30 * SECOND), ("1m", 60 * SECOND), ("5m", 300 * SECOND)]


def test_a_bucket_may_have_a_name_and_equal_ones_are_told_apart_by_number() -> None:
    named = Buckets(
        (
            Bucket(Fraction(40), Constant(500)),
            Bucket(Fraction(40), Constant(500)),
            Bucket(Fraction(10), Constant(700), name="medium"),
            Bucket(Fraction(10), Constant(700)),
        )
    )
    assert names(packages_of(named)) == [("500", "500"), ("500_2", "500 (2)"), ("medium", "medium"), ("700", "700")]


def test_a_bucket_that_no_vm_falls_into_is_a_group_without_vms_and_with_its_configured_ends() -> None:
    dimension = packages_of(buckets((99, 500), (1, 2_000)), vm_count=10)
    assert [(group.fleet_vms, group.low, group.high) for group in dimension.groups] == [(10, 500, 500), (0, 2_000, 2_000)]


def test_beyond_32_profiles_the_largest_are_groups_and_the_others_are_one() -> None:
    dimension = dimensions_of(replace(EXAMPLE, vm_count=2_000, profiles=profiles(40)))["profile"]
    assert [group.id for group in dimension.groups] == [*(f"p{number}" for number in range(9, 40)), "other"]
    assert sum(group.fleet_vms for group in dimension.groups) == 2_000
    assert [group.id for group in dimensions_of(replace(EXAMPLE, profiles=profiles(32)))["profile"].groups][-1] == "p31"


def test_more_combinations_than_can_be_counted_make_groups_wider_and_the_plan_says_so() -> None:
    many = Buckets(tuple(Bucket(Fraction(100, 25), Constant(100 + number)) for number in range(25)))
    often = Buckets(tuple(Bucket(Fraction(100, 25), Constant((30 + number) * SECOND)) for number in range(25)))
    plan = plan_of(replace(EXAMPLE, vm_count=5_000, packages=many, report_interval=often))
    sizes = {name: len(dimension.groups) for name, dimension in plan.groups.dimensions.items()}
    assert sizes == {"packages": 25, "report_interval": 3, "profile": 0}  # none is above P99
    assert [warned.kind for warned in plan.warnings if warned.kind == "groups"] == ["groups"]
    assert not [warned for warned in plan_of(EXAMPLE).warnings if warned.kind == "groups"]


def test_the_shares_of_the_load_add_up_to_that_of_the_forecast() -> None:
    plan = plan_of(EXAMPLE)
    for name in ("packages", "report_interval"):
        loads = plan.group_loads[name]
        assert sum(load.reports_per_second for load in loads) == pytest.approx(plan.forecast.reports_per_second)
        assert sum(load.bytes_per_second for load in loads) == pytest.approx(plan.forecast.bytes_per_second)
        assert sum(load.percent for load in loads) == pytest.approx(100)
    assert plan.group_loads["profile"] == ()


@pytest.mark.parametrize(
    ("expression", "dimension", "part", "metric"),
    [
        ("packages.2000.response_time.p99", "packages", "2000", "response_time.p99"),
        ("packages.900pm50.failed_percent", "packages", "900pm50", "failed_percent"),
        ("interval.1m0.5s.service_time.max", "report_interval", "1m0.5s", "service_time.max"),
        ("profile.a.b.delivered_percent", "profile", "a.b", "delivered_percent"),
        ("packages.largest.response_time.p50", "packages", "largest", "response_time.p50"),
    ],
)
def test_a_figure_of_a_group_is_scope_id_and_the_longest_known_metric(
    expression: str, dimension: str, part: str, metric: str
) -> None:
    figure = parse_figure(expression)
    assert (figure.dimension, figure.part, figure.metric.name) == (dimension, part, metric)


@pytest.mark.parametrize(
    ("expression", "wrong"),
    [
        (
            "packages.2001.failed_percent < 1",
            "there is no packages group 2001, expected one of 500, 1000, 1500, 2000, largest, smallest",
        ),
        ("interval.2m.failed_percent < 1", "there is no interval group 2m, expected one of 30s, 1m, 5m, largest, smallest"),
        ("profile.prod.failed_percent < 1", "there is no profile group prod, and the config has none"),
        ("packages.500.phase.day.failed_percent < 1", "figures of a phase and of a group together are not kept"),
    ],
)
def test_a_threshold_on_a_group_that_there_is_not_is_an_error_that_names_the_right_ones(expression: str, wrong: str) -> None:
    config = replace(EXAMPLE, thresholds=(parse_threshold(expression),), places={"thresholds[0]": "loadgen.yaml:7"})
    with pytest.raises(ConfigError) as raised:
        plan_of(config)
    (problem,) = raised.value.problems
    assert (problem.where, problem.path) == ("loadgen.yaml:7", "thresholds[0]")
    assert problem.message.startswith(wrong)


@pytest.mark.parametrize("expression", ["packages.largest.failed_percent < 1", "interval.smallest.failed_percent < 1"])
def test_the_ends_of_a_dimension_may_be_named_by_word(expression: str) -> None:
    plan = plan_of(replace(EXAMPLE, thresholds=(parse_threshold(expression),)))
    assert plan.cells(plan.nodes[0]).ends == {"packages": ("2000", "500"), "report_interval": ("5m", "30s"), "profile": ()}
