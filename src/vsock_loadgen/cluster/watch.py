"""Polls a cluster, and notices when its workers are no longer those that share a run."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from vsock_loadgen.cluster.nodes import WorkerNodes
from vsock_loadgen.errors import ClusterError

INTERVAL_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class NodeChange:
    """Names of the workers that were added since the run began, and of those that have gone, sorted."""

    added: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


class Watch(ABC):
    """Polls every `interval_seconds` while it is entered, in a daemon thread: enter it after the last fork."""

    def __init__(self, name: str, interval_seconds: float) -> None:
        self._interval_seconds = interval_seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ended.set()  # a request in flight is not waited for

    def _watch(self) -> None:
        while not self._ended.wait(self._interval_seconds):
            self.look()

    @abstractmethod
    def look(self) -> None:
        """Poll once."""


class NodeWatch(Watch):
    """Reads the cluster's workers. `change` and `problem` are replaced as a whole, and may be read from any thread."""

    def __init__(self, known: WorkerNodes, read: Callable[[], WorkerNodes], interval_seconds: float | None = None) -> None:
        super().__init__("node-watch", INTERVAL_SECONDS if interval_seconds is None else interval_seconds)
        self.known = known
        self.change = NodeChange()
        self.problem: str | None = None
        """Why the workers could not be read the last time; None if they could."""
        self._read = read

    def look(self) -> None:
        """Read the workers once."""
        try:
            now = self._read()
        except ClusterError as error:
            self.problem = error.message
            return
        self.problem = None
        before, after = set(self.known.names), set(now.names)
        self.change = NodeChange(tuple(sorted(after - before)), tuple(sorted(before - after)))
