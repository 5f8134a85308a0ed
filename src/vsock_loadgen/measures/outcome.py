"""What became of a report that was started."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FailureClass(StrEnum):
    """Why a report was not delivered. Every failed report is in exactly one class."""

    CONNECT = "connect"
    WRITE = "write"
    CLOSED_EARLY = "closed_early"
    RESET = "reset"
    TIMEOUT = "timeout"
    DESCRIPTORS = "descriptors"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a failure class means to the person who reads the verdict; `at_target` is what the other end may know of it."""

    cause: str
    remedy: str
    at_target: str


EXPLANATIONS = {
    FailureClass.CONNECT: Explanation(
        "no connection came about within the request timeout, or the target refused it",
        "check that the target listens, and that its backlog is not full all the time",
        "nothing",
    ),
    FailureClass.WRITE: Explanation(
        "the kernel refused to take the report's bytes for a reason of its own",
        "read the last message beside it in the outcome (last_errors in the JSON)",
        "a connection that ends within the report",
    ),
    FailureClass.CLOSED_EARLY: Explanation(
        "the target closed the connection before it had taken the whole report",
        "look for a size limit, a concurrency limit or a restart of the target",
        "a connection that it closed itself, with a part of the report read at most",
    ),
    FailureClass.RESET: Explanation(
        "the target closed the connection with part of the report unread",
        "look for a read deadline, a concurrency limit or a crash of the target; over tcp, also for a backlog that overflows",
        "a connection that it closed itself, with a part of the report read at most; of one reset in the backlog, nothing",
    ),
    FailureClass.TIMEOUT: Explanation(
        "connected, but the report was not delivered within the request timeout",
        "the target is slower than the load, or stalled: lower the rate or raise requestTimeout",
        "a connection that the generator closed: with the whole report, a part of it, or nothing",
    ),
    FailureClass.DESCRIPTORS: Explanation(
        "this process had no file descriptor left: a limit of the generator, so the run proves nothing about the target",
        "raise the limit (ulimit -n) or use more workers",
        "nothing",
    ),
}
