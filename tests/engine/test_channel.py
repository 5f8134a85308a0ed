"""Messages between two processes of a run: whole, in order, and never waited for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from vsock_loadgen.engine.channel import Channel


@pytest.fixture
def pair() -> Iterator[tuple[Channel, Channel]]:
    one, other = Channel.pair()
    yield one, other
    one.close()
    other.close()


def test_messages_arrive_whole_and_in_order(pair: tuple[Channel, Channel]) -> None:
    one, other = pair
    sent = [{"number": number, "text": "x" * number * 100} for number in range(50)]
    assert all(one.send(message) for message in sent)
    assert other.receive() == sent
    assert other.receive() == []


def test_a_full_channel_does_not_wait_and_goes_on_when_it_is_read(pair: tuple[Channel, Channel]) -> None:
    one, other = pair
    large = b"x" * 3_000_000
    assert not one.send(large)
    assert not one.send("after it")
    received = []
    while not one.flush():
        received += other.receive()
    received += other.receive()
    assert received == [large, "after it"]


def test_a_peer_that_is_gone_closes_the_channel_at_both_sides(pair: tuple[Channel, Channel]) -> None:
    one, other = pair
    assert one.send("last words")
    one.close()
    assert other.receive() == ["last words"]
    assert other.closed
    assert other.send("too late")
    assert other.closed


def test_one_message_can_be_taken_and_those_behind_it_are_kept(pair: tuple[Channel, Channel]) -> None:
    one, other = pair
    assert other.receive_one() is None
    for message in ("first", "second", "third"):
        one.send(message)
    assert other.receive_one() == "first"
    assert other.receive() == ["second", "third"]
