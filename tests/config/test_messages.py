"""Every mistake in a file is named with its line, its key, what was found and what was expected; all of them at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from vsock_loadgen.config.load import Override

Complain = Callable[..., list[str]]

PACKAGES = "a whole number from 1 to 100,000 (or a block, for different VMs)"
PERCENT = "a percentage above 0 and at most 100, such as 5 or 5%"
INTERVAL = "a duration from 1ms to 8760h, such as 1m30s"


def _buckets(*buckets: str) -> str:
    return "loadgen:\n  packages:\n    buckets:\n" + "".join(f"    - {{{bucket}}}\n" for bucket in buckets)


MISTAKES = {
    "percents that add up to 98": (
        _buckets("percent: 70, value: 5", "percent: 28, value: 6"),
        "loadgen.yaml:3: packages.buckets: percents add up to 98, expected 100",
    ),
    "three times 33.3 is not 100": (
        _buckets("percent: 33.3, value: 5", "percent: 33.3, value: 6", "percent: 33.3, value: 7"),
        "loadgen.yaml:3: packages.buckets: percents add up to 99.9, expected 100",
    ),
    "100.0001 is not 100": (
        _buckets("percent: 70.0001, value: 5", "percent: 30, value: 6"),
        "loadgen.yaml:3: packages.buckets: percents add up to 100.0001, expected 100",
    ),
    "one percent above 100": (
        _buckets("percent: 100.0001, value: 5"),
        f"loadgen.yaml:4: packages.buckets[0].percent: found 100.0001, expected {PERCENT}",
    ),
    "a percent of zero": (
        _buckets("percent: 100, value: 5", "percent: 0, value: 6"),
        f"loadgen.yaml:5: packages.buckets[1].percent: found 0, expected {PERCENT}",
    ),
    "a negative percent": (
        _buckets("percent: 95, value: 5", "percent: -5, value: 6"),
        f"loadgen.yaml:5: packages.buckets[1].percent: found -5, expected {PERCENT}",
    ),
    "a percent as a text": (
        _buckets("percent: '100', value: 5"),
        f"loadgen.yaml:4: packages.buckets[0].percent: found '100' (a text), expected {PERCENT}",
    ),
    "percents of a nested distribution that do not add up": (
        _buckets("percent: 100, distribution: {buckets: [{percent: 99, value: 1}]}"),
        "loadgen.yaml:4: packages.buckets[0].distribution.buckets: percents add up to 99, expected 100",
    ),
    "a value of zero": (
        _buckets("percent: 100, value: 0"),
        "loadgen.yaml:4: packages.buckets[0].value: found 0, expected a whole number from 1 to 100,000",
    ),
    "a negative interval": (
        "loadgen:\n  reportInterval:\n    buckets: [{percent: 100, value: -5s}]\n",
        f"loadgen.yaml:3: reportInterval.buckets[0].value: found '-5s', expected {INTERVAL}",
    ),
    "an empty list of buckets": (
        "loadgen:\n  packages:\n    buckets: []\n",
        "loadgen.yaml:3: packages.buckets: the list is empty, expected at least one bucket",
    ),
    "buckets that are no list": (
        "loadgen:\n  packages:\n    buckets: 5\n",
        "loadgen.yaml:3: packages.buckets: found 5, expected a list of buckets",
    ),
    "a bucket that is no block": (
        _buckets("percent: 100, value: 1").replace("{percent: 100, value: 1}", "100"),
        "loadgen.yaml:4: packages.buckets[0]: found 100, expected a block of keys",
    ),
    "a bucket without a value": (
        _buckets("percent: 100"),
        "loadgen.yaml:4: packages.buckets[0].value: missing; expected a value or a distribution",
    ),
    "a bucket without a percent": (
        _buckets("value: 100"),
        "loadgen.yaml:4: packages.buckets[0].percent: missing; expected its share of the VMs",
    ),
    "a bucket with a value and a distribution": (
        _buckets("percent: 100, value: 5, distribution: 5"),
        "loadgen.yaml:4: packages.buckets[0]: the bucket has both value and distribution, expected one of them",
    ),
    "a misspelt key in a bucket": (
        _buckets("percent: 100, value: 5, vlaue: 6"),
        "loadgen.yaml:4: packages.buckets[0].vlaue: unknown key; did you mean value?",
    ),
    "a duration without a unit": (
        "loadgen:\n  reportInterval: 60\n",
        f"loadgen.yaml:2: reportInterval: found 60, which has no unit; expected {INTERVAL} (or a block, for different VMs)",
    ),
    "a duration without a unit, as a text": (
        "loadgen:\n  requestTimeout: '60'\n",
        f"loadgen.yaml:2: requestTimeout: found '60' (a text), which has no unit; expected {INTERVAL}",
    ),
    "a duration with a unit that Go does not know": (
        "loadgen:\n  requestTimeout: 1d\n",
        f"loadgen.yaml:2: requestTimeout: found '1d', which has an unknown unit 'd'; expected {INTERVAL}",
    ),
    "statistics more often than once a second": (
        "loadgen:\n  statsInterval: 999ms\n",
        "loadgen.yaml:2: statsInterval: found '999ms', expected a duration from 1s to 8760h, such as 1m30s",
    ),
    "a boolean where a number belongs": (
        "loadgen:\n  vmCount: true\n",
        "loadgen.yaml:2: vmCount: found true (a boolean), expected a whole number from 1 to 1,000,000",
    ),
    "a text where a number belongs": (
        "loadgen:\n  packages: seven hundred\n",
        f"loadgen.yaml:2: packages: found 'seven hundred', expected {PACKAGES}",
    ),
    "no value where a number belongs": (
        "loadgen:\n  vmCount:\n",
        "loadgen.yaml:2: vmCount: found no value, expected a whole number from 1 to 1,000,000",
    ),
    "a list where a number belongs": (
        "loadgen:\n  packages: [1, 2]\n",
        f"loadgen.yaml:2: packages: found a list, expected {PACKAGES}",
    ),
    "a number with decimals where a whole one belongs": (
        "loadgen:\n  vmCount: 50.0\n",
        "loadgen.yaml:2: vmCount: found 50.0, expected a whole number from 1 to 1,000,000",
    ),
    "a number set apart with underscores": (
        "loadgen:\n  vmCount: 1_000\n",
        "loadgen.yaml:2: vmCount: found '1_000', expected a whole number from 1 to 1,000,000",
    ),
    "a number that may be octal": (
        "loadgen:\n  vmCount: 010\n",
        "loadgen.yaml:2: vmCount: found 010 (a leading zero, which some readers take for octal), "
        "expected a whole number from 1 to 1,000,000",
    ),
    "no number": (
        "loadgen:\n  jitter: .nan\n",
        "loadgen.yaml:2: jitter: found .nan (not a finite number), expected a percentage from 0 to below 100, such as 5 or 5%",
    ),
    "a number with a gigantic exponent": (
        "loadgen:\n  timeScale: 1e999999999\n",
        "loadgen.yaml:2: timeScale: found 1e999999999 (too large or too small a number), expected a number from 0.01 to 1,000,000",
    ),
    "a number of ten thousand digits": (
        f"loadgen:\n  seed: {'9' * 10_000}\n",
        f"loadgen.yaml:2: seed: found {'9' * 37}... (a number of 10,000 characters), "
        "expected a whole number from -9,223,372,036,854,775,808 to 9,223,372,036,854,775,807",
    ),
    "too many VMs": (
        "loadgen:\n  vmCount: 1000001\n",
        "loadgen.yaml:2: vmCount: found 1000001, expected a whole number from 1 to 1,000,000",
    ),
    "all of the interval as jitter": (
        "loadgen:\n  jitter: 100%\n",
        "loadgen.yaml:2: jitter: found '100%', expected a percentage from 0 to below 100, such as 5 or 5%",
    ),
    "a number where a text belongs": (
        "loadgen:\n  specificPackage: 700\n",
        "loadgen.yaml:2: specificPackage: found 700, expected the name of a package: a printable text of at most 256 characters",
    ),
    "a word that is no choice": (
        "loadgen:\n  reportFormat: vmreport\n",
        "loadgen.yaml:2: reportFormat: found 'vmreport', expected indexReport or vmReport",
    ),
    "a target without a scheme": (
        "loadgen:\n  target: localhost:818\n",
        "loadgen.yaml:2: target: found 'localhost:818': expected embedded, unix:///PATH, tcp://HOST:PORT or vsock://CID:PORT",
    ),
    "a target with the CID for listening": (
        "loadgen:\n  target: vsock://any:818\n",
        "loadgen.yaml:2: target: found 'vsock://any:818': the CID any is for listening, expected the CID to connect to",
    ),
    "a long value is shortened": (
        f"loadgen:\n  delivery: {'x' * 1000}\n",
        f"loadgen.yaml:2: delivery: found '{'x' * 37}...', expected confirmed or written",
    ),
    "a duplicate key": (
        "loadgen:\n  vmCount: 5\n  seed: 1\n  vmCount: 6\n",
        "loadgen.yaml:4: vmCount: given twice, first on line 2; expected once",
    ),
    "a duplicate key in a bucket": (
        _buckets("percent: 100, value: 5, value: 5"),
        "loadgen.yaml:4: packages.buckets[0].value: given twice, first on line 4; expected once",
    ),
    "numPackages beside a block": (
        "loadgen:\n  numPackages: 700\n  packages: {buckets: [{percent: 100, value: 5}]}\n",
        "loadgen.yaml:2: numPackages: stands beside a block of packages (line 3), expected only one of them",
    ),
    "payloadSize beside a normal distribution": (
        "loadgen:\n  packages: {mean: 5, stddev: 1, min: 0, max: 9}\n  payloadSize: small\n",
        "loadgen.yaml:3: payloadSize: stands beside a block of packages (line 2), expected only one of them",
    ),
    "a normal distribution whose ends are swapped": (
        "loadgen:\n  packages: {mean: 5, stddev: 1, min: 9, max: 2}\n",
        "loadgen.yaml:2: packages: min is above max, expected min to be at most max",
    ),
    "a negative standard deviation": (
        "loadgen:\n  packages: {mean: 5, stddev: -1, min: 0, max: 9}\n",
        "loadgen.yaml:2: packages.stddev: found -1, expected a number from 0 to 100,000",
    ),
    "a type that is not the block's": (
        "loadgen:\n  packages: {type: normal, buckets: [{percent: 100, value: 1}]}\n",
        "loadgen.yaml:2: packages.type: found 'normal', expected percentile",
    ),
    "a type beside quantiles of another form": (
        "loadgen:\n  packages: {type: normal, p50: 5, min: 1, max: 9}\n",
        "loadgen.yaml:2: packages: type is 'normal' beside quantiles such as p50, expected quantiles",
    ),
    "quantiles without their ends": (
        "loadgen:\n  packages: {p50: 5}\n",
        "loadgen.yaml:2: packages: min and max missing, expected min, max and at least one like p50",
    ),
    "ends without a quantile": (
        "loadgen:\n  packages: {type: quantiles, min: 1, max: 5}\n",
        "loadgen.yaml:2: packages: a quantile missing, expected min, max and at least one like p50",
    ),
    "quantiles that fall": (
        "loadgen:\n  packages: {min: 1, p50: 9, p99.9: 7, max: 10}\n",
        "loadgen.yaml:2: packages: p50 is above p99.9, expected values that do not fall from min to max",
    ),
    "one quantile under two names": (
        "loadgen:\n  packages: {min: 1, p5: 2, p05: 2, max: 10}\n",
        "loadgen.yaml:2: packages: a quantile is given twice, as in p5 and p05; expected once",
    ),
    "a quantile beyond the ends": (
        "loadgen:\n  packages: {min: 1, p50: 2, p100: 3, max: 10}\n",
        "loadgen.yaml:2: packages.p100: unknown key, expected min, max or a quantile such as p50 or p99.9",
    ),
    "a sampled interval below a second": (
        "loadgen:\n  reportInterval: {min: 500ms, p50: 2s, max: 3s}\n",
        "loadgen.yaml:2: reportInterval.min: found '500ms', expected a duration from 1s to 8760h, such as 1m30s",
    ),
    "a block of no known form": (
        "loadgen:\n  packages: {bucktes: []}\n",
        "loadgen.yaml:2: packages: the block has no known form, expected buckets (percentile), mean and stddev (normal), "
        "min, max and quantiles such as p50 (quantiles), median and sigma (lognormal), or min and max (uniform); "
        "did you mean buckets?",
    ),
    "a node beyond the node count": (
        "loadgen:\n  nodeIndex: 3\n  nodeCount: 3\n",
        "loadgen.yaml:2: nodeIndex: found 3, expected less than nodeCount, 3",
    ),
    "a node without a node count": (
        "loadgen:\n  nodeIndex: 3\n",
        "loadgen.yaml:2: nodeIndex: found 3, expected nodeCount as well",
    ),
    "a negative node": (
        "loadgen:\n  nodeIndex: -1\n",
        "loadgen.yaml:2: nodeIndex: found -1, expected auto or a whole number from 0 to 9,999",
    ),
    "an unknown end": (
        "loadgen:\n  afterRun: sleep\n",
        "loadgen.yaml:2: afterRun: found 'sleep', expected exit or wait",
    ),
    "a time scale that leaves less than a millisecond": (
        "loadgen:\n  reportInterval: 30s\n  timeScale: 40000\n",
        "loadgen.yaml:3: timeScale: the shortest interval is 30s / 40,000, expected at least 1ms",
    ),
}


@pytest.mark.parametrize(("text", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named(complaints: Complain, text: str, message: str) -> None:
    assert complaints(text) == [message]


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
