"""The command `vsock-loadgen`: it always ends with an exit code and at most one message.

Nothing slow is imported before the stop signals are handled, so that an early signal is not a traceback either.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
from contextlib import suppress
from typing import NoReturn, TextIO

from vsock_loadgen.errors import EXIT_DONE, EXIT_INTERNAL, LoadgenError, MachineError
from vsock_loadgen.leaving import Leaving
from vsock_loadgen.printable import encodable, printable_lines


def main() -> NoReturn:
    """Run the command line; the process ends here."""
    with Leaving():
        sys.stdin, sys.stdout, sys.stderr = _streams()
        exit_code = _run()
    sys.exit(exit_code)


def _run() -> int:
    """Find the verb and run it; returns the exit code, unless the verb ends the process with it."""
    import click

    try:
        from vsock_loadgen.cli.verbs import verbs

        return verbs.main(standalone_mode=False) or EXIT_DONE
    except click.ClickException as error:
        with suppress(OSError):
            error.show()
        return error.exit_code
    except LoadgenError as error:
        _say(str(error))
        return error.exit_code
    except BrokenPipeError:
        return EXIT_INTERNAL  # the reader of our output has gone: there is nothing left to tell it
    except (OSError, MemoryError) as error:
        _say(str(MachineError(error)))
        return EXIT_INTERNAL
    except SystemError:  # what the interpreter may raise if memory is refused unexpectedly, as in an import
        _say(str(MachineError(MemoryError())))
        return EXIT_INTERNAL


def _say(message: str) -> None:
    with suppress(OSError):
        print(printable_lines(message), file=sys.stderr, flush=True)  # noqa: T201 (the command line is what writes to the terminal)


class _Output(io.TextIOWrapper):
    """stdout or stderr. The first failing write raises OSError with the stream's name; later writes are dropped. Otherwise its
    buffer would fail again at every fork, and at the interpreter's shutdown.

    A character that its encoding does not have is replaced by a similar one. click would write UTF-8 to a stream that says it is
    ASCII: such a stream says UTF-8 and gets ASCII only.
    """

    def __init__(self, number: int, name: str, before: TextIO | None, *, line_buffering: bool) -> None:
        raw = open(number, "wb", closefd=False)  # noqa: SIM115 (it stays open to the end)
        self._shown_in = before.encoding if before else None
        encoding = "utf-8" if self._shown_in and codecs.lookup(self._shown_in).name == "ascii" else self._shown_in
        super().__init__(raw, encoding=encoding, errors="replace", line_buffering=line_buffering)
        self._name = name

    def write(self, text: str) -> int:
        """Write a text, or as much as the buffer takes of it."""
        try:
            super().write(encodable(text, self._shown_in))
        except OSError as error:
            raise self._given_up(error) from error
        return len(text)

    def flush(self) -> None:
        """Write what the buffer holds."""
        try:
            super().flush()
        except OSError as error:
            raise self._given_up(error) from error

    def _given_up(self, error: OSError) -> OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)
        super().flush()
        return OSError(error.errno, error.strerror, self._name)


def _streams() -> tuple[TextIO, TextIO, TextIO]:
    """stdin, stdout and stderr, even if some were closed (`>&-`): their descriptors are taken, so that no socket of the run gets
    them. Reads and writes there fail, as they should."""
    for number, flags in enumerate((os.O_WRONLY, os.O_RDONLY, os.O_RDONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, flags)  # the lowest free descriptor is this one
    output = _Output(1, "stdout", sys.stdout, line_buffering=os.isatty(1))
    given = open(0, encoding="utf-8-sig", newline="", closefd=False)  # noqa: SIM115 (likewise); as files are read
    return given, output, _Output(2, "stderr", sys.stderr, line_buffering=True)
