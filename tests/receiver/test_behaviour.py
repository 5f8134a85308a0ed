"""A behaviour that cannot be meant is refused."""

from __future__ import annotations

from typing import Any

import pytest

from vsock_loadgen.receiver.behaviour import Behaviour


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"reset": True}, "reset needs close_after_bytes"),
        ({"wait_for_handler_ns": 1}, "wait_for_handler_ns needs most_connections"),
        ({"stall": (0, -1)}, "stall is negative"),
        ({"close_after_bytes": -5}, "close_after_bytes is negative"),
        ({"most_reports_a_minute": float("nan")}, "most_reports_a_minute is not a number"),
    ],
)
def test_a_behaviour_that_cannot_be_meant_is_refused(how: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Behaviour(**how)


def test_by_default_nothing_is_misbehaved_and_the_size_limit_is_the_relays() -> None:
    behaviour = Behaviour()
    assert behaviour.most_bytes == 16_384 * 1024
    assert (behaviour.close_after_bytes, behaviour.refuse_after, behaviour.stall) == (None, None, None)
