"""A bucket may have a name, under which its VMs are counted: a key that is read, shown again, and found at fault with its line."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from vsock_loadgen.config.load import Loaded

FLEET = """\
loadgen:
  packages:
    buckets:
      - {percent: 90, value: 500, name: NAME}
      - {percent: 10, distribution: {mean: 900, stddev: 50}, name: large}
"""
Load = Callable[..., Loaded]
Complain = Callable[..., list[str]]


@pytest.mark.parametrize("name", ["typical", "a", "A-1_b", "x" * 63, "largest-ones"])
def test_a_name_is_kept_and_in_the_effective_config(load_text: Load, name: str) -> None:
    config = load_text(FLEET.replace("NAME", name)).config
    assert [bucket.name for bucket in config.packages.buckets_of] == [name, "large"]
    packages = config.effective["packages"]
    assert isinstance(packages, dict)
    assert [bucket["name"] for bucket in packages["buckets"]] == [name, "large"]


@pytest.mark.parametrize("name", ["500", "largest", "smallest", "'1a'", "'a b'", "a.b", "''", "x" * 64, "[a]", "1.5"])
def test_what_could_be_a_number_or_a_word_of_its_own_is_no_name(complaints: Complain, name: str) -> None:
    (line,) = complaints(FLEET.replace("NAME", name))
    assert line.startswith("loadgen.yaml:4: packages.buckets[0].name: found ")
    assert "expected a name of a letter" in line


def test_one_name_is_given_once(complaints: Complain) -> None:
    (line,) = complaints(FLEET.replace("NAME", "large"))
    assert line.startswith("loadgen.yaml:5: packages.buckets[1].name: found 'large' again (first: line 4)")


def test_a_bucket_inside_a_bucket_has_no_name(complaints: Complain) -> None:
    inner = "{percent: 100, distribution: {buckets: [{percent: 100, value: 5, name: inner}]}}"
    (line,) = complaints(f"loadgen: {{packages: {{buckets: [{inner}]}}}}")
    assert "packages.buckets[0].distribution.buckets[0].name: stands in a bucket inside a bucket" in line


def test_a_name_in_a_profile_has_no_effect_and_that_is_said(load_text: Load) -> None:
    profile = "{name: a, percent: 100, packages: {buckets: [{percent: 100, value: 5, name: few}]}}"
    (warning,) = load_text(f"loadgen: {{reportInterval: 1m, profiles: [{profile}]}}").warnings
    assert warning.path == "profiles[0].packages.buckets[0].name"
    assert warning.message.startswith("has no effect")


def test_a_misspelt_name_is_answered_with_the_key(complaints: Complain) -> None:
    (line,) = complaints(FLEET.replace("name: NAME", "nam: few"))
    assert line == "loadgen.yaml:4: packages.buckets[0].nam: unknown key; did you mean name?"
