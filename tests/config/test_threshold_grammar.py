"""What a threshold may look like, and that a wrong one is answered with what is right."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from said import says
from vsock_loadgen.config.load import Loaded, Override
from vsock_loadgen.config.schema import json_schema
from vsock_loadgen.config.thresholds import names, parse_threshold
from vsock_loadgen.distributions.quantiles import Quantiles
from vsock_loadgen.measures.figures import METRICS
from vsock_loadgen.percentiles import percentile_of

Load = Callable[..., Loaded]
Complain = Callable[..., list[str]]


@pytest.mark.parametrize(
    ("text", "expression", "limit"),
    [
        ("response_time.p99 < 500ms", "response_time.p99 < 500ms", "0.5"),
        ("response_time.p99<500ms", "response_time.p99 < 500ms", "0.5"),
        ("  lag.p99.9   <=  1m30s ", "lag.p999 <= 1m30s", "90"),
        ("response_time.p90 < 1s", "response_time.p90 < 1s", "1"),
        ("lag.p05.50 < 1s", "lag.p5.5 < 1s", "1"),
        ("packages.2000.lag.p99.9 < 1s", "packages.2000.lag.p999 < 1s", "1"),
        ("phase.p9.5.lag.p99.99 < 1s", "phase.p9.5.lag.p99.99 < 1s", "1"),
        ("service_time.max < 0.1s", "service_time.max < 0.1s", "0.1"),
        ("failed_percent < 0.1", "failed_percent < 0.1", "0.1"),
        ("failed_percent <= 0", "failed_percent <= 0", "0"),
        ("delivered_percent >= 99.9%", "delivered_percent >= 99.9%", "99.9"),
        ("reports_per_second > 4", "reports_per_second > 4", "4"),
    ],
)
def test_a_threshold_is_read_with_its_unit(text: str, expression: str, limit: str) -> None:
    threshold = parse_threshold(text)
    assert (str(threshold), threshold.limit) == (expression, Fraction(limit))
    assert parse_threshold(str(threshold)) == threshold


FORM = ("<=", ">=", "response_time.p99 < 500ms")
MISTAKES = {
    "": FORM,
    "lag.p99": FORM,
    "lag.p99 <": FORM,
    "< 5ms": FORM,
    "lag.p99 < 5ms < 6ms": FORM,
    "lag.p99 < 5ms\n": FORM,
    "lag.p99 < " + "9" * 200: FORM,
    "lag.p99 == 5ms": ("==", "<=", ">="),
    "lag.p99 != 5ms": ("!=", "<=", ">="),
    "lag.p99 < 5": ("5", "unit", "500ms"),
    "lag.p99 < 5mm": ("5mm", "'mm'", "500ms"),
    "lag.p99 < -5ms": ("-5ms", "500ms"),
    "failed_percent < 5s": ("5s", "0", "100", "percent"),
    "failed_percent <= 100.1": ("100.1", "0", "100", "percent"),
    "failed_percent < nan": ("nan", "0", "100", "percent"),
    "reports_per_second > 4/s": ("4/s", "number"),
    "reports_per_second > -4": ("-4", "number"),
    "failed_percent < 0": ("limit",),
    "lag.max < 0s": ("limit",),
    "delivered_percent > 100": ("limit",),
    "lag.p100 < 5ms": ("lag.p100", names()),
    "lag.p0 < 5ms": ("lag.p0", names()),
    "lag.p9999 < 5ms": ("lag.p9999", names()),
    "packages.9.p90 < 5ms": ("packages.9.p90", "packages.ID.", names()),
    "packages.lag.p90 < 5ms": ("packages.lag.p90", "packages.ID.", names()),
    "errors < 5": ("errors", names()),
    "respons_time.p99 < 5ms": ("respons_time.p99", "response_time.p99", names()),
    "respons_time.p90 < 5ms": ("respons_time.p90", "response_time.p90", names()),
    "Failed_Percent < 5": ("Failed_Percent", "failed_percent", names()),
}


@pytest.mark.parametrize(("text", "said"), MISTAKES.items())
def test_a_mistake_is_answered_with_what_is_right(text: str, said: tuple[str, ...]) -> None:
    with pytest.raises(ValueError) as raised:
        parse_threshold(text)
    assert says(str(raised.value), *said), raised.value


def test_the_list_of_right_names_leads_to_every_figure() -> None:
    assert names() == (
        "response_time, service_time or lag with .max, .mean or a percentile such as .p90 or .p99.9, or delivered_percent, "
        "failed_percent, skipped_percent, unfinished_percent or reports_per_second"
    )
    assert len(METRICS) == 3 * 6 + 5


PERCENTILES = st.builds(
    lambda whole, point: f"p{whole}{point}", st.integers(0, 99), st.from_regex(r"(\.[0-9]{1,9})?", fullmatch=True)
)


@given(
    st.sampled_from(["response_time", "service_time", "lag"]), PERCENTILES, st.sampled_from(["", "packages.largest.", "phase.a.b."])
)
def test_every_percentile_that_quantiles_of_the_config_may_have_is_a_figure(clock: str, name: str, scope: str) -> None:
    text = f"{scope}{clock}.{name} < 1s"
    if not Quantiles.has(name):
        assert Fraction(name[1:]) == 0
        with pytest.raises(ValueError, match="is not known"):
            parse_threshold(text)
        return
    threshold = parse_threshold(text)
    assert parse_threshold(str(threshold)) == threshold
    assert percentile_of(threshold.metric.name.removeprefix(f"{clock}.")) == Fraction(name[1:])


@given(st.text(max_size=40))
def test_any_text_is_a_threshold_or_answered_in_one_printable_line(text: str) -> None:
    try:
        said = str(parse_threshold(text))
    except ValueError as error:
        said = str(error)
    assert said.isprintable()


def test_every_wrong_threshold_of_a_list_is_named_with_its_line(complaints: Complain) -> None:
    lines = complaints("loadgen:\n  thresholds:\n    - lag.p99 < 5\n    - failed_percent < 1\n    - 7\n    - {a: b}\n")
    assert [line.split(": ")[:2] for line in lines] == [
        ["loadgen.yaml:3", "thresholds[0]"],
        ["loadgen.yaml:5", "thresholds[2]"],
        ["loadgen.yaml:6", "thresholds[3]"],
    ]
    assert lines[1].endswith("found 7, expected a threshold such as response_time.p99 < 500ms")


def test_a_threshold_that_is_no_list_is_a_mistake(complaints: Complain) -> None:
    assert complaints("loadgen: {thresholds: lag.p99 < 5ms}") == [
        "loadgen.yaml:1: thresholds: found 'lag.p99 < 5ms', expected a list of thresholds, such as [response_time.p99 < 500ms]"
    ]


def test_abort_on_fail_is_a_boolean_and_not_a_word(complaints: Complain) -> None:
    assert complaints("loadgen: {abortOnFail: yes}") == ["loadgen.yaml:1: abortOnFail: found 'yes', expected true or false"]


def test_the_effective_config_shows_them_as_they_can_be_read_again(load_text: Load) -> None:
    config = load_text("loadgen: {thresholds: [lag.p99<5ms, failed_percent < 1%], abortOnFail: true, abortGrace: 5s}").config
    assert config.effective["thresholds"] == ["lag.p99 < 5ms", "failed_percent < 1%"]
    assert (config.effective["abortOnFail"], config.effective["abortGrace"]) == (True, "5s")
    Draft202012Validator(json_schema()).validate({"loadgen": dict(config.effective)})


def test_a_path_reaches_a_single_threshold(load_text: Load) -> None:
    override = Override("--set", "thresholds[1]", "failed_percent < 3")
    config = load_text("loadgen: {thresholds: [lag.p99 < 5ms, failed_percent < 1]}", overrides=[override]).config
    assert list(map(str, config.thresholds)) == ["lag.p99 < 5ms", "failed_percent < 3"]


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("{abortOnFail: true}", "has no effect without thresholds"),
        (
            "{abortOnFail: true, thresholds: [lag.p99 < 1s], duration: 30s}",
            "has no effect: the run ends after 30s, and abortGrace is 30s",
        ),
        ("{abortOnFail: true, thresholds: [lag.p99 < 1s], duration: 31s}", None),
        ("{abortOnFail: true, thresholds: [lag.p99 < 1s]}", None),
        ("{abortOnFail: false}", None),
    ],
)
def test_an_abort_that_cannot_come_is_warned_about(load_text: Load, text: str, warning: str | None) -> None:
    found = [str(each) for each in load_text(f"loadgen: {text}").warnings]
    assert found == ([f"loadgen.yaml:1: abortOnFail: {warning}"] if warning else [])
