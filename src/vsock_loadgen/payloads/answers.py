"""A whole report as an agent answers with it: its own header, then the views that all reports share."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass

from vsock_loadgen.payloads.dialects import LENGTH, Dialect, Facts, Mark, framed
from vsock_loadgen.payloads.envelope import field_head
from vsock_loadgen.payloads.reports import Buffer, ReportFactory

_META = 1  # VMServiceResponse.meta
_GET_REPORT = 2  # VMServiceResponse.get_report
_INDEX_REPORT = 1  # GetReportResponse.index_report
_CONTENTS = 5  # scanner IndexReport.contents


@dataclass(frozen=True, slots=True)
class Answers:
    """What agents say, in a dialect, framed for the wire. Times are nanoseconds since the epoch."""

    reports: ReportFactory
    dialect: Dialect
    facts: Facts
    seed: int

    def mark(self, index: int, number: int, epoch_ns: int) -> Mark:
        """How the `number`th report of an agent that started at `epoch_ns` is recognized: its token is unique."""
        digest = hashlib.blake2b(f"{self.seed}/token/{index}/{epoch_ns}/{number}".encode(), digest_size=16).digest()
        return Mark(str(uuid.UUID(bytes=digest, version=4)), number, epoch_ns // 1_000_000_000)

    def report(self, index: int, packages: int, mark: Mark, generated_ns: int) -> list[Buffer]:
        """The whole report of a machine, as buffers to send one after the other. Raises ValueError as `ReportFactory` does."""
        contents = self.reports.contents(index, packages)
        contents_bytes = sum(map(len, contents))
        own = self.reports.envelope.index_fields(index) + field_head(_CONTENTS, contents_bytes)
        index_bytes = len(own) + contents_bytes
        index_head = field_head(_INDEX_REPORT, index_bytes)
        meta = self.dialect.meta(self.facts, mark, generated_ns)
        head = field_head(_META, len(meta)) + meta + field_head(_GET_REPORT, len(index_head) + index_bytes) + index_head + own
        return [LENGTH.pack(len(head) + contents_bytes) + head, *contents]

    def unchanged(self, mark: Mark, generated_ns: int) -> bytes:
        """That the asker has the report already."""
        return framed(self.dialect.unchanged(self.facts, mark, generated_ns))

    def error(self, code: str, text: str) -> bytes:
        """That something went wrong, by the name of a code."""
        return framed(self.dialect.error(self.facts, code, text))
