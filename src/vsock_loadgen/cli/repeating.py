"""`run --repeat N`: the same run several times, each with its own files, and how much the runs differ among themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import click

from vsock_loadgen.config.model import Config
from vsock_loadgen.errors import EXIT_DONE, EXIT_INTERNAL, EXIT_SATURATED, EXIT_THRESHOLD, ConfigError, LoadgenError, Problem
from vsock_loadgen.outputs import append_text, is_stream
from vsock_loadgen.results.result import Named, Result
from vsock_loadgen.stage import Outputs, Stage
from vsock_loadgen.text.spread_text import spread_document, spread_markdown, spread_text

_WORST_FIRST = (EXIT_INTERNAL, EXIT_SATURATED, EXIT_THRESHOLD, EXIT_DONE)
"""A run that proves nothing is worse than a target that failed, as within one run."""

RunOnce = Callable[[Outputs, Callable[[Result], None]], int]
"""Runs once, given what it writes and who gets its result; returns its exit code."""


def check_repeatable(config: Config, outputs: Outputs) -> None:
    """Raise ConfigError if a second run would not be like the first, or would write over it."""
    problems = []
    if not config.duration_ns:
        problems.append(config.problem("duration", "--repeat: the first run would never end; expected a duration"))
    if config.start_at_ns is not None:
        problems.append(config.problem("startAt", "--repeat: each run begins when the one before has ended; expected no startAt"))
    if config.after_run == "wait":
        problems.append(config.problem("afterRun", "--repeat: found wait, expected exit; the next run would never begin"))
    for flag, path in (("--result", outputs.result), ("--html", outputs.html), ("--samples", outputs.samples)):
        if path is not None and is_stream(path):
            problems.append(Problem(flag, "", f"found {path}, expected a file, so that each run can number its name (--repeat)"))
    if problems:
        raise ConfigError(problems)


def numbered(path: Path | None, number: int) -> Path | None:
    """The file of one of the runs: `result-1.json` for `result.json`; what is not a file stays as it is."""
    if path is None or is_stream(path):
        return path
    suffix = "".join(path.suffixes[-2:]) if path.suffix == ".gz" else path.suffix
    return path.with_name(f"{path.name.removesuffix(suffix)}-{number}{suffix}")


def files_of(outputs: Mapping[str, Path | None], times: int) -> dict[str, Path | None]:
    """Every file that `times` runs write, by the flag that names it and the run's number."""
    return {
        f"{flag} of run {number}": numbered(path, number)
        for flag, path in outputs.items()
        for number in range(1, times + 1)
        if path
    }


@dataclass(frozen=True, slots=True)
class Repeat:
    """Runs `times` times, one run after the other, until one is stopped by a signal or cannot begin."""

    times: int
    stage: Stage
    runs: list[Named] = field(default_factory=list)

    def run(self, once: RunOnce) -> int:
        """All the runs, and what they show together; returns the worst exit code."""
        codes = []
        for number in range(1, self.times + 1):
            self.stage.log.line(f"run {number} of {self.times}", "repeat", {"run": number, "runs": self.times})
            try:
                codes.append(self._run(number, once))
            except LoadgenError as error:
                if not self.runs:
                    raise
                self.stage.log.alert(f"run {number} of {self.times} did not begin: {error}", "repeat")
                codes.append(EXIT_INTERNAL)
                break
            if self._was_stopped:
                break
        return min([*codes, self._conclude()], key=_WORST_FIRST.index)

    def _run(self, number: int, once: RunOnce) -> int:
        files = self.stage.outputs
        outputs = replace(
            files,
            result=numbered(files.result, number),
            html=numbered(files.html, number),
            samples=numbered(files.samples, number),
            summary=None,
        )
        name = str(outputs.result or f"run {number}")
        return once(outputs, lambda result: self.runs.append(Named(name, result)))

    @property
    def _was_stopped(self) -> bool:
        ended = self.runs[-1].result.ended
        return ended is not None and ended.by == "signal"

    def _conclude(self) -> int:
        """Show how the runs differ; returns the exit code of that."""
        stage, streams = self.stage, self.stage.streams
        text = spread_text(self.runs, width=streams.width, color=streams.color)
        if stage.log.style == "json":
            stage.log.line(f"the spread of {len(self.runs)} runs", "spread", {"figures": spread_document(self.runs)})
        else:
            click.echo(text, nl=False, file=streams.outcome, color=streams.color)
        if stage.outputs.summary is None:
            return EXIT_DONE
        return stage.written("summary", lambda path: append_text(spread_markdown(self.runs), path))
