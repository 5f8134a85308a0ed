"""What is sampled of the processes while a soak goes on, as a table that is written row by row."""

from __future__ import annotations

import csv
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.processes import parse_pss, tree

RECEIVER = "receiver"
_PROC = Path("/proc")
_COLUMNS = ("pss_bytes", "rss_bytes", "descriptors")


@dataclass(frozen=True, slots=True)
class Look:
    """One process at one moment: memory in bytes and open descriptors.

    `rss_bytes` is all that it has in memory, `pss_bytes` its part of that: of a page that two processes share, each has half, and
    all of it once the other has a copy of its own.
    """

    pss_bytes: int
    rss_bytes: int
    descriptors: int


@dataclass(frozen=True, slots=True)
class Sample:
    """One moment: seconds since the start of the schedule, whether no fault was on or had just been, the size of the result file in
    bytes, and every process that could be looked at, by its role."""

    seconds: float
    quiet: bool
    result_bytes: int
    looks: Mapping[str, Look]


def look(pid: int) -> Look | None:
    """A process now; None where it has gone."""
    try:
        text = (_PROC / str(pid) / "smaps_rollup").read_text()
        rss = next(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Rss:"))
        return Look(parse_pss(text), rss, len(os.listdir(_PROC / str(pid) / "fd")))  # noqa: PTH208 (counts names, needs no paths)
    except (OSError, ValueError, StopIteration):
        return None


def roles(parent: int) -> dict[str, int]:
    """The processes of a run, by role: its parent and the workers that it forked."""
    return {"parent": parent} | {f"worker {number}": pid for number, pid in enumerate(sorted(tree(parent)[1:]))}


def header(names: Iterable[str]) -> list[str]:
    """The columns of the table for these roles."""
    return ["seconds", "quiet", "result_bytes"] + [f"{name} {what}" for name in names for what in _COLUMNS]


def row(sample: Sample, names: Iterable[str]) -> list[str]:
    """A sample as a row of the table; a process that was not there leaves its columns empty."""
    cells = [f"{sample.seconds:.2f}", str(int(sample.quiet)), str(sample.result_bytes)]
    for name in names:
        seen = sample.looks.get(name)
        cells += [""] * len(_COLUMNS) if seen is None else [str(seen.pss_bytes), str(seen.rss_bytes), str(seen.descriptors)]
    return cells


def read_samples(file: Path) -> Iterator[Sample]:
    """The samples of a table that was written."""
    with file.open(newline="") as text:
        for cells in csv.DictReader(text):
            names = [column.removesuffix(" pss_bytes") for column in cells if column.endswith(" pss_bytes")]
            looks = {
                name: Look(*(int(cells[f"{name} {what}"]) for what in _COLUMNS)) for name in names if cells[f"{name} pss_bytes"]
            }
            yield Sample(float(cells["seconds"]), cells["quiet"] == "1", int(cells["result_bytes"]), looks)


class Sampler:
    """Takes a sample every `every_seconds` while it is entered, and writes each one down at once.

    `generator` has the processes of the run by role, `receiver` says which one receives now, `is_quiet` whether no fault is on.
    """

    def __init__(
        self,
        file: Path,
        generator: Mapping[str, int],
        receiver: Callable[[], int],
        is_quiet: Callable[[], bool],
        result: Path,
        *,
        every_seconds: float,
        zero: float,
    ) -> None:
        self._file = file
        self._generator = generator
        self._receiver = receiver
        self._is_quiet = is_quiet
        self._result = result
        self._every_seconds = every_seconds
        self._zero = zero
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep_looking, name="sampler", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def _keep_looking(self) -> None:
        names: Sequence[str] = [*self._generator, RECEIVER]
        with self._file.open("w", newline="", buffering=1) as text:
            table = csv.writer(text)
            table.writerow(header(names))
            while not self._over.wait(self._every_seconds):
                table.writerow(row(self._take(), names))

    def _take(self) -> Sample:
        seen = {name: look(pid) for name, pid in {**self._generator, RECEIVER: self._receiver()}.items()}
        size = self._result.stat().st_size if self._result.exists() else 0
        looks = {name: found for name, found in seen.items() if found is not None}
        return Sample(time.monotonic() - self._zero, self._is_quiet(), size, looks)
