"""The agents of all VMs: what each would answer right now, and which of them is busy."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence

from vsock_loadgen.answering.accounts import Accounts, Asking
from vsock_loadgen.answering.faults import Faulty
from vsock_loadgen.answering.starts import Picker
from vsock_loadgen.measures.askings import Asked
from vsock_loadgen.payloads.answers import Answers
from vsock_loadgen.payloads.dialects import Dialect, Request
from vsock_loadgen.payloads.reports import Buffer


class Place:
    """The one place of an agent, from when it is taken until it is freed: by then another asker may have it."""

    __slots__ = ("_position", "_taken")

    def __init__(self, taken: bytearray, position: int) -> None:
        self._taken: bytearray | None = taken
        self._position = position
        taken[position] = 1

    def leave(self) -> None:
        """Give it back; once is enough."""
        if self._taken is not None:
            self._taken[self._position] = 0
            self._taken = None


class Agents:
    """By position: `indices` are the VMs' global ones, `packages` what each has. An agent has time for one asker at once.

    `wall_ns` turns a reading of the clock into nanoseconds since the epoch. `lateness_ns` is how far behind its work this process
    is, for measuring how late an answer is. `busy` is what a second asker is told.
    """

    def __init__(
        self,
        accounts: Accounts,
        answers: Answers,
        indices: Sequence[int],
        packages: Sequence[int],
        wall_ns: Callable[[int], int],
        faulty: Faulty,
        delay: Picker | None = None,
    ) -> None:
        self._accounts = accounts
        self._answers = answers
        self._indices = indices
        self._packages = packages
        self._wall_ns = wall_ns
        self._taken = bytearray(len(indices))
        self._faulty = faulty
        self._delay = delay
        self._numbers = array("L", [0]) * len(indices)
        self.busy = answers.error(Asked.BUSY, "another connection is being served")
        self._not_ready = answers.error(Asked.NOT_READY, "no report has been made yet")
        self.lateness_ns = 0

    @property
    def dialect(self) -> Dialect:
        """The dialect of the agents."""
        return self._answers.dialect

    def fault(self, position: int) -> Asked | None:
        """The fault that the next asking of a VM meets, if any; each call is one asking."""
        number = self._numbers[position]
        self._numbers[position] = number + 1
        return self._faulty(self._indices[position], number)

    def delay_ns(self, position: int) -> int:
        """How long the agent of a VM takes for the asking that came last."""
        return self._delay(self._indices[position], self._numbers[position]) if self._delay else 0

    def whole(self, position: int) -> list[Buffer]:
        """A full report of a VM, whatever it has: for an answer that a fault breaks off."""
        mark = self._answers.mark(self._indices[position], 0, 0)
        return self._answers.report(self._indices[position], self._packages[position], mark, 0)

    def enter(self, position: int) -> Place | None:
        """Take a VM's one place; None if it is taken."""
        return None if self._taken[position] else Place(self._taken, position)

    def error(self, code: Asked, text: str) -> bytes:
        """The answer to a wrong request."""
        return self._answers.error(code, text)

    def answer(self, asking: Asking, request: Request) -> bytes | list[Buffer]:
        """What the VM answers: a whole report as buffers, or a short message that the asker has it already or that there is none.
        From here on the asking is for that report."""
        position = asking.position
        report = self._accounts.report(position)
        if report is None:
            return self._not_ready
        self._accounts.answer_with(asking, report)
        index, generated_ns = self._indices[position], self._wall_ns(report.due_ns)
        mark = self._answers.mark(index, report.generation, self._wall_ns(report.epoch_ns))
        if self._answers.dialect.is_known(request.known, mark):
            return self._answers.unchanged(mark, generated_ns)
        return self._answers.report(index, self._packages[position], mark, generated_ns)
