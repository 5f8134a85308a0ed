"""Decisions out of bytes: always within bounds, and the same again."""

from __future__ import annotations

from fuzz.draws import Draws
from hypothesis import given
from hypothesis import strategies as st


@given(st.binary(max_size=20), st.integers(0, 2**40))
def test_a_number_is_within_its_bounds(data: bytes, most: int) -> None:
    draws = Draws(data)
    assert all(0 <= draws.number(most) <= most for _ in range(5))


def test_every_option_can_be_drawn() -> None:
    assert {Draws(bytes([byte])).pick("abcdefg") for byte in range(256)} == set("abcdefg")


def test_what_is_used_up_decides_for_the_first_option() -> None:
    draws = Draws(b"\x05")
    assert (draws.pick("abcdefg"), draws.is_over) == ("f", True)
    assert (draws.pick("abcdefg"), draws.number(9), draws.text(), draws.rest()) == ("a", 0, "", b"")


def test_bytes_that_are_no_text_become_lone_surrogates() -> None:
    assert Draws(b"\x03a\xff\xc3").text() == "a\udcff\udcc3"
