"""Reading YAML: plain values with their lines, within bounds that hold while reading."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from said import says_of
from vsock_loadgen.config.places import Rank, Source
from vsock_loadgen.config.tree import UnreadableError
from vsock_loadgen.config.yaml_text import read_yaml
from vsock_loadgen.grammar.scalars import OddNumber, resolve

Complain = Callable[..., list[str]]
SOURCE = Source("a.yaml", Rank.FILE)

UNREADABLE: dict[str, tuple[str | bytes, tuple[str, ...]]] = {
    "an empty file": ("", ("", "empty")),
    "a file of comments": ("# nothing\n", ("", "empty")),
    "a list at the top": ("- vmCount: 3\n", (":1", "a list")),
    "a text at the top": ("vmCount\n", (":1", "'vmCount'")),
    "keys without their root": ("\nvmCount: 3\nseed: 5\n", (":2", "missing", "vmCount", "seed")),
    "a misspelt root": ("lodagen: {}\n", (":1", "missing", "lodagen")),
    "a root that is no block": ("loadgen: 5\n", (":1", "5", "a block")),
    "a bracket left open": ("loadgen:\n  packages: [1,\n", (":2", "not valid YAML", "'<stream end>'")),
    "a colon too many": ("loadgen:\n  a: b: c\n", (":2", "not valid YAML")),
    "a tab as indentation": ("loadgen:\n\tvmCount: 3\n", (":2", "a tab")),
    "a bracket that is left open": (
        "loadgen:\n  packages: {buckets: [\n  target: embedded\n",
        (":3", "not valid YAML", "line 2", "'<stream end>'"),
    ),
    "a control character": ("loadgen:\n  a: \x07\n", (":2", "not valid YAML", "U+0007")),
    "two documents": ("loadgen: {}\n---\nloadgen: {}\n", (":2", "document")),
    "an alias without an anchor": ("loadgen:\n  vmCount: *a\n", (":2", "*a", "&a")),
    "an alias inside of itself": ("loadgen: &a\n  packages: *a\n", (":2", "*a")),
    "a tag of a programming language": (
        "loadgen: !!python/object:os.system {}\n",
        (":1", "tag:yaml.org,2002:python/object:os.sy..."),
    ),
    "a merge key": ("loadgen:\n  <<: {vmCount: 5}\n", (":2", "merge keys", "1.2")),
    "a list as a key": ("loadgen:\n  [a, b]: 5\n", (":2", "a list")),
    "deep nesting": ("loadgen: " + "[" * 1000, (":1", "nested", "32")),
    "too many values": ("loadgen:\n  a:\n" + "  - 1\n" * 10_000, (":9998", "10,000")),
    "a version that YAML does not have": ("%YAML 1.9\n---\nloadgen: {}\n", ("", "not valid YAML")),
    "a character beyond Unicode": ('loadgen: "\\UFFFFFFFF"\n', ("", "not valid YAML")),
    "a gigantic line": ("a" * 70_000, (":1", "70,000", "65,536")),
    "a gigantic file": ("# comment\n" * 110_000, ("", "1,048,576")),
    "bytes that are not UTF-8": (b"loadgen:\n  specificPackage: \xe9\n", (":2", "0xE9", "UTF-8")),
    "UTF-16": ("loadgen: {}".encode("utf-16-le"), (":1", "not valid YAML", "U+0000")),
}


@pytest.mark.parametrize(("text", "said"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_one_clear_error(complaints: Complain, text: str | bytes, said: tuple[str, ...]) -> None:
    (message,) = complaints(text)
    line, *values = said
    assert says_of(message, f"loadgen.yaml{line}", *values), message


def test_aliases_that_would_explode_are_one_error(complaints: Complain) -> None:
    levels = ["  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"]
    levels += [f"  a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 20)]
    (message,) = complaints("loadgen:\n" + "".join(levels))
    assert says_of(message, "loadgen.yaml:5", "10,000")


def test_aliases_that_nest_too_deeply_are_one_error() -> None:
    levels = ["- &a0 [x]\n", *(f"- &a{n} [*a{n - 1}]\n" for n in range(1, 40))]
    with pytest.raises(UnreadableError, match="nested more than 32 levels"):
        read_yaml("".join(levels), SOURCE)


def test_an_alias_stands_for_its_anchor_at_its_own_line() -> None:
    root, _ = read_yaml("a: &x 5\nb: *x\n", SOURCE)
    assert root.plain() == {"a": 5, "b": 5}
    assert [node.place.line for node in root.entries.values()] == [1, 2]


def test_a_value_has_the_line_of_its_key() -> None:
    root, _ = read_yaml("a:\n  b:\n  - 1\n  - c:\n      2\n", SOURCE)
    items = root.entries["a"].entries["b"].items
    assert (root.entries["a"].entries["b"].place.line, items[0].place.line, items[1].entries["c"].place.line) == (2, 3, 4)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None), ("~", None), ("null", None), ("nil", "nil"),
        ("true", True), ("FALSE", False), ("yes", "yes"), ("on", "on"),
        ("7", 7), ("-7", -7), ("+0", 0), ("0x1F", 31), ("0o17", 15), ("0b1", "0b1"), ("1:30", "1:30"), ("1_0", "1_0"),
        ("33.3", Decimal("33.3")), (".5", Decimal("0.5")), ("5.", Decimal(5)), ("1e3", Decimal(1000)),
        ("2026-11-01", "2026-11-01"), ("1.2.3", "1.2.3"), ("\u0665", "\u0665"),
    ],
)  # fmt: skip
def test_plain_scalars_follow_the_core_schema(text: str, value: object) -> None:
    resolved = resolve(text)
    assert (resolved, type(resolved)) == (value, type(value))


@pytest.mark.parametrize(
    "text", ["010", "-007", ".inf", "-.INF", ".nan", "1e31", "1e-31", "9" * 41, "0x" + "f" * 39, "1." + "1" * 15]
)
def test_odd_numbers_say_what_is_odd(text: str) -> None:
    resolved = resolve(text)
    assert isinstance(resolved, OddNumber)
    assert resolved.why


@pytest.mark.parametrize(("text", "value"), [("'5'", "5"), ('"5"', "5"), ("!!str 5", "5"), ("! 5", "5"), ("!!int '5'", 5)])
def test_quotes_and_tags_decide_what_is_a_text(text: str, value: object) -> None:
    assert read_yaml(text, SOURCE)[0].value == value


@given(st.text(alphabet="0123456789+-.eExo_:abcdef", max_size=50))
def test_any_scalar_resolves_and_a_number_is_exact(text: str) -> None:
    value = resolve(text)
    if isinstance(value, Decimal):
        assert Decimal(text) == value
        assert Decimal(repr(float(value))) == value


@pytest.mark.parametrize("text", ["1E" + "5" * 20, "1e-" + "9" * 30, "0e" + "9" * 20])
def test_an_exponent_of_many_digits_is_an_odd_number(text: str) -> None:
    assert isinstance(resolve(text), OddNumber)
