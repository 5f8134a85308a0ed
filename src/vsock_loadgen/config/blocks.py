"""The forms that a distribution may take in the file, for package counts and for intervals.

The form is told from the value itself: a scalar, a block with `buckets`, one with quantiles like `p95`, or one with a mean.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, core_schema

from vsock_loadgen.config.leaves import (
    Choice,
    Duration,
    Leaf,
    Number,
    Share,
    WholeNumber,
    YesOrNo,
    complaint,
    expected,
    show_decimal,
)
from vsock_loadgen.config.model import MOST_PACKAGES, Bucket, Distribution, Normal, Percentile, Quantiles, Scalar, Timing
from vsock_loadgen.units import HOUR, MILLISECOND, SECOND

LONGEST_INTERVAL_NS = 365 * 24 * HOUR

PACKAGE_COUNT = WholeNumber(1, MOST_PACKAGES)
PACKAGE_FIGURE = Number(Fraction(0), Fraction(MOST_PACKAGES))
PACKAGE_QUANTILE = Number(Fraction(1), Fraction(MOST_PACKAGES))
INTERVAL = Duration(MILLISECOND, LONGEST_INTERVAL_NS)
INTERVAL_FIGURE = Duration(0, LONGEST_INTERVAL_NS)
INTERVAL_QUANTILE = Duration(SECOND, LONGEST_INTERVAL_NS)
OFFSET = Duration(0, LONGEST_INTERVAL_NS)
PERCENT = Number(Fraction(0), Fraction(100), above=True)
OWN_JITTER = Share()
OWN_TIME = Timing()
"""How VMs keep time of which nothing is said."""
TIMING_KEYS = ("synchronized", "offset", "jitter")

_QUANTILE = re.compile(r"p([0-9]{1,2}(?:\.[0-9]{1,9})?)")
_NORMAL_KEYS = ("mean", "stddev")


class Block(BaseModel):
    """A mapping of the file: keys in camelCase, none beyond the known ones, values as the leaves read them."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", alias_generator=to_camel, arbitrary_types_allowed=True)


def is_quantile(key: str) -> bool:
    """Whether a key is a quantile between the ends, such as `p50` or `p99.9`."""
    match = _QUANTILE.fullmatch(key)
    return match is not None and Fraction(match[1]) > 0


def form_of(value: object) -> str | None:
    """The form of a distribution, told from its value; None where its keys belong to no form."""
    if not isinstance(value, dict):
        return "form:scalar"
    if "buckets" in value:
        return "form:percentile"
    if any(is_quantile(key) for key in value):
        return "form:quantiles"
    if any(key in value for key in _NORMAL_KEYS):
        return "form:normal"
    named = value.get("type")
    return f"form:{named}" if named in ("percentile", "normal", "quantiles") else None


def bucket_form(value: object) -> str | None:
    """Whether a bucket has a value or a distribution; None where it has both."""
    if not isinstance(value, dict) or "distribution" not in value:
        return "form:value"
    return None if "value" in value else "form:distribution"


_BY_FORM = Discriminator(
    form_of,
    custom_error_type="complaint",
    custom_error_message="the block has no known form",
    custom_error_context={
        "message": "the block has no known form, expected buckets (percentile), mean, stddev, min and max (normal), "
        "or min, max and quantiles such as p50 (quantiles)"
    },
)
_BY_BUCKET_FORM = Discriminator(
    bucket_form,
    custom_error_type="complaint",
    custom_error_message="the bucket has both",
    custom_error_context={"message": "the bucket has both value and distribution, expected one of them"},
)


class _NormalBlock(Block):
    """Normally distributed values, clamped at min and max."""

    type: Annotated[str, Choice(("normal",))] = "normal"

    def figures(self) -> Normal:
        """The block as the plan reads it."""
        raise NotImplementedError

    @model_validator(mode="after")
    def _ends_in_order(self) -> Self:
        figures = self.figures()
        if figures.minimum > figures.maximum:
            raise complaint("min is above max, expected min to be at most max")
        return self


class PackageNormal(_NormalBlock):
    """Package counts from a normal distribution, clamped at min and max, at least 1."""

    mean: Annotated[Fraction, PACKAGE_FIGURE] = Field(description="Mean number of packages.")
    stddev: Annotated[Fraction, PACKAGE_FIGURE] = Field(description="Standard deviation in packages.")
    min: Annotated[Fraction, PACKAGE_FIGURE] = Field(description="Fewest packages; no VM has less than 1.")
    max: Annotated[Fraction, PACKAGE_QUANTILE] = Field(description="Most packages.")

    def figures(self) -> Normal:
        return Normal(self.mean, self.stddev, self.min, self.max)


class IntervalNormal(_NormalBlock):
    """Intervals from a normal distribution, clamped at min and max, at least 1s."""

    mean: Annotated[int, INTERVAL_FIGURE] = Field(description="Mean interval, a duration.")
    stddev: Annotated[int, INTERVAL_FIGURE] = Field(description="Standard deviation, a duration.")
    min: Annotated[int, INTERVAL_FIGURE] = Field(description="Shortest interval; none is below 1s.")
    max: Annotated[int, INTERVAL_QUANTILE] = Field(description="Longest interval.")

    def figures(self) -> Normal:
        return Normal(Fraction(self.mean), Fraction(self.stddev), Fraction(self.min), Fraction(self.max))


@dataclass(frozen=True, slots=True)
class _QuantileName(Leaf):
    """A key of a quantile block, read as a percentile from 0 (`min`) to 100 (`max`)."""

    kind = "text"

    @property
    def wanted(self) -> str:
        return "min, max or a quantile such as p50 or p99.9"

    def read(self, value: object) -> Fraction:
        if value in ("min", "max"):
            return Fraction(0 if value == "min" else 100)
        if not isinstance(value, str) or not is_quantile(value):
            raise expected(self.wanted)
        return Fraction(value.removeprefix("p"))

    def show(self, value: Any) -> object:
        ends = {0: "min", 100: "max"}
        return ends.get(value) or f"p{show_decimal(value)}"

    def json_schema(self) -> dict[str, object]:
        return {"type": "string"}


QUANTILE_NAME = _QuantileName()


@dataclass(frozen=True, slots=True)
class _QuantileMap:
    """Makes pydantic read a map of quantiles, all of whose values are of one leaf, as `Quantiles`."""

    leaf: Leaf

    def __get_pydantic_core_schema__(self, source: object, handler: Callable[[Any], CoreSchema]) -> CoreSchema:
        points = core_schema.dict_schema(
            keys_schema=core_schema.no_info_plain_validator_function(QUANTILE_NAME.read),
            values_schema=core_schema.no_info_plain_validator_function(self.leaf.read),
        )
        return core_schema.no_info_wrap_validator_function(self._read, points)

    def _read(self, value: dict[str, object], read_points: Callable[[object], dict[Fraction, Any]]) -> Quantiles:
        named = value.get("type", "quantiles")
        if named != "quantiles":
            raise complaint(f"type is {named!r} beside quantiles such as p50, expected quantiles")
        names = {key: given for key, given in value.items() if key != "type"}
        points = read_points(names)
        if len(points) < len(names):
            raise complaint("a quantile is given twice, as in p5 and p05; expected once")
        missing = [name for name, at in (("min", 0), ("max", 100)) if at not in points]
        if missing or len(points) < 3:
            raise complaint(f"{' and '.join(missing) or 'a quantile'} missing, expected min, max and at least one like p50")
        ascending = tuple(sorted((at, Fraction(point)) for at, point in points.items()))
        for (lower_at, lower), (upper_at, upper) in pairwise(ascending):
            if lower > upper:
                low, high = QUANTILE_NAME.show(lower_at), QUANTILE_NAME.show(upper_at)
                raise complaint(f"{low} is above {high}, expected values that do not fall from min to max")
        return Quantiles(ascending)

    def __get_pydantic_json_schema__(self, schema: object, handler: object) -> dict[str, object]:
        value = self.leaf.json_schema()
        return {
            "type": "object",
            "description": "Measured quantiles, linear between them.",
            "properties": {"type": {"const": "quantiles"}, "min": value, "max": value},
            "patternProperties": {r"^p[0-9]{1,2}(\.[0-9]{1,9})?$": value},
            "required": ["min", "max"],
            "minProperties": 3,
            "additionalProperties": False,
        }


class _Bucket(Block):
    """A share of the fleet."""

    percent: Annotated[Fraction, PERCENT] = Field(description="Share of the VMs in percent; all buckets add up to 100.")


class PackageValueBucket(_Bucket):
    """A share of the fleet whose VMs all have the same number of packages."""

    value: Annotated[int, PACKAGE_COUNT] = Field(description="Packages of each VM.")


class PackageMixedBucket(_Bucket):
    """A share of the fleet with a distribution of its own."""

    distribution: PackageDistribution = Field(description="Packages of the bucket's VMs, in any form.")


class PackagePercentile(Block):
    """Package counts by shares of the fleet."""

    type: Annotated[str, Choice(("percentile",))] = "percentile"
    buckets: list[
        Annotated[
            Annotated[PackageValueBucket, Tag("form:value")] | Annotated[PackageMixedBucket, Tag("form:distribution")],
            _BY_BUCKET_FORM,
        ]
    ] = Field(min_length=1, description="Shares of the fleet; the percents add up to exactly 100.")


class Timed(Block):
    """A share of the fleet that may have its own way of keeping time."""

    synchronized: Annotated[bool, YesOrNo()] = Field(
        False, description="Whether its VMs report in step, at every multiple of their interval of the wall clock."
    )
    offset: Annotated[int, OFFSET] = Field(
        0, description="Of synchronized VMs: how long after every multiple of their interval they report, a duration."
    )
    jitter: Annotated[Fraction | None, OWN_JITTER] = Field(
        None,
        description="In percent of the interval: how much earlier or later a report may come, where that is not as for all VMs; of "
        "synchronized VMs, how much later, by default 0.",
    )

    @property
    def says_timing(self) -> bool:
        """Whether anything is said about it."""
        return not self.model_fields_set.isdisjoint(TIMING_KEYS)

    def timing(self, around: Timing) -> Timing:
        """How its VMs keep time; what is not said here is as in `around`, the profile that this stands in."""
        given = self.model_fields_set
        synchronized = self.synchronized if "synchronized" in given else around.synchronized
        offset_ns = self.offset if "offset" in given else around.offset_ns
        jitter = self.jitter if "jitter" in given else around.jitter
        return Timing(synchronized, offset_ns if synchronized else 0, jitter)


class IntervalValueBucket(_Bucket, Timed):
    """A share of the fleet whose VMs all have the same interval."""

    value: Annotated[int, INTERVAL] = Field(description="Time between two reports of a VM, a duration.")


class IntervalMixedBucket(_Bucket, Timed):
    """A share of the fleet with a distribution of its own."""

    distribution: IntervalDistribution = Field(description="Intervals of the bucket's VMs, in any form.")


class IntervalPercentile(Block):
    """Intervals by shares of the fleet."""

    type: Annotated[str, Choice(("percentile",))] = "percentile"
    buckets: list[
        Annotated[
            Annotated[IntervalValueBucket, Tag("form:value")] | Annotated[IntervalMixedBucket, Tag("form:distribution")],
            _BY_BUCKET_FORM,
        ]
    ] = Field(min_length=1, description="Shares of the fleet; the percents add up to exactly 100.")


PackageDistribution = Annotated[
    Annotated[int, PACKAGE_COUNT, Tag("form:scalar")]
    | Annotated[PackagePercentile, Tag("form:percentile")]
    | Annotated[PackageNormal, Tag("form:normal")]
    | Annotated[Quantiles, _QuantileMap(PACKAGE_QUANTILE), Tag("form:quantiles")],
    _BY_FORM,
]
IntervalDistribution = Annotated[
    Annotated[int, INTERVAL, Tag("form:scalar")]
    | Annotated[IntervalPercentile, Tag("form:percentile")]
    | Annotated[IntervalNormal, Tag("form:normal")]
    | Annotated[Quantiles, _QuantileMap(INTERVAL_QUANTILE), Tag("form:quantiles")],
    _BY_FORM,
]
for _model in (PackageMixedBucket, PackagePercentile, IntervalMixedBucket, IntervalPercentile):
    _model.model_rebuild()

Read = int | PackagePercentile | IntervalPercentile | PackageNormal | IntervalNormal | Quantiles
"""A distribution as pydantic hands it over."""


def distribution_of(read: Read) -> Distribution:
    """A distribution as the plan reads it."""
    if isinstance(read, Quantiles):
        return read
    if isinstance(read, _NormalBlock):
        return read.figures()
    if isinstance(read, PackagePercentile | IntervalPercentile):
        return Percentile(tuple(_bucket(bucket) for bucket in read.buckets))
    return Scalar(read)


def _bucket(read: PackageValueBucket | PackageMixedBucket | IntervalValueBucket | IntervalMixedBucket) -> Bucket:
    if isinstance(read, PackageValueBucket | IntervalValueBucket):
        return Bucket(read.percent, read.value)
    return Bucket(read.percent, distribution_of(read.distribution))


def intervals_of(read: Read, around: Timing) -> tuple[Distribution, Timing]:
    """Intervals as the plan reads them, within a profile whose timing is `around`, and the timing that is left for the profile.

    Where one bucket says how its VMs keep time, all of them do in what comes out, and the profile is left with nothing to say.
    """
    intervals = distribution_of(read)
    if not isinstance(read, IntervalPercentile) or not isinstance(intervals, Percentile):
        return intervals, around
    if not any(bucket.says_timing for bucket in read.buckets):
        return intervals, around
    pairs = zip(intervals.buckets, read.buckets, strict=True)
    return Percentile(tuple(replace(bucket, timing=given.timing(around)) for bucket, given in pairs)), OWN_TIME


Attribute = Literal["packages", "reportInterval"]


def show_distribution(distribution: Distribution, attribute: Attribute) -> object:
    """A distribution as JSON holds it, under the keys of the file."""
    leaf: Leaf = PACKAGE_FIGURE if attribute == "packages" else INTERVAL_FIGURE
    if isinstance(distribution, Scalar):
        return leaf.show(Fraction(distribution.value))
    if isinstance(distribution, Percentile):
        return {"buckets": [_show_bucket(bucket, leaf, attribute) for bucket in distribution.buckets]}
    if isinstance(distribution, Normal):
        named = ("mean", distribution.mean), ("stddev", distribution.stddev)
        ends = ("min", distribution.minimum), ("max", distribution.maximum)
        return {name: leaf.show(value) for name, value in (*named, *ends)}
    return {str(QUANTILE_NAME.show(at)): leaf.show(value) for at, value in distribution.points}


def _show_bucket(bucket: Bucket, leaf: Leaf, attribute: Attribute) -> dict[str, object]:
    shown: dict[str, object] = {"percent": PERCENT.show(bucket.percent)}
    if isinstance(bucket.value, int):
        shown["value"] = leaf.show(Fraction(bucket.value))
    else:
        shown["distribution"] = show_distribution(bucket.value, attribute)
    return {**shown, **show_timing(bucket.timing)}


def show_timing(timing: Timing) -> dict[str, object]:
    """What a timing says, as JSON holds it; nothing where it says nothing."""
    shown: dict[str, object] = {}
    if timing.synchronized:
        shown |= {"synchronized": True, "offset": OFFSET.show(timing.offset_ns)}
    if timing.jitter is not None:
        shown["jitter"] = OWN_JITTER.show(timing.jitter)
    return shown
