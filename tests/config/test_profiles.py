"""Profiles and synchronised shares: what they mean, what they may leave out, and what is said about a mistake."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vsock_loadgen.config.blocks import Profile
from vsock_loadgen.config.load import Loaded, Override
from vsock_loadgen.config.schema import json_schema
from vsock_loadgen.distributions.buckets import Buckets
from vsock_loadgen.distributions.constant import Constant
from vsock_loadgen.distributions.kind import Bucket
from vsock_loadgen.distributions.quantiles import Quantiles
from vsock_loadgen.distributions.timing import Timing
from vsock_loadgen.units import MINUTE, SECOND

Load = Callable[..., Loaded]
Complain = Callable[..., list[str]]

FULL = """\
loadgen:
  profiles:
    - name: dev
      percent: 62.5
      packages: {min: 10, p50: 20, max: 40}
      reportInterval: 5m
      packageSets: perVM
    - {name: prod-1.eu_west, percent: 37.5, packages: 900, reportInterval: 30m, synchronized: true, offset: 30s, jitter: 1}
"""


def profiles(*items: str, before: str = "") -> str:
    """A config of profiles, the first on line 3, one a line."""
    return f"loadgen:\n  {before}profiles:\n" + "".join(f"    - {{{item}}}\n" for item in items)


def test_a_profile_has_attributes_of_its_own(load_text: Load) -> None:
    loaded = load_text(FULL, strict=True)
    assert loaded.warnings == ()
    quantiles = Quantiles(tuple((Fraction(at), Fraction(value)) for at, value in ((0, 10), (50, 20), (100, 40))))
    assert loaded.config.profiles == (
        Profile(
            name="dev",
            percent=Fraction(125, 2),
            packages=quantiles,
            report_interval=Constant(5 * MINUTE),
            package_sets="perVM",
        ),
        Profile(
            name="prod-1.eu_west",
            percent=Fraction(75, 2),
            packages=Constant(900),
            report_interval=Constant(30 * MINUTE),
            timing=Timing(True, 30 * SECOND, Fraction(1, 100)),
        ),
    )


def test_a_profile_takes_from_the_top_level_what_it_leaves_out(load_text: Load) -> None:
    text = profiles("name: a, percent: 40, packages: 5", "name: b, percent: 60, reportInterval: 2s", before="numPackages: 9\n  ")
    first, second = load_text(text, overrides=[Override("--report-interval", "reportInterval", "7s")]).config.profiles
    assert (first.packages, first.report_interval) == (Constant(5), Constant(7 * SECOND))
    assert (second.packages, second.report_interval) == (Constant(9), Constant(2 * SECOND))


def test_a_bucket_of_intervals_may_be_synchronized(load_text: Load) -> None:
    config = load_text(
        "loadgen:\n  reportInterval:\n    buckets:\n"
        "      - {percent: 90, value: 30m, synchronized: true, offset: 2m}\n"
        "      - {percent: 10, distribution: {min: 1s, p50: 2s, max: 3s}, jitter: 20%}\n"
    ).config
    assert isinstance(config.report_interval, Buckets)
    step, own = config.report_interval.buckets
    assert step == Bucket(Fraction(90), Constant(30 * MINUTE), Timing(True, 2 * MINUTE))
    assert own.timing == Timing(jitter=Fraction(1, 5))


def test_a_buckets_word_counts_for_more_than_its_profiles(load_text: Load) -> None:
    buckets = (
        "{buckets: [{percent: 50, value: 30m}, {percent: 25, value: 1h, offset: 5s, jitter: 2}, "
        "{percent: 25, value: 1m, synchronized: false}]}"
    )
    text = profiles(f"name: a, percent: 100, packages: 5, reportInterval: {buckets}, synchronized: true, offset: 30s")
    (profile,) = load_text(text).config.profiles
    assert profile.timing == Timing()
    assert isinstance(profile.report_interval, Buckets)
    assert [bucket.timing for bucket in profile.report_interval.buckets] == [
        Timing(True, 30 * SECOND),
        Timing(True, 5 * SECOND, Fraction(1, 50)),
        Timing(),
    ]


GOOD = "name: a, percent: 50, packages: 5, reportInterval: 1m"
MISTAKES = {
    "percents that add up to 90": (
        profiles(GOOD, "name: b, percent: 40, packages: 5, reportInterval: 1m"),
        ["loadgen.yaml:2: profiles: percents add up to 90, expected 100"],
    ),
    "a name twice": (
        profiles(GOOD, GOOD),
        ["loadgen.yaml:4: profiles[1].name: found 'a' again (first: line 3), expected each name once"],
    ),
    "a name with a space": (
        profiles("name: a b, percent: 100, packages: 5, reportInterval: 1m"),
        [
            "loadgen.yaml:3: profiles[0].name: found 'a b', expected a name of 1 to 63 letters, digits, dots, dashes and "
            "underscores",
        ],
    ),
    "neither packages here nor at the top level": (
        profiles("name: a, percent: 100, reportInterval: 1m"),
        [
            "loadgen.yaml:3: profiles[0].packages: missing; expected it here, or packages at the top level for all profiles "
            "without",
        ],
    ),
    "an interval at the top level that no profile needs": (
        profiles(GOOD, GOOD.replace("a,", "b,"), before="reportInterval: 5s\n  "),
        [
            "loadgen.yaml:2: reportInterval: has no effect: every profile has reportInterval of its own; expected it to be "
            "left out, or a profile without, or profiles[0].reportInterval to be set instead",
        ],
    ),
    "an unknown key": (
        profiles("name: a, percent: 100, packages: 5, reportInterval: 1m, synchronised: true"),
        ["loadgen.yaml:3: profiles[0].synchronised: unknown key; did you mean synchronized?"],
    ),
    "percents of a bucket block": (
        profiles("name: a, percent: 100, packages: {buckets: [{percent: 99, value: 5}]}, reportInterval: 1m"),
        ["loadgen.yaml:3: profiles[0].packages.buckets: percents add up to 99, expected 100"],
    ),
    "an offset of VMs that are not synchronized": (
        profiles("name: a, percent: 100, packages: 5, reportInterval: 1m, offset: 5s"),
        ["loadgen.yaml:3: profiles[0].offset: found '5s' without synchronized, expected synchronized: true beside it"],
    ),
    "a common clock without a common interval": (
        profiles("name: a, percent: 100, packages: 5, reportInterval: {min: 1s, p50: 2s, max: 3s}, synchronized: true"),
        [
            "loadgen.yaml:3: profiles[0].reportInterval: synchronized VMs need a common interval; "
            "found a distribution that gives every VM its own, expected values",
        ],
    ),
    "a common clock without a common interval, deep inside": (
        "loadgen:\n  reportInterval:\n    buckets:\n      - percent: 100\n        synchronized: true\n"
        "        distribution: {buckets: [{percent: 100, distribution: {mean: 1m, stddev: 1s, min: 1s, max: 2m}}]}\n",
        [
            "loadgen.yaml:4: reportInterval.buckets[0]: synchronized VMs need a common interval; "
            "found a distribution that gives every VM its own, expected values",
        ],
    ),
    "an offset in a bucket inside a bucket": (
        "loadgen:\n  reportInterval:\n    buckets:\n      - percent: 100\n"
        "        distribution: {buckets: [{percent: 100, value: 5s, jitter: 1}]}\n",
        [
            "loadgen.yaml:5: reportInterval.buckets[0].distribution.buckets[0].jitter: stands in a bucket inside a bucket, "
            "expected in the outermost bucket or in the profile",
        ],
    ),
    "packages that are synchronized": (
        "loadgen:\n  packages: {buckets: [{percent: 100, value: 5, synchronized: true}]}\n",
        [
            "loadgen.yaml:2: packages.buckets[0].synchronized: unknown key for packages, "
            "expected it in a bucket of reportInterval or in a profile",
        ],
    ),
    "no list": ("loadgen:\n  profiles: 5\n", ["loadgen.yaml:2: profiles: found 5, expected a list of profiles"]),
    "an interval too short for the time scale": (
        profiles("name: a, percent: 100, packages: 5, reportInterval: 10ms", before="timeScale: 20\n  "),
        ["loadgen.yaml:2: timeScale: the shortest interval is 10ms / 20, expected at least 1ms"],
    ),
}


@pytest.mark.parametrize(("text", "messages"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named_with_its_line(complaints: Complain, text: str, messages: list[str]) -> None:
    assert complaints(text) == messages


def test_a_flag_that_no_profile_needs_is_named_as_the_flag(complaints: Complain) -> None:
    (message,) = complaints(FULL, overrides=[Override("--packages", "packages", "5")])
    assert message.startswith("--packages: packages: has no effect: every profile has packages of its own")


def test_an_attribute_of_a_profile_can_be_set_from_the_command_line(load_text: Load) -> None:
    override = Override("--set profiles[1].packages", "profiles[1].packages", "7")
    assert load_text(FULL, overrides=[override]).config.profiles[1].packages == Constant(7)


def test_a_mean_beyond_its_ends_warns_in_a_profile_too(load_text: Load) -> None:
    text = profiles("name: a, percent: 100, packages: {mean: 1, stddev: 1, min: 5, max: 9}, reportInterval: 1m")
    assert [warning.path for warning in load_text(text).warnings] == ["profiles[0].packages"]


_timing = st.fixed_dictionaries(
    {},
    optional={
        "synchronized": st.booleans(),
        "jitter": st.integers(0, 999).map(lambda tenths: tenths / 10),
    },
)
_values = st.sampled_from(["30s", "5m", "1h30m"])
_bucketed = st.tuples(_timing, _timing, _values, _values).map(
    lambda parts: {"buckets": [{"percent": 25, "value": parts[2], **parts[0]}, {"percent": 75, "value": parts[3], **parts[1]}]}
)
_profile = st.tuples(_timing, st.one_of(_values, _bucketed), st.integers(1, 900), st.booleans()).map(
    lambda parts: (
        {"packages": parts[2], "reportInterval": parts[1], **parts[0]}
        | ({"offset": "90s"} if parts[0].get("synchronized") else {})
        | ({"packageSets": "perVM"} if parts[3] else {})
    )
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_profile, min_size=2, max_size=2))
def test_any_profiles_come_back_the_same_from_their_effective_form(
    load_text: Load, given_profiles: list[dict[str, object]]
) -> None:
    named = [{"name": f"p{number}", "percent": 50, **profile} for number, profile in enumerate(given_profiles)]
    first = load_text(json.dumps({"loadgen": {"profiles": named}}), strict=True).config
    again = load_text(json.dumps({"loadgen": first.effective}), strict=True).config
    assert again == first
    assert again.effective == first.effective
    for given_profile, profile in zip(named, first.profiles, strict=True):
        timings = [bucket.timing for bucket in getattr(profile.report_interval, "buckets", ())] or [profile.timing]
        if not isinstance(given_profile["reportInterval"], dict):
            assert [bool(timing.synchronized) for timing in timings] == [given_profile.get("synchronized", False)]


def test_the_schema_for_editors_knows_profiles() -> None:
    properties = json_schema()["properties"]
    assert isinstance(properties, dict)
    assert properties["loadgen"]["properties"]["profiles"]["default"] == []
