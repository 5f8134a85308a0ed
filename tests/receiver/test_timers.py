"""Actions are taken in the order of their due times, and only when due."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vsock_loadgen.receiver.timers import Timers


@given(st.lists(st.integers(0, 50)), st.integers(0, 50))
def test_what_is_due_comes_in_order_and_the_rest_stays(due_times: list[int], now: int) -> None:
    timers = Timers()
    taken: list[tuple[int, int]] = []
    for serial, due in enumerate(due_times):
        timers.at(due, lambda entry=(due, serial): taken.append(entry))  # type: ignore[misc]
    for action in timers.take_due(now):
        action()
    assert taken == sorted((due, serial) for serial, due in enumerate(due_times) if due <= now)
    later = [due for due in due_times if due > now]
    assert timers.next_due_ns() == (min(later) if later else None)


def test_an_action_that_is_added_while_others_are_taken_is_taken_if_it_is_due() -> None:
    timers = Timers()
    taken: list[str] = []
    timers.at(1, lambda: timers.at(2, lambda: taken.append("due")))
    timers.at(1, lambda: timers.at(4, lambda: taken.append("not due")))
    for action in timers.take_due(3):
        action()
    assert taken == ["due"]
