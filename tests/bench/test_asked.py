"""The bench of a fleet that is asked: its asker finds its way through frames, and its rows say what was found."""

from __future__ import annotations

import asyncio
import struct
from typing import cast

import pytest
from bench.figures import Figures
from bench.outcome import Measured
from bench.reference.asker import Asking, Order
from bench.scenarios import scenarios
from bench.tables import asked_rows
from hypothesis import given
from hypothesis import strategies as st

UPGRADED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


class FakeTransport:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.written = b""
        self.is_paused = self.is_closed = False

    def write(self, data: bytes) -> None:
        self.written += data

    def pause_reading(self) -> None:
        self.is_paused = True

    def close(self) -> None:
        self.is_closed = True

    def get_extra_info(self, name: str) -> FakeTransport:
        return self

    def setsockopt(self, *option: int) -> None:
        """Have a small window."""


def asking(order: Order) -> tuple[Asking, FakeTransport, list[int]]:
    taken: list[int] = []
    it, transport = Asking(order, 0, taken.append), FakeTransport()
    it.connection_made(cast(asyncio.Transport, transport))
    return it, transport, taken


def frame(opcode: int, payload: bytes) -> bytes:
    size = bytes([len(payload)]) if len(payload) < 126 else b"\x7e" + struct.pack("!H", len(payload))
    return bytes([0x80 | opcode]) + size + payload


def answer(length: int, piece: int) -> bytes:
    data = struct.pack("!I", length) + bytes(length)
    cut = [data[at : at + piece] for at in range(0, len(data), piece)]
    return UPGRADED + b"".join(frame(2, each) for each in cut[:-1]) + frame(9, b"read?") + frame(2, cut[-1])


@given(length=st.integers(1, 2_000), piece=st.integers(4, 700), step=st.integers(1, 900))
def test_an_answer_is_whole_in_whatever_pieces_it_comes(length: int, piece: int, step: int) -> None:
    it, transport, taken = asking(Order(port=1, vms=1, seconds=1))
    data = answer(length, piece)
    for at in range(0, len(data), step):
        it.data_received(data[at : at + step])
    it.connection_lost(None)
    assert taken == [length + 4]
    assert transport.written.count(b"read?") == 1


@given(length=st.integers(1, 2_000), lost=st.integers(1, 200))
def test_an_answer_that_breaks_off_is_none(length: int, lost: int) -> None:
    it, _, taken = asking(Order(port=1, vms=1, seconds=1))
    it.data_received(answer(length, 500)[:-lost])
    it.connection_lost(None)
    assert taken == [0]


def test_who_reads_nothing_stops_after_the_upgrade() -> None:
    it, transport, _ = asking(Order(port=1, vms=1, seconds=1, manner="stop"))
    it.data_received(UPGRADED)
    assert transport.is_paused


@pytest.mark.parametrize("name", [one.name for one in scenarios() if one.group == "asked"])
def test_every_scenario_of_a_fleet_that_is_asked_has_a_row_and_a_budget(name: str) -> None:
    found = next(one for one in scenarios() if one.name == name)
    measured = Measured(found, {"ours": [FIGURES]})
    (_, row) = asked_rows([measured])
    assert row[0] == name
    assert {one.met for one in measured.judgements() if one.budget.reference is None} == {True}


FIGURES = Figures(
    reports_per_second=1_000,
    cpu_us_per_report=500,
    user_us_per_report=400,
    sink_us_per_report=200,
    sink_share=0.2,
    others_share=0,
    lag_p99=0.001,
    pss_bytes=70e6,
    added_bytes=3e6,
    probe_seconds=0.01,
)
