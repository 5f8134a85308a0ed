"""File, environment and flags: where values come from, and what happens where they cannot."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from unprivileged import as_nobody
from vsock_loadgen.config.load import Loaded, Override, load
from vsock_loadgen.config.schema import scalar_keys
from vsock_loadgen.distributions.buckets import Buckets
from vsock_loadgen.distributions.constant import Constant
from vsock_loadgen.distributions.kind import Bucket
from vsock_loadgen.errors import ConfigError

Load = Callable[..., Loaded]
Complain = Callable[..., list[str]]
BUCKETS = "loadgen:\n  packages:\n    buckets:\n    - {percent: 60, value: 5}\n    - {percent: 40, value: 6}\n"


def _set(path: str, text: str) -> Override:
    return Override(f"--set {path}", path, text)


def _problem(path: Path) -> str:
    with pytest.raises(ConfigError) as raised:
        load(path, environment={})
    return str(raised.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert _problem(tmp_path / "no.yaml") == f"{tmp_path / 'no.yaml'}: no such file, expected a config file"


def test_a_directory_is_named(tmp_path: Path) -> None:
    assert _problem(tmp_path) == f"{tmp_path}: is a directory, expected a config file"


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "secret.yaml"
    path.touch(mode=0)
    with as_nobody():
        assert _problem(path) == f"{path}: cannot be read: Permission denied"


def test_a_path_through_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert _problem(tmp_path / "file" / "x").endswith("x: cannot be read: Not a directory")


def test_a_path_that_no_file_can_have_is_named() -> None:
    assert _problem(Path("a\0b")).endswith(": cannot be read: embedded null byte")


def test_a_flag_may_set_a_part_of_a_block(load_text: Load) -> None:
    overrides = [_set("packages.buckets[0].percent", "70"), _set("packages.buckets[1].percent", "30")]
    assert load_text(BUCKETS, {}, overrides).config.packages == Buckets(
        (Bucket(Fraction(70), Constant(5)), Bucket(Fraction(30), Constant(6)))
    )


def test_flags_may_build_a_block_from_nothing(load_text: Load) -> None:
    overrides = [
        _set("packages.buckets[0].percent", "100"),
        _set("packages.buckets[0].distribution", "{p50: 5, min: 1, max: 9}"),
        _set("packages.buckets[0].distribution.p99.9", "8.5"),
    ]
    packages = load_text("loadgen:\n", {}, overrides).config.packages
    assert isinstance(packages, Buckets)
    assert "p99.9" in str(load_text("loadgen:\n", {}, overrides).config.effective)


def test_the_last_of_equal_flags_wins(load_text: Load) -> None:
    assert load_text("loadgen:\n", {}, [_set("vmCount", "3"), _set("vmCount", "4")]).config.vm_count == 4


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        ("vmCount", "x", "vmCount: found 'x', expected a whole number from 1 to 1,000,000"),
        ("vmcount", "3", "vmcount: unknown key; did you mean vmCount?"),
        (
            "packages.buckets[5].value",
            "3",
            "packages.buckets[5].value: packages.buckets has 2 entries, expected one of these or the next",
        ),
        ("packages.buckets.value", "3", "packages.buckets.value: packages.buckets is a list, expected a block of keys there"),
        ("packages[0]", "3", "packages[0]: packages is a block, expected a list there"),
        ("packages..x", "3", "found the path 'packages..x', expected one like packages.buckets[0].percent"),
        ("", "3", "found the path '', expected one like packages.buckets[0].percent"),
        ("vmCount", "[3", "vmCount: not valid YAML: while parsing a flow sequence: expected ',' or ']', but got '<stream end>'"),
    ],
)
def test_a_flag_that_cannot_be_used_is_named(complaints: Complain, path: str, text: str, message: str) -> None:
    assert complaints(BUCKETS, {}, [_set(path, text)]) == [f"--set {path}: {message}"]


def test_a_variable_that_cannot_be_used_is_named(complaints: Complain) -> None:
    assert complaints("loadgen:\n", {"LOADGEN_VM_COUNT": "0", "LOADGEN_JITTER": "~"}) == [
        "LOADGEN_VM_COUNT: vmCount: found 0, expected a whole number from 1 to 1,000,000",
        "LOADGEN_JITTER: jitter: found ~ (no value), expected a percentage from 0 to below 100, such as 5 or 5%",
    ]


def test_an_empty_variable_is_an_unset_one_whichever_it_is(load_text: Load) -> None:
    text = "loadgen:\n  vmCount: 3\n  duration: 5s\n  metricsAddress: '::1'\n"
    empty = {key.environment: "" for key in scalar_keys()} | {"LOADGEN_CONFIG": "", "LOADGEN_DURATOIN": ""}
    assert load_text(text, empty) == load_text(text, {})


@pytest.mark.parametrize(("text", "value"), [("::", "::"), ("a: b", "a: b"), ("700", "700"), ("'::1'", "::1"), ("", None)])
def test_a_key_that_takes_a_text_takes_it_as_it_is_from_a_variable(load_text: Load, text: str, value: str | None) -> None:
    assert load_text("loadgen:\n", {"LOADGEN_METRICS_ADDRESS": text}).config.metrics_address == value


def test_every_scalar_key_has_a_variable_and_a_flag_that_take_its_default() -> None:
    for key in scalar_keys():
        if not key.as_written:
            continue
        by_variable = load(None, environment={key.environment: key.as_written}).config
        by_flag = load(None, environment={}, overrides=[Override(key.flag, key.name, key.as_written)]).config
        assert by_variable == by_flag == load(None, environment={}).config


def test_the_flags_of_the_older_tool_are_there() -> None:
    older = "vm-count num-packages report-interval port metrics-port stats-interval request-timeout duration"
    assert {f"--{name}" for name in older.split()} <= {key.flag for key in scalar_keys()}
    assert load(None, environment={"LOADGEN_NUM_PACKAGES": "9"}).config.packages == Constant(9)
