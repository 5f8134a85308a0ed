"""Loading as a whole: what loads, what wins, what is said, and that nothing but ConfigError ever comes out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vsock_loadgen.config.address import EmbeddedAddress, TcpAddress, UnixAddress, VsockAddress
from vsock_loadgen.config.load import Loaded, Override, load
from vsock_loadgen.config.model import Config
from vsock_loadgen.distributions.buckets import Buckets
from vsock_loadgen.distributions.constant import Constant
from vsock_loadgen.distributions.kind import Bucket
from vsock_loadgen.distributions.normal import Normal
from vsock_loadgen.distributions.quantiles import Quantiles
from vsock_loadgen.errors import ConfigError
from vsock_loadgen.units import MINUTE, SECOND, format_duration

Load = Callable[..., Loaded]
Complain = Callable[..., list[str]]
EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))

OLDER = """\
loadgen:
  vmCount: 20
  numPackages: 700
  reportInterval: 60s
  statsInterval: 15s
  port: 819
  metricsPort: 0
  requestTimeout: 5s
  duration: 1m30s
"""


def test_an_older_file_loads_unmodified_and_without_a_warning(load_text: Load) -> None:
    loaded = load_text(OLDER)
    assert loaded.warnings == ()
    assert loaded.config == Config(
        vm_count=20,
        packages=Constant(700),
        report_interval=Constant(60 * SECOND),
        stats_interval_ns=15 * SECOND,
        target=VsockAddress(1, 819),
        metrics_port=0,
        request_timeout_ns=5 * SECOND,
        duration_ns=90 * SECOND,
    )


def test_an_older_normal_distribution_is_told_from_its_keys_and_may_start_at_zero(load_text: Load) -> None:
    config = load_text(
        "loadgen:\n"
        "  packages: {mean: 700.5, stddev: 200, min: 0, max: 2000}\n"
        "  reportInterval: {mean: 60s, stddev: 10s, min: 0s, max: 2m}\n"
    ).config
    assert config.packages == Normal(Fraction(1401, 2), Fraction(200), Fraction(0), Fraction(2000))
    assert config.report_interval == Normal(Fraction(60 * SECOND), Fraction(10 * SECOND), Fraction(0), Fraction(2 * MINUTE))


@pytest.mark.parametrize(("name", "packages"), [("small", 514), ("avg", 700), ("large", 1500)])
def test_a_payload_size_is_a_number_of_packages(load_text: Load, name: str, packages: int) -> None:
    assert load_text(f"loadgen: {{payloadSize: {name}}}").config.packages == Constant(packages)


def test_the_number_of_repositories_is_accepted_with_a_warning(load_text: Load) -> None:
    warnings = load_text("loadgen:\n  numRepositories: 20\n").warnings
    assert [str(warning) for warning in warnings] == [
        "loadgen.yaml:2: numRepositories: has no effect: every report has complete repositories"
    ]


def test_a_specific_package_is_kept_and_an_empty_one_is_none(load_text: Load) -> None:
    assert load_text("loadgen: {specificPackage: openssl-libs}").config.specific_package == "openssl-libs"
    assert load_text("loadgen: {specificPackage: ''}").config.specific_package is None


def test_percents_are_exact(load_text: Load) -> None:
    config = load_text(
        "loadgen:\n  packages:\n    buckets:\n"
        "    - {percent: 33.33, value: 1}\n    - {percent: 33.33, value: 2}\n    - {percent: 33.34, value: 3}\n"
    ).config
    assert config.packages == Buckets(
        (Bucket(Fraction("33.33"), Constant(1)), Bucket(Fraction("33.33"), Constant(2)), Bucket(Fraction("33.34"), Constant(3)))
    )


def test_every_form_may_stand_in_a_bucket(load_text: Load) -> None:
    config = load_text(
        "loadgen:\n  packages:\n    type: percentile\n    buckets:\n"
        "    - {percent: 50, distribution: {type: quantiles, p50: 500, p99.9: 2500, min: 100, max: 3000}}\n"
        "    - percent: 50\n      distribution:\n        buckets: [{percent: 100, distribution: 7}]\n"
    ).config
    points = ((0, 100), (50, 500), (Fraction("99.9"), 2500), (100, 3000))
    quantiles = Quantiles(tuple((Fraction(at), Fraction(value)) for at, value in points))
    inner = Buckets((Bucket(Fraction(100), Constant(7)),))
    assert config.packages == Buckets((Bucket(Fraction(50), quantiles), Bucket(Fraction(50), inner)))


@pytest.mark.parametrize(
    ("written", "target"),
    [
        ("embedded", EmbeddedAddress()),
        ("unix:///run/relay.sock", UnixAddress("/run/relay.sock")),
        ("tcp://127.0.0.1:9000", TcpAddress("127.0.0.1", 9000)),
        ("vsock://2:900", VsockAddress(2, 900)),
    ],
)
def test_a_target_is_read(load_text: Load, written: str, target: object) -> None:
    assert load_text(f"loadgen: {{target: '{written}'}}").config.target == target


@pytest.mark.parametrize("written", ["", "''", "0", "0s", "null", '"0"'])
def test_a_duration_of_nothing_is_a_run_without_end(load_text: Load, written: str) -> None:
    assert load_text(f"loadgen:\n  duration: {written}\n").config.duration_ns == 0


@pytest.mark.parametrize(("written", "share"), [("5", "1/20"), ("2.5%", "1/40"), ("'10 %'", "1/10"), ("0", "0")])
def test_jitter_is_a_percentage_with_or_without_its_sign(load_text: Load, written: str, share: str) -> None:
    assert load_text(f"loadgen: {{jitter: {written}}}").config.jitter == Fraction(share)


@pytest.mark.parametrize(("written", "number"), [("0x10", 16), ("0o20", 16), ("+16", 16), ("!!int '16'", 16)])
def test_whole_numbers_may_be_written_as_the_core_schema_has_them(load_text: Load, written: str, number: int) -> None:
    assert load_text(f"loadgen: {{vmCount: {written}}}").config.vm_count == number


def test_an_empty_block_and_no_file_are_the_defaults(load_text: Load) -> None:
    defaults = Config(target=VsockAddress(1, 818))
    assert load_text("loadgen:\n  # nothing yet\n").config == defaults
    assert load(None, environment={}).config == defaults


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(load_text: Load, complaints: Complain) -> None:
    assert load_text("\ufeffloadgen:\r\n  vmCount: 7\r\n").config.vm_count == 7
    assert complaints("\ufeffloadgen:\r\n  vmCount: x\r\n")[0].startswith("loadgen.yaml:2: vmCount")


# Precedence


def test_a_flag_beats_the_environment_which_beats_the_file_which_beats_the_default(load_text: Load) -> None:
    file = "loadgen: {vmCount: 2, seed: 2, jitter: 2}"
    environment = {"LOADGEN_VM_COUNT": "3", "LOADGEN_SEED": "-3", "HOME": "/"}
    config = load_text(file, environment, [Override("--vm-count", "vmCount", "4")]).config
    assert (config.vm_count, config.seed, config.jitter, config.metrics_port) == (4, -3, Fraction(2, 100), None)


@pytest.mark.parametrize("key", ["numPackages: 600", "packages: {buckets: [{percent: 100, value: 5}]}", "payloadSize: large"])
@pytest.mark.parametrize(("flag", "path"), [("--num-packages", "numPackages"), ("--set packages", "packages")])
def test_a_flag_replaces_whatever_the_file_says_about_packages(load_text: Load, key: str, flag: str, path: str) -> None:
    loaded = load_text(f"loadgen: {{{key}}}", {}, [Override(flag, path, "700")])
    assert (loaded.config.packages, loaded.warnings) == (Constant(700), ())


def test_a_variable_replaces_a_block_of_the_file(load_text: Load) -> None:
    file = "loadgen: {packages: {buckets: [{percent: 100, value: 5}]}}"
    assert load_text(file, {"LOADGEN_NUM_PACKAGES": "9"}).config.packages == Constant(9)


def test_num_packages_wins_over_packages_over_payload_size_with_a_warning_where_they_differ(load_text: Load) -> None:
    loaded = load_text("loadgen:\n  packages: 500\n  numPackages: 600\n  payloadSize: small\n")
    assert loaded.config.packages == Constant(600)
    assert [str(warning) for warning in loaded.warnings] == [
        "loadgen.yaml:2: packages: 500 is ignored: numPackages 600 (line 3) wins",
        "loadgen.yaml:4: payloadSize: 'small' is ignored: numPackages 600 (line 3) wins",
    ]


def test_equal_doubled_keys_need_no_warning(load_text: Load) -> None:
    assert load_text("loadgen: {packages: 700, numPackages: 700, payloadSize: avg}").warnings == ()


def test_a_target_wins_over_a_port_with_a_warning_where_they_differ(load_text: Load) -> None:
    loaded = load_text("loadgen:\n  target: embedded\n  port: 818\n")
    assert loaded.config.target == EmbeddedAddress()
    assert [str(warning) for warning in loaded.warnings] == ["loadgen.yaml:3: port: 818 is ignored: target embedded wins"]
    assert load_text("loadgen: {target: 'vsock://2:818', port: 818}").warnings == ()


# Warnings


def test_an_unknown_key_warns_with_the_nearest_one_and_is_an_error_when_strict(load_text: Load, complaints: Complain) -> None:
    text = "loadgen:\n  vmCuont: 3\n  zebra: 1\nother: 2\nseed: 4\n"
    assert [str(warning) for warning in load_text(text).warnings] == [
        "loadgen.yaml:2: vmCuont: unknown key, ignored; did you mean vmCount?",
        "loadgen.yaml:3: zebra: unknown key, ignored",
        "loadgen.yaml:4: other: unknown key beside loadgen:, ignored",
        "loadgen.yaml:5: seed: unknown key beside loadgen:, ignored; it belongs below loadgen:",
    ]
    assert len(complaints(text, strict=True)) == 4


def test_what_is_ignored_is_said_beside_the_errors_too(complaints: Complain) -> None:
    assert complaints("loadgen:\n  vmCuont: 3\n  workers: 0\n") == [
        "loadgen.yaml:2: vmCuont: unknown key, ignored; did you mean vmCount?",
        "loadgen.yaml:3: workers: found 0, expected auto or a whole number from 1 to 256",
    ]


def test_a_key_at_the_top_that_begins_with_x_is_the_users_own(load_text: Load) -> None:
    text = "x-common: &common {most: &most 7}\nloadgen:\n  packages: *most\nx-vmCount: 3\n"
    loaded = load_text(text, strict=True)
    assert loaded.warnings == ()
    assert loaded.config.packages == Constant(7)


def test_an_unknown_variable_warns_and_the_one_of_the_command_line_does_not(load_text: Load) -> None:
    loaded = load_text("loadgen:\n", {"LOADGEN_SEDE": "3", "LOADGEN_CONFIG": "x.yaml", "LOADGENERATOR": "1"})
    assert [str(warning) for warning in loaded.warnings] == ["LOADGEN_SEDE: unknown variable, ignored; did you mean LOADGEN_SEED?"]


def test_a_mean_outside_of_its_ends_warns_also_inside_a_bucket(load_text: Load) -> None:
    block = "{mean: 9, stddev: 1, min: 10, max: 20}"
    loaded = load_text(f"loadgen:\n  packages:\n    buckets:\n    - {{percent: 100, distribution: {block}}}\n")
    assert [str(warning) for warning in loaded.warnings] == [
        "loadgen.yaml:4: packages.buckets[0].distribution: the mean is not between min and max (mean 9, min 10, max 20): "
        "most VMs get one of the ends"
    ]


# Properties

_packages = st.integers(1, 100_000)
_intervals_ns = st.integers(10**6, 10**15)
_half_packages = st.integers(2, 200_000).map(lambda half: Fraction(half, 2))
_long_intervals_ns = st.integers(10**9, 10**15).map(Fraction)


def _text(value: Fraction | int, *, is_interval: bool) -> object:
    if is_interval:
        return format_duration(int(value))
    return int(value) if value == int(value) else float(value)


@st.composite
def _blocks(draw: st.DrawFn, *, is_interval: bool, depth: int = 0) -> object:
    scalars = _intervals_ns if is_interval else _packages
    figures = _long_intervals_ns if is_interval else _half_packages
    form = draw(st.sampled_from(["scalar", "normal", "quantiles", "percentile"][: 4 if depth < 2 else 3]))
    if form == "scalar":
        return _text(draw(scalars), is_interval=is_interval)
    if form == "normal":
        low, mean, high = sorted(draw(st.lists(figures, min_size=3, max_size=3)))
        values = zip(("mean", "stddev", "min", "max"), (mean, draw(figures), low, high), strict=True)
        return {name: _text(value, is_interval=is_interval) for name, value in values}
    if form == "quantiles":
        names = draw(st.lists(st.integers(1, 999).map(lambda tenths: tenths / 10), min_size=1, max_size=4, unique=True))
        points = sorted(draw(st.lists(figures, min_size=len(names) + 2, max_size=len(names) + 2)))
        keys = ["min", *(f"p{name:g}" for name in sorted(names)), "max"]
        return {key: _text(value, is_interval=is_interval) for key, value in zip(keys, points, strict=True)}
    cuts = sorted(draw(st.sets(st.integers(1, 9_999), max_size=4)) | {0, 10_000})
    buckets: list[dict[str, object]] = []
    for low_cut, high_cut in pairwise(cuts):
        bucket: dict[str, object] = {"percent": (high_cut - low_cut) / 100}
        if draw(st.booleans()):
            bucket["value"] = _text(draw(scalars), is_interval=is_interval)
        else:
            bucket["distribution"] = draw(_blocks(is_interval=is_interval, depth=depth + 1))
        buckets.append(bucket)
    return {"buckets": buckets}


_configs = st.fixed_dictionaries(
    {},
    optional={
        "vmCount": _packages,
        "packages": _blocks(is_interval=False),
        "reportInterval": _blocks(is_interval=True),
        "jitter": st.integers(0, 9_999).map(lambda hundredths: hundredths / 100),
        "seed": st.integers(-(2**63), 2**63 - 1),
        "reportFormat": st.sampled_from(["indexReport", "vmReport"]),
        "target": st.sampled_from(["embedded", "unix:///a", "tcp://[::1]:1", "vsock://3:4"]),
        "requestTimeout": st.integers(10**6, 10**12).map(format_duration),
        "duration": st.one_of(st.none(), st.just(0), st.integers(10**6, 10**12).map(format_duration)),
        "specificPackage": st.sampled_from([None, "", "bash", "700", "a: b # c"]),
    },
)


@given(written=_configs)
@settings(deadline=None, max_examples=60)
def test_any_valid_config_loads_and_comes_back_the_same_from_its_effective_form(
    written: dict[str, object], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("config") / "loadgen.yaml"
    path.write_text(json.dumps({"loadgen": written}))  # JSON is YAML
    first = load(path, environment={}, strict=True)
    assert first.warnings == ()
    path.write_text(json.dumps({"loadgen": first.config.effective}))
    again = load(path, environment={}, strict=True)
    assert again.config == first.config
    assert again.config.effective == first.config.effective


def _messages(path: Path, environment: Mapping[str, str] = MappingProxyType({}), overrides: Sequence[Override] = ()) -> list[str]:
    """What is wrong with a file, if anything. Any exception but ConfigError gets through."""
    try:
        load(path, environment=environment, overrides=overrides)
    except ConfigError as error:
        return [problem.message for problem in error.problems]
    return []


_FRAGMENTS = (
    *("loadgen:", "\n", "  ", "packages:", "buckets:", "- ", "{", "}", "[", "]", ",", "percent: 5", "value: ", "&a ", "*a"),
    *("!!str ", "!", "%YAML 1.1\n", "---", "...", "'", '"', "|", ">", "? ", ": ", "<<", "\t", "#", "0x", "1e5", "~", "true"),
    *(".inf", "9" * 50, "\\", "\u2028", "\x85", "\r", "\ufeff", "p50: 3", "min: 1", "max: 9", "distribution: ", "\x00", "@"),
    *("mean: 3", "vmCount: ", "type: normal", "vmCount: 3\n"),
)
_texts = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(_FRAGMENTS), max_size=25).map("".join),
    st.lists(st.sampled_from(_FRAGMENTS), max_size=25).map(lambda parts: "loadgen:\n  " + "".join(parts)),
)


@given(text=_texts)
@settings(max_examples=300)
def test_any_text_loads_or_is_a_config_error(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(text.encode(errors="surrogatepass"))
    messages = _messages(path, {"LOADGEN_TARGET": text}, [Override("--set", text, text)])
    assert all(messages)


_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just("5s")),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["buckets", "percent", "value", "distribution", "mean", "min", "max", "stddev", "p50", "type"]),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=12,
)


@given(written=st.dictionaries(st.sampled_from(["packages", "reportInterval", "jitter", "target", "x"]), _values))
@settings(max_examples=200)
def test_any_structure_below_a_key_loads_or_is_a_config_error(
    written: dict[str, object], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "structure.yaml"
    path.write_text(json.dumps({"loadgen": written}))
    assert all(message and "form:" not in message for message in _messages(path))


def test_examples_exist() -> None:
    assert {"fleet-200.yaml", "uniform.yaml"} <= {path.name for path in EXAMPLES}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_example_loads_strictly_and_without_a_warning(path: Path) -> None:
    assert load(path, environment={}, strict=True).warnings == ()


def test_the_example_fleet_is_that_of_the_documentation() -> None:
    config = load(next(path for path in EXAMPLES if path.name == "fleet-200.yaml"), environment={}).config
    packages = zip((70, 20, 8, 2), (500, 1000, 1500, 2000), strict=True)
    intervals = zip((50, 30, 20), (30, 60, 300), strict=True)
    assert config.vm_count == 200
    assert config.packages == Buckets(tuple(Bucket(Fraction(percent), Constant(value)) for percent, value in packages))
    assert config.report_interval == Buckets(
        tuple(Bucket(Fraction(percent), Constant(seconds * SECOND)) for percent, seconds in intervals)
    )
