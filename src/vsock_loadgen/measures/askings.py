"""How one asking ended: an asker connected to a VM's agent for its report."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, Self, get_args

from vsock_loadgen.measures.outcome import FailureClass

Kind = Literal["whole", "unchanged", "errors", "failed", "refused", "cut"]
"""What an asking is counted as: the whole report was taken; the asker had it already; the agent answered with an error or an
injected fault; it broke off half-way; it was refused before the upgrade to a websocket; the run ended meanwhile."""


class Asked(StrEnum):
    """Every asking ends in exactly one of these ways, and each is of one kind. `failure` is the class that a waiting report keeps
    of it; None if it keeps none."""

    kind: Kind
    failure: FailureClass | None

    def __new__(cls, name: str, kind: Kind, failure: FailureClass | None = None) -> Self:
        made = str.__new__(cls, name)
        made._value_ = name
        made.kind = kind
        made.failure = failure
        return made

    WHOLE = "whole", "whole"
    UNCHANGED = "unchanged", "unchanged"
    NOT_READY = "not_ready", "errors", FailureClass.REFUSED
    BUSY = "busy", "errors"
    INTERNAL = "internal", "errors", FailureClass.REFUSED
    UNKNOWN_METHOD = "unknown_method", "errors", FailureClass.REFUSED
    MALFORMED_REQUEST = "malformed_request", "errors", FailureClass.REFUSED
    REQUEST_TOO_LARGE = "request_too_large", "errors", FailureClass.REFUSED
    NO_REQUEST = "no_request", "failed", FailureClass.NO_REQUEST
    BROKEN_OFF = "broken_off", "failed", FailureClass.BROKEN_OFF
    STOPPED_READING = "stopped_reading", "failed", FailureClass.STOPPED_READING
    NO_RECEIPT = "no_receipt", "failed", FailureClass.NO_RECEIPT
    BAD_REQUEST = "400", "refused", FailureClass.REFUSED
    UNAUTHORIZED = "401", "refused"
    NOT_FOUND = "404", "refused"
    NO_HANDLER = "500", "refused", FailureClass.REFUSED
    DROP = "drop", "errors", FailureClass.REFUSED
    TRUNCATED = "truncated", "errors", FailureClass.REFUSED
    STALLED = "stalled", "errors", FailureClass.REFUSED
    OVERSIZED = "oversized", "errors", FailureClass.REFUSED
    CUT = "cut", "cut"


KINDS: tuple[Kind, ...] = get_args(Kind)
EndedBy = Literal["replaced", "off", "restarted"]
"""Why a report waits no longer though it was not taken: the VM has scanned again, was switched off, or its agent was restarted."""
REASONS: tuple[EndedBy, ...] = get_args(EndedBy)
