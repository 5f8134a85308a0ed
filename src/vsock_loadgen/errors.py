"""The errors that end a run. The type says who has to act, and carries the exit code.

A failed send is an outcome, not an exception: it never appears here.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass

from vsock_loadgen.printable import printable

EXIT_DONE = 0
EXIT_INTERNAL = 1
EXIT_USAGE = 2
EXIT_THRESHOLD = 3
EXIT_SATURATED = 4


class LoadgenError(Exception):
    """A run cannot start or continue. `exit_code` is what the process should exit with."""

    exit_code = EXIT_INTERNAL


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with what the user wrote.

    `where` is its place as an editor understands it (`loadgen.yaml:12`, `--vm-count`, `LOADGEN_SEED`), `path` the key inside the
    config (`packages.buckets`; empty if none applies), `message` names the value found and what was expected.
    """

    where: str
    path: str
    message: str

    def __str__(self) -> str:
        where = printable(self.where)  # a file's name may be anything
        return ": ".join(part for part in (where, self.path, self.message) if part)


class ConfigError(LoadgenError):
    """The user's input cannot be used; nothing was sent. Carries every problem found, in the order of the file."""

    exit_code = EXIT_USAGE

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class _RefusedError(LoadgenError):
    """What the run needs around it is missing; nothing was sent. `remedy` says what to do."""

    exit_code = EXIT_USAGE

    def __init__(self, message: str, remedy: str = "") -> None:
        self.message = message
        self.remedy = remedy
        super().__init__(f"{message}\n  remedy: {remedy}" if remedy else message)


class TargetError(_RefusedError):
    """The target cannot take reports, as the preflight check has shown."""


class ClusterError(_RefusedError):
    """The cluster does not tell which of its nodes this is."""


class InternalError(LoadgenError):
    """The tool's own promise does not hold (a count that does not add up): never the user's fault."""

    exit_code = EXIT_INTERNAL


class CompanionLostError(InternalError):
    """The other side of a run, which the run itself had started, is gone, and its counts with it."""

    def __init__(self, what: str, how: str) -> None:
        super().__init__(f"{what} was lost ({how}): what it had counted is not known")
        self.how = how


class StoppedError(LoadgenError):
    """A signal arrived before the run began; nothing was sent."""

    def __init__(self, name: str, number: int) -> None:
        super().__init__(f"stopped by {name} before the run began: nothing was sent")
        self.exit_code = 128 + number


class MachineError(LoadgenError):
    """This machine refuses what the tool needs: memory, descriptors, or disk space."""

    def __init__(self, error: OSError | MemoryError) -> None:
        number = errno.ENOMEM if isinstance(error, MemoryError) else error.errno or 0
        remedy = _MACHINE_REMEDIES.get(number)
        where = None if remedy or isinstance(error, MemoryError) else error.filename  # a named file is not the scarce resource
        what = os.strerror(number) if number else str(error)
        super().__init__(f"{where or 'this machine refused what is needed'}: {what}" + (f"\n  remedy: {remedy}" if remedy else ""))


_MACHINE_REMEDIES = {
    errno.EMFILE: "raise the limit of open files (ulimit -Hn)",
    errno.ENFILE: "raise the machine's limit of open files (sysctl fs.file-max)",
    errno.ENOMEM: "give it more memory (ulimit -v, memory.max of the control group), or simulate a smaller fleet",
    errno.EAGAIN: "raise the limit of processes (ulimit -u, pids.max of the control group)",
}


def exit_code_of(error: OSError | MemoryError) -> int:
    """The exit code of a process that this machine refused something: the error's number."""
    return errno.ENOMEM if isinstance(error, MemoryError) else error.errno or EXIT_INTERNAL


def how_it_ended(exit_code: int | None) -> str:
    """How a process of a run was lost, by its exit code as multiprocessing has it; None if it still runs."""
    if exit_code is None:
        return "it does not answer"
    if exit_code < 0:
        return f"killed by signal {-exit_code}"
    return os.strerror(exit_code) if exit_code > EXIT_INTERNAL else f"exit code {exit_code}"
