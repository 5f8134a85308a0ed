"""Every mistake in a file is named with its line, its key, what was found and what was expected; all of them at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from said import says_of
from vsock_loadgen.config.load import Override

Complain = Callable[..., list[str]]


def _buckets(*buckets: str) -> str:
    return "loadgen:\n  packages:\n    buckets:\n" + "".join(f"    - {{{bucket}}}\n" for bucket in buckets)


MISTAKES: dict[str, tuple[str, tuple[str, ...]]] = {
    "percents that add up to 98": (
        _buckets("percent: 70, value: 5", "percent: 28, value: 6"),
        ("loadgen.yaml:3: packages.buckets", "98", "100"),
    ),
    "three times 33.3 is not 100": (
        _buckets("percent: 33.3, value: 5", "percent: 33.3, value: 6", "percent: 33.3, value: 7"),
        ("loadgen.yaml:3: packages.buckets", "99.9", "100"),
    ),
    "100.0001 is not 100": (
        _buckets("percent: 70.0001, value: 5", "percent: 30, value: 6"),
        ("loadgen.yaml:3: packages.buckets", "100.0001", "100"),
    ),
    "one percent above 100": (
        _buckets("percent: 100.0001, value: 5"),
        ("loadgen.yaml:4: packages.buckets[0].percent", "100.0001", "0", "100", "5", "5%"),
    ),
    "a percent of zero": (
        _buckets("percent: 100, value: 5", "percent: 0, value: 6"),
        ("loadgen.yaml:5: packages.buckets[1].percent", "0", "100", "5", "5%"),
    ),
    "a negative percent": (
        _buckets("percent: 95, value: 5", "percent: -5, value: 6"),
        ("loadgen.yaml:5: packages.buckets[1].percent", "-5", "0", "100", "5", "5%"),
    ),
    "a percent as a text": (
        _buckets("percent: '100', value: 5"),
        ("loadgen.yaml:4: packages.buckets[0].percent", "'100'", "a text", "0", "100", "5", "5%"),
    ),
    "percents of a nested distribution that do not add up": (
        _buckets("percent: 100, distribution: {buckets: [{percent: 99, value: 1}]}"),
        ("loadgen.yaml:4: packages.buckets[0].distribution.buckets", "99", "100"),
    ),
    "a value of zero": (_buckets("percent: 100, value: 0"), ("loadgen.yaml:4: packages.buckets[0].value", "0", "1", "100,000")),
    "a negative interval": (
        "loadgen:\n  reportInterval:\n    buckets: [{percent: 100, value: -5s}]\n",
        ("loadgen.yaml:3: reportInterval.buckets[0].value", "'-5s'", "1ms", "8760h", "1m30s"),
    ),
    "an empty list of buckets": ("loadgen:\n  packages:\n    buckets: []\n", ("loadgen.yaml:3: packages.buckets", "empty")),
    "buckets that are no list": ("loadgen:\n  packages:\n    buckets: 5\n", ("loadgen.yaml:3: packages.buckets", "5", "a list")),
    "a bucket that is no block": (
        _buckets("percent: 100, value: 1").replace("{percent: 100, value: 1}", "100"),
        ("loadgen.yaml:4: packages.buckets[0]", "100", "a block"),
    ),
    "a bucket without a value": (
        _buckets("percent: 100"),
        ("loadgen.yaml:4: packages.buckets[0].value", "missing", "value", "distribution"),
    ),
    "a bucket without a percent": (_buckets("value: 100"), ("loadgen.yaml:4: packages.buckets[0].percent", "missing")),
    "a bucket with a value and a distribution": (
        _buckets("percent: 100, value: 5, distribution: 5"),
        ("loadgen.yaml:4: packages.buckets[0]", "value", "distribution"),
    ),
    "a misspelt key in a bucket": (
        _buckets("percent: 100, value: 5, vlaue: 6"),
        ("loadgen.yaml:4: packages.buckets[0].vlaue", "unknown key", "did you mean value?"),
    ),
    "a duration without a unit": (
        "loadgen:\n  reportInterval: 60\n",
        ("loadgen.yaml:2: reportInterval", "60", "no unit", "1ms", "8760h", "1m30s", "a block"),
    ),
    "a duration without a unit, as a text": (
        "loadgen:\n  requestTimeout: '60'\n",
        ("loadgen.yaml:2: requestTimeout", "'60'", "a text", "no unit", "1ms", "8760h", "1m30s"),
    ),
    "a duration with a unit that Go does not know": (
        "loadgen:\n  requestTimeout: 1d\n",
        ("loadgen.yaml:2: requestTimeout", "'1d'", "unknown unit", "'d'", "1ms", "8760h", "1m30s"),
    ),
    "statistics more often than once a second": (
        "loadgen:\n  statsInterval: 999ms\n",
        ("loadgen.yaml:2: statsInterval", "'999ms'", "1s", "8760h", "1m30s"),
    ),
    "a boolean where a number belongs": (
        "loadgen:\n  vmCount: true\n",
        ("loadgen.yaml:2: vmCount", "true", "a boolean", "1", "1,000,000"),
    ),
    "a text where a number belongs": (
        "loadgen:\n  packages: seven hundred\n",
        ("loadgen.yaml:2: packages", "'seven hundred'", "1", "100,000", "a block"),
    ),
    "no value where a number belongs": ("loadgen:\n  vmCount:\n", ("loadgen.yaml:2: vmCount", "no value", "1", "1,000,000")),
    "a list where a number belongs": (
        "loadgen:\n  packages: [1, 2]\n",
        ("loadgen.yaml:2: packages", "a list", "1", "100,000", "a block"),
    ),
    "a number with decimals where a whole one belongs": (
        "loadgen:\n  vmCount: 50.0\n",
        ("loadgen.yaml:2: vmCount", "50.0", "1", "1,000,000"),
    ),
    "a number set apart with underscores": (
        "loadgen:\n  vmCount: 1_000\n",
        ("loadgen.yaml:2: vmCount", "'1_000'", "1", "1,000,000"),
    ),
    "a number that may be octal": (
        "loadgen:\n  vmCount: 010\n",
        ("loadgen.yaml:2: vmCount", "010", "leading zero", "1", "1,000,000"),
    ),
    "no number": ("loadgen:\n  jitter: .nan\n", ("loadgen.yaml:2: jitter", ".nan", "not a finite number", "0", "100", "5", "5%")),
    "a number with a gigantic exponent": (
        "loadgen:\n  timeScale: 1e999999999\n",
        ("loadgen.yaml:2: timeScale", "1e999999999", "0.01", "1,000,000"),
    ),
    "a number of ten thousand digits": (
        f"loadgen:\n  seed: {'9' * 10_000}\n",
        ("loadgen.yaml:2: seed", "9" * 37, "10,000", "-9,223,372,036,854,775,808", "9,223,372,036,854,775,807"),
    ),
    "too many VMs": ("loadgen:\n  vmCount: 1000001\n", ("loadgen.yaml:2: vmCount", "1000001", "1", "1,000,000")),
    "all of the interval as jitter": ("loadgen:\n  jitter: 100%\n", ("loadgen.yaml:2: jitter", "'100%'", "0", "100", "5", "5%")),
    "a number where a text belongs": ("loadgen:\n  specificPackage: 700\n", ("loadgen.yaml:2: specificPackage", "700", "256")),
    "a word that is no choice": (
        "loadgen:\n  reportFormat: vmreport\n",
        ("loadgen.yaml:2: reportFormat", "'vmreport'", "indexReport", "vmReport"),
    ),
    "a target without a scheme": (
        "loadgen:\n  target: localhost:818\n",
        ("loadgen.yaml:2: target", "'localhost:818'", "embedded", "unix:///PATH", "tcp://HOST:PORT", "vsock://CID:PORT"),
    ),
    "a target with the CID for listening": (
        "loadgen:\n  target: vsock://any:818\n",
        ("loadgen.yaml:2: target", "'vsock://any:818'"),
    ),
    "a long value is shortened": (f"loadgen:\n  delivery: {'x' * 1000}\n", ("loadgen.yaml:2: delivery", f"'{'x' * 37}...'")),
    "a duplicate key": ("loadgen:\n  vmCount: 5\n  seed: 1\n  vmCount: 6\n", ("loadgen.yaml:4: vmCount", "twice", "2")),
    "a duplicate key in a bucket": (
        _buckets("percent: 100, value: 5, value: 5"),
        ("loadgen.yaml:4: packages.buckets[0].value", "twice", "4"),
    ),
    "numPackages beside a block": (
        "loadgen:\n  numPackages: 700\n  packages: {buckets: [{percent: 100, value: 5}]}\n",
        ("loadgen.yaml:2: numPackages", "a block", "3"),
    ),
    "payloadSize beside a normal distribution": (
        "loadgen:\n  packages: {mean: 5, stddev: 1, min: 0, max: 9}\n  payloadSize: small\n",
        ("loadgen.yaml:3: payloadSize", "a block", "2"),
    ),
    "a normal distribution whose ends are swapped": (
        "loadgen:\n  packages: {mean: 5, stddev: 1, min: 9, max: 2}\n",
        ("loadgen.yaml:2: packages", "min", "max"),
    ),
    "a negative standard deviation": (
        "loadgen:\n  packages: {mean: 5, stddev: -1, min: 0, max: 9}\n",
        ("loadgen.yaml:2: packages.stddev", "-1", "0", "100,000"),
    ),
    "a type that is not the block's": (
        "loadgen:\n  packages: {type: normal, buckets: [{percent: 100, value: 1}]}\n",
        ("loadgen.yaml:2: packages.type", "'normal'", "percentile"),
    ),
    "a type beside quantiles of another form": (
        "loadgen:\n  packages: {type: normal, p50: 5, min: 1, max: 9}\n",
        ("loadgen.yaml:2: packages", "'normal'", "quantiles", "p50"),
    ),
    "quantiles without their ends": (
        "loadgen:\n  packages: {p50: 5}\n",
        ("loadgen.yaml:2: packages", "min", "max", "missing", "p50"),
    ),
    "ends without a quantile": (
        "loadgen:\n  packages: {type: quantiles, min: 1, max: 5}\n",
        ("loadgen.yaml:2: packages", "missing", "min", "max", "p50"),
    ),
    "quantiles that fall": (
        "loadgen:\n  packages: {min: 1, p50: 9, p99.9: 7, max: 10}\n",
        ("loadgen.yaml:2: packages", "p50", "p99.9", "min", "max"),
    ),
    "one quantile under two names": (
        "loadgen:\n  packages: {min: 1, p5: 2, p05: 2, max: 10}\n",
        ("loadgen.yaml:2: packages", "twice", "p5", "p05"),
    ),
    "a quantile beyond the ends": (
        "loadgen:\n  packages: {min: 1, p50: 2, p100: 3, max: 10}\n",
        ("loadgen.yaml:2: packages.p100", "unknown key", "min", "max", "p50", "p99.9"),
    ),
    "a sampled interval below a second": (
        "loadgen:\n  reportInterval: {min: 500ms, p50: 2s, max: 3s}\n",
        ("loadgen.yaml:2: reportInterval.min", "'500ms'", "1s", "8760h", "1m30s"),
    ),
    "a block of no known form": (
        "loadgen:\n  packages: {bucktes: []}\n",
        ("loadgen.yaml:2: packages", "percentile", "mean", "stddev", "min", "max", "quantiles", "p50", "did you mean buckets?"),
    ),
    "a node beyond the node count": (
        "loadgen:\n  nodeIndex: 3\n  nodeCount: 3\n",
        ("loadgen.yaml:2: nodeIndex", "3", "nodeCount"),
    ),
    "a node without a node count": ("loadgen:\n  nodeIndex: 3\n", ("loadgen.yaml:2: nodeIndex", "3", "nodeCount")),
    "a negative node": ("loadgen:\n  nodeIndex: -1\n", ("loadgen.yaml:2: nodeIndex", "-1", "auto", "0", "9,999")),
    "an unknown end": ("loadgen:\n  afterRun: sleep\n", ("loadgen.yaml:2: afterRun", "'sleep'", "exit", "wait")),
    "a time scale that leaves less than a millisecond": (
        "loadgen:\n  reportInterval: 30s\n  timeScale: 40000\n",
        ("loadgen.yaml:3: timeScale", "30s", "40,000", "1ms"),
    ),
}


@pytest.mark.parametrize(("text", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named(complaints: Complain, text: str, said: tuple[str, ...]) -> None:
    (line,) = complaints(text)
    assert says_of(line, *said), line


def test_all_mistakes_are_named_at_once_in_the_order_of_the_file_then_environment_then_flags(complaints: Complain) -> None:
    text = (
        "loadgen:\n  vmCount: many\n  packages:\n    buckets:\n    - {percent: 60, value: 0}\n    - {percent: 30}\n"
        "  reportInterval: 60\n  vmCount: 6\n"
    )
    lines = complaints(text, {"LOADGEN_SEED": "x"}, [Override("--port", "port", "0")])
    assert [line.split(": ")[:2] for line in lines] == [
        ["loadgen.yaml:2", "vmCount"],
        ["loadgen.yaml:4", "packages.buckets"],
        ["loadgen.yaml:5", "packages.buckets[0].value"],
        ["loadgen.yaml:6", "packages.buckets[1].value"],
        ["loadgen.yaml:7", "reportInterval"],
        ["loadgen.yaml:8", "vmCount"],
        ["LOADGEN_SEED", "seed"],
        ["--port", "port"],
    ]


def test_beyond_fifty_mistakes_only_their_number_is_named(complaints: Complain) -> None:
    lines = complaints(_buckets(*["percent: 1, value: 0"] * 100))
    assert len(lines) == 51
    assert lines[-1] == "... and 50 more"
