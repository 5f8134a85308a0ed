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
    """What a failure class means to the person who reads the verdict."""

    cause: str
    remedy: str


EXPLANATIONS = {
    FailureClass.CONNECT: Explanation(
        "no connection came about within the request timeout, or the target refused it",
        "check that the target listens, and that its backlog is not full all the time",
    ),
    FailureClass.WRITE: Explanation(
        "the kernel refused to take the report's bytes for a reason of its own",
        "read the last message beside it in the outcome (last_errors in the JSON)",
    ),
    FailureClass.CLOSED_EARLY: Explanation(
        "the target closed the connection before it had taken the whole report",
        "look for a size limit, a concurrency limit or a restart of the target",
    ),
    FailureClass.RESET: Explanation(
        "the target closed the connection with part of the report unread",
        "look for a read deadline, a concurrency limit or a crash of the target",
    ),
    FailureClass.TIMEOUT: Explanation(
        "connected, but the report was not delivered within the request timeout",
        "the target is slower than the load, or stalled: lower the rate or raise requestTimeout",
    ),
    FailureClass.DESCRIPTORS: Explanation(
        "this process had no file descriptor left: a limit of the generator, so the run proves nothing about the target",
        "raise the limit (ulimit -n) or use more workers",
    ),
}
