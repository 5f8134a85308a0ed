"""The outputs of a run, and how its outcome gets there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

from vsock_loadgen.errors import EXIT_DONE, EXIT_INTERNAL, InternalError
from vsock_loadgen.log import Log
from vsock_loadgen.outputs import append_text, write_text
from vsock_loadgen.results.files import result_document, write_result
from vsock_loadgen.results.result import Result
from vsock_loadgen.text.console import Streams
from vsock_loadgen.text.html import result_page
from vsock_loadgen.text.result_markdown import result_markdown
from vsock_loadgen.text.result_text import result_text


@dataclass(frozen=True, slots=True)
class Outputs:
    """Files that a run writes, if they are wanted; the `summary` is appended to its file, and `samples` has a row for each report
    of this share of the VMs."""

    result: Path | None = None
    html: Path | None = None
    summary: Path | None = None
    samples: Path | None = None
    sampled_share: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True)
class Stage:
    """The outputs of a run; `concluded` gets its outcome."""

    streams: Streams
    outputs: Outputs
    log: Log
    concluded: Callable[[Result], None] | None = None

    def conclude(self, result: Result) -> int:
        """Check the accounts, show the outcome, write the files; returns the exit code: that of the verdict, but never 0 if a file
        could not be written."""
        streams, outputs, log = self.streams, self.outputs, self.log
        if not result.counts.balanced or result.counts.in_flight:
            raise InternalError(f"the accounts do not balance: {result.counts}")
        document, unwritten = "", EXIT_DONE
        if outputs.result is not None:
            try:
                write_result(result, outputs.result)
            except OSError as error:
                log.alert(f"--result: cannot be written ({error}); the document follows on stdout")
                document, unwritten = result_document(result), EXIT_INTERNAL
        if outputs.html is not None:
            page = result_page(result.to_json())
            unwritten = self.written("html", lambda path: write_text(page, path)) or unwritten
        if outputs.summary is not None:
            markdown = result_markdown(result)
            unwritten = self.written("summary", lambda path: append_text(markdown, path)) or unwritten
        if log.style == "json":
            log.line(f"verdict: {result.verdict.status}", "result", result.summary())
        text = "" if log.style == "json" else result_text(result, width=streams.width, color=streams.color)
        try:
            print(text, end=document, file=streams.outcome, flush=True)
        except OSError as error:
            if outputs.result is None or document:
                raise  # there is no other copy
            log.alert(f"{error.filename or 'the outcome'}: {error.strerror}; the outcome is in {outputs.result} alone", "outcome")
        if self.concluded is not None:
            self.concluded(result)
        return result.verdict.exit_code or unwritten

    def written(self, name: Literal["html", "summary"], write: Callable[[Path], None]) -> int:
        """Write one of the outputs; returns the exit code of that. If it cannot be written, the log says so."""
        path: Path = getattr(self.outputs, name)
        try:
            write(path)
        except OSError as error:
            self.log.alert(f"--{name}: cannot be written: {error}", f"{name}_file")
            return EXIT_INTERNAL
        return EXIT_DONE
