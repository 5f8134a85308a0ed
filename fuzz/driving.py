"""Runs one target under atheris in a process of its own, and reads what came of it."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from fuzz import ROOT
from fuzz.registry import Target

WORK = ROOT / "build" / "fuzz"
MOST_MEMORY_MB = 1_024
LONGEST_INPUT_SECONDS = 20
_PATIENCE_SECONDS = 120
_EXECUTED = re.compile(r"stat::number_of_executed_units:\s*([0-9]+)")


@dataclass(frozen=True, slots=True)
class Session:
    """What came of fuzzing one target: inputs executed, entries that its working corpus has gained, the files of its findings.

    Where there are findings, or the process did not end as it should, `end_of_log` is the end of what it wrote.
    """

    target: str
    seconds: float
    inputs: int
    new_entries: int
    findings: tuple[Path, ...]
    end_of_log: str = ""

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found and the session came to its end."""
        return not self.end_of_log


def fuzz(target: Target, seconds: int, *, seed: int = 0, work: Path = WORK) -> Session:
    """Fuzz a target for so long (0: only replay its corpus). What is new stays below `work`, not in the tree; a `seed` other than 0
    makes the fuzzer's choices the same each time."""
    corpus, findings = work / target.name / "corpus", work / target.name / "findings"
    for folder in (corpus, findings):
        folder.mkdir(parents=True, exist_ok=True)
    before = set(corpus.iterdir()), set(findings.iterdir())
    command = [
        sys.executable,
        "-m",
        "fuzz.one",
        target.name,
        *_flags(target, seconds, seed, findings),
        str(corpus),
        str(target.seeds),
    ]
    ended = _run(command, seconds + _PATIENCE_SECONDS)
    log, code = ended
    executed = _EXECUTED.findall(log)
    found = tuple(sorted(set(findings.iterdir()) - before[1]))
    return Session(
        target.name,
        seconds,
        int(executed[-1]) if executed else 0,
        len(set(corpus.iterdir()) - before[0]),
        found,
        "" if code == 0 and not found and executed else log[-4_000:],
    )


def _flags(target: Target, seconds: int, seed: int, findings: Path) -> list[str]:
    return [
        f"-max_total_time={seconds}" if seconds else "-runs=0",
        f"-seed={seed}",
        f"-max_len={target.most_bytes}",
        f"-timeout={LONGEST_INPUT_SECONDS}",
        f"-rss_limit_mb={MOST_MEMORY_MB}",
        f"-artifact_prefix={findings}/",
        "-print_final_stats=1",
        "-verbosity=1",
    ]


def _run(command: list[str], patience_seconds: float) -> tuple[str, int]:
    """What the process wrote, and its exit code; -1 where it had to be ended."""
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        try:
            log, _ = process.communicate(timeout=patience_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            log, _ = process.communicate()
            return log + "\nthe fuzzer did not end by itself", -1
    return log, process.returncode
