"""What holds of every kind of distribution, of every quantity: in the plan, in a file, in messages, for editors and documents."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from docs.scripts.config_keys import form_table
from hypothesis import given, settings
from hypothesis import strategies as st

from vsock_loadgen.config.load import load
from vsock_loadgen.config.schema import json_schema
from vsock_loadgen.distributions import KINDS
from vsock_loadgen.distributions.kind import CONTINUOUS, Distribution
from vsock_loadgen.distributions.quantity import QUANTITIES, Quantity
from vsock_loadgen.distributions.reading import BLOCKS, NO_KNOWN_FORM

Kind = type[Distribution]
Problems = Callable[[str], list[str]]
EVERY = pytest.mark.parametrize(
    ("kind", "quantity"), [pytest.param(*pair, id=f"{pair[0].name}-{pair[1].key}") for pair in product(KINDS, QUANTITIES)]
)
EVERY_BLOCK = pytest.mark.parametrize(
    ("kind", "quantity"), [pytest.param(*pair, id=f"{pair[0].name}-{pair[1].key}") for pair in product(BLOCKS.values(), QUANTITIES)]
)


def config(quantity: Quantity, block: Any) -> str:
    """A config with this distribution, on its third line."""
    return f"loadgen:\n  vmCount: 10\n  {quantity.key}: {json.dumps(block)}\n"


def read(quantity: Quantity, block: Any, folder: Path) -> Distribution:
    """A distribution as a config has it."""
    file = folder / "loadgen.yaml"
    file.write_text(config(quantity, block))
    loaded = load(file, environment={}, strict=True).config
    return loaded.packages if quantity.key == "packages" else loaded.report_interval


def required(kind: Kind, quantity: Quantity) -> Any:
    """An example without what may be left out."""
    example = kind.example(quantity)
    return {key: example[key] for key in kind.required()} if isinstance(example, dict) else example


@EVERY
@settings(max_examples=10, deadline=None)
@given(count=st.integers(0, 400))
def test_values_ascend_whatever_their_number_and_stay_within_the_ends(
    kind: Kind, quantity: Quantity, count: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    distribution = read(quantity, kind.example(quantity), tmp_path_factory.mktemp("config"))
    sample = distribution.take(count, quantity.grain)
    low, high = distribution.ends(quantity.grain)
    assert len(sample.values) == len(sample.buckets) == count
    assert list(sample.values) == sorted(sample.values)
    assert all(low <= value <= high and value % quantity.grain.step == 0 for value in sample.values)
    buckets = len(distribution.buckets_of)
    assert set(sample.buckets) <= (set(range(buckets)) if buckets else {CONTINUOUS})


@EVERY
def test_ten_thousand_values_have_the_mean_that_is_configured(kind: Kind, quantity: Quantity, tmp_path: Path) -> None:
    distribution = read(quantity, required(kind, quantity), tmp_path)
    mean = sum(distribution.take(10_000, quantity.grain).values) / 10_000
    assert mean == pytest.approx(float(distribution.configured_mean), rel=0.002)


@EVERY
def test_what_is_shown_reads_as_the_same(kind: Kind, quantity: Quantity, tmp_path: Path) -> None:
    for block in (kind.example(quantity), required(kind, quantity)):
        distribution = read(quantity, block, tmp_path)
        assert isinstance(distribution, kind)
        assert read(quantity, distribution.show(quantity), tmp_path) == distribution


@EVERY
def test_a_bucket_may_hold_it(kind: Kind, quantity: Quantity, tmp_path: Path) -> None:
    alone = read(quantity, required(kind, quantity), tmp_path)
    within = read(quantity, {"buckets": [{"percent": "100%", "distribution": required(kind, quantity)}]}, tmp_path)
    assert within.take(50, quantity.grain).values == alone.take(50, quantity.grain).values
    assert within.is_continuous == alone.is_continuous


@EVERY
def test_the_schema_for_editors_takes_it(kind: Kind, quantity: Quantity) -> None:
    for block in (kind.example(quantity), required(kind, quantity)):
        jsonschema.validate({"loadgen": {quantity.key: block}}, json_schema())


@EVERY_BLOCK
def test_a_key_that_is_missing_is_named_with_its_line(kind: Kind, quantity: Quantity, problems: Problems) -> None:
    for key in kind.required():
        block = required(kind, quantity)
        del block[key]
        said = problems(config(quantity, block | {"type": kind.name}))
        assert said
        assert all(problem.startswith(f"loadgen.yaml:3: {quantity.key}") for problem in said)
        assert any(" missing" in problem for problem in said)


@EVERY_BLOCK
def test_a_key_that_is_misspelt_is_named_with_its_line_and_the_key_that_is_meant(
    kind: Kind, quantity: Quantity, problems: Problems
) -> None:
    for key in kind.example(quantity):
        block = {name + name[-1] if name == key else name: value for name, value in kind.example(quantity).items()}
        said = problems(config(quantity, block))
        assert said
        assert all(problem.startswith(f"loadgen.yaml:3: {quantity.key}") for problem in said)
        assert any(f"did you mean {key}?" in problem or "unknown key, expected" in problem for problem in said)


@EVERY_BLOCK
def test_messages_and_documents_know_its_name_and_its_keys(kind: Kind, quantity: Quantity) -> None:
    assert f"{kind.keys_in_words()} ({kind.name})" in NO_KNOWN_FORM
    table = form_table(quantity)
    assert all(f"| `{quantity.key}.{key.name}` |" in table for key in kind.keys(quantity))


def test_a_mean_beyond_an_end_is_warned_of_as_it_is_written(problems: Problems) -> None:
    (said,) = problems("loadgen:\n  packages: {mean: 9, stddev: 1, min: 1.0e1}\n")
    assert said.endswith("the mean is not between min and max (mean 9, min 1.0e1, max 100000): most VMs get one of the ends")


def test_ends_of_a_normal_distribution_may_be_left_out(tmp_path: Path) -> None:
    packages, intervals = QUANTITIES
    assert read(packages, {"mean": 900, "stddev": 50}, tmp_path).show(packages) == {
        "mean": 900,
        "stddev": 50,
        "min": 1,
        "max": 100_000,
    }
    assert read(intervals, {"mean": "60s", "stddev": "5s", "max": "2m"}, tmp_path).ends(intervals.grain) == (10**9, 120 * 10**9)
