"""The fate of a started report."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Self

Mode = Literal["push", "pull"]
"""Who opens connections: a VM that sends its report when it is due (push), or an asker of the VM (pull)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Everything that is known of a failure class.

    `cause` and `remedy` are for the person who reads the verdict, `at_target` is what the other end may know of such a report.
    `older_label` is its label in the predecessor's metric, `color` its color in the page's chart. The target may have the whole
    report if it `may_have_arrived`; if it `is_broken_off`, the target closed the connection before it had taken it. `own_fault` is
    what the verdict says if the generator was the limit, with `{}` for the number of reports. A class belongs to one `mode`.
    """

    name: str
    cause: str
    remedy: str
    at_target: str
    older_label: str
    color: str
    may_have_arrived: bool = False
    is_broken_off: bool = False
    own_fault: str = ""
    mode: Mode = "push"

    @property
    def advice(self) -> str:
        """What it means and what to do, as one sentence."""
        return f"{self.cause}; {self.remedy}"


class FailureClass(StrEnum):
    """Why a report was not delivered; every failed report is in exactly one class, and a class is its record."""

    record: Failure

    def __new__(cls, record: Failure) -> Self:
        made = str.__new__(cls, record.name)
        made._value_ = record.name
        made.record = record
        return made

    CONNECT = Failure(
        name="connect",
        cause="no connection within the request timeout, or the target refused it",
        remedy="check that the target listens, and that its backlog is not full all the time",
        at_target="nothing",
        older_label="dial",
        color="#3a86c8",
    )
    WRITE = Failure(
        name="write",
        cause="the kernel refused the report's bytes for another reason",
        remedy="read its last message in the outcome (last_errors in the JSON)",
        at_target="a connection that ends within the report",
        older_label="write",
        color="#009e73",
    )
    CLOSED_EARLY = Failure(
        name="closed_early",
        cause="the target closed the connection before it had taken the whole report",
        remedy="check the target for a size limit, a concurrency limit or a restart",
        at_target="a connection that it closed itself, with a part of the report read at most",
        older_label="write",
        color="#cc79a7",
        is_broken_off=True,
    )
    RESET = Failure(
        name="reset",
        cause="the target closed the connection with part of the report unread",
        remedy="check the target for a read deadline, a concurrency limit or a crash; over tcp, also for an overflowing backlog",
        at_target="a connection that it closed itself, with a part of the report read at most; "
        "of one reset in the backlog, nothing",
        older_label="write",
        color="#e69f00",
        is_broken_off=True,
    )
    TIMEOUT = Failure(
        name="timeout",
        cause="connected, but the report was not delivered within the request timeout",
        remedy="the target is slower than the load, or stalled: lower the rate or raise requestTimeout",
        at_target="a connection that the generator closed: with the whole report, a part of it, or nothing",
        older_label="send",
        color="#d55e00",
        may_have_arrived=True,
    )
    DESCRIPTORS = Failure(
        name="descriptors",
        cause="this process had no file descriptor left: a limit of the generator, so the run proves nothing about the target",
        remedy="raise the limit (ulimit -n) or use more workers",
        at_target="nothing",
        older_label="send",
        color="#7b5fc0",
        own_fault="the generator had no file descriptor for {:,} reports: raise the limit (ulimit -n)",
    )
    NO_REQUEST = Failure(
        name="no_request",
        cause="the asker connected, but its request did not arrive whole",
        remedy="check for overloaded askers, or a proxy that cuts them off",
        at_target="nothing",
        older_label="send",
        color="#3a86c8",
        mode="pull",
    )
    BROKEN_OFF = Failure(
        name="broken_off",
        cause="the asker closed the connection before it had taken the whole report",
        remedy="check the asker for its time limit for one VM, its size limit, or a restart",
        at_target="a read error or an early EOF",
        older_label="write",
        color="#cc79a7",
        is_broken_off=True,
        mode="pull",
    )
    STOPPED_READING = Failure(
        name="stopped_reading",
        cause="the asker did not read the report to its end within the agent's 30 seconds",
        remedy="the asker is slower than what it asks for, or stalled: raise its time limit or lower its concurrency",
        at_target="a part of the report, and an early EOF",
        older_label="send",
        color="#d55e00",
        mode="pull",
    )
    NO_RECEIPT = Failure(
        name="no_receipt",
        cause="the report was written to its end, but the asker never showed that it had read it",
        remedy="check the asker's time limit for one VM; a proxy that swallows pings shows here too",
        at_target="the whole report, or a part of it",
        older_label="send",
        color="#e69f00",
        may_have_arrived=True,
        mode="pull",
    )
    REFUSED = Failure(
        name="refused",
        cause="the last asking in time was answered with an error or a fault in place of the report",
        remedy="injected faults do this; without any, check the asker's requests",
        at_target="an error of the agent, or a broken connection",
        older_label="send",
        color="#009e73",
        mode="pull",
    )


def classes_of(mode: Mode) -> tuple[FailureClass, ...]:
    """The failure classes of a mode."""
    return tuple(failure for failure in FailureClass if failure.record.mode == mode)
