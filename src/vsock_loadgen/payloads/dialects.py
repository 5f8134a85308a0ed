"""What asker and agent say to each other: one framed request, one framed response, in one of two dialects.

The dialects differ in how a report is recognized: by a token (what a release speaks), or by a generation and its agent's start.
"""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from google.protobuf.message import DecodeError, Message

from vsock_loadgen.payloads.proto import vm_service_pb2 as service

DialectName = Literal["token", "generation"]
LENGTH = struct.Struct("!I")
MOST_REQUEST_BYTES = 1 << 20
MOST_RESPONSE_BYTES = 16 << 20
METHODS = ("get_report",)
_NANO = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Mark:
    """How a report is recognized: the `generation`th scan since its agent started at `epoch` (Unix seconds), or its token."""

    token: str = ""
    generation: int = 0
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """What an asker wants: a `method`, empty if it named none; `known` is the report that it has already."""

    method: str
    known: Mark


@dataclass(frozen=True, slots=True)
class Response:
    """What an agent said: an `error`, or a report (its IndexReport as bytes), or that it is `unchanged`; and the mark of it."""

    mark: Mark
    report: Any = None
    unchanged: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What an agent says of itself beside every report."""

    agent_version: str
    facts: Mapping[str, str]


class Dialect(ABC):
    """A dialect. Bytes here are messages without the length in front of them."""

    name: DialectName
    _request: type[Any]
    _response: type[Any]

    def request(self, data: bytes) -> Request:
        """What an asker said. Raises ValueError if that is not a request."""
        message = _parsed(self._request(), data)
        return Request(message.WhichOneof("method") or "", self._known(message.get_report))

    def asking(self, request_id: str, known: Mark) -> bytes:
        """A request for the report, from an asker that has this one."""
        message = self._request()
        message.meta.request_id = request_id
        message.meta.capabilities.append("report_v1")
        self._name(message.get_report, known)
        message.get_report.SetInParent()
        return bytes(message.SerializeToString())

    def response(self, data: bytes) -> Response:
        """What an agent said. Raises ValueError if that is not a response."""
        message = _parsed(self._response(), data)
        mark = self._mark(message.meta)
        result = message.WhichOneof("result")
        if result == "error":
            return Response(mark, error=_code(message.error.code))
        if result != "get_report":
            return Response(mark)
        found = message.get_report
        return Response(mark, found.index_report if found.HasField("index_report") else None, found.unchanged)

    def meta(self, facts: Facts, mark: Mark, generated_ns: int | None) -> bytes:
        """The header of every result; `generated_ns` since the epoch is when the report was made, None if there is none."""
        return bytes(self._with_meta(facts, mark, generated_ns).meta.SerializeToString(deterministic=True))

    def unchanged(self, facts: Facts, mark: Mark, generated_ns: int) -> bytes:
        """A response that says that the asker has the report already."""
        message = self._with_meta(facts, mark, generated_ns)
        message.get_report.unchanged = True
        return bytes(message.SerializeToString(deterministic=True))

    def error(self, facts: Facts, code: str, text: str) -> bytes:
        """A response that says what went wrong, by the name of a code."""
        message = self._with_meta(facts, Mark(), None)
        message.error.code = service.ErrorCode.Value(code.upper())
        message.error.message = text
        return bytes(message.SerializeToString(deterministic=True))

    def _with_meta(self, facts: Facts, mark: Mark, generated_ns: int | None) -> Any:
        message = self._response()
        message.meta.agent_version = facts.agent_version
        message.meta.supported_methods.extend(METHODS)
        message.meta.facts.update(facts.facts)
        if generated_ns is not None:
            message.meta.report_generated_at.seconds, message.meta.report_generated_at.nanos = divmod(generated_ns, _NANO)
            self._put(message.meta, mark)
        return message

    @abstractmethod
    def is_known(self, known: Mark, mark: Mark) -> bool:
        """Whether the report that an asker has is this one."""

    @abstractmethod
    def _known(self, wanted: Any) -> Mark:
        """What a request says that the asker has."""

    @abstractmethod
    def _name(self, wanted: Any, known: Mark) -> None:
        """Say it in a request."""

    @abstractmethod
    def _mark(self, meta: Any) -> Mark:
        """The mark that a response has."""

    @abstractmethod
    def _put(self, meta: Any, mark: Mark) -> None:
        """Put it there."""


class TokenDialect(Dialect):
    """A report is known by its token."""

    name = "token"
    _request, _response = service.TokenRequest, service.TokenResponse

    def is_known(self, known: Mark, mark: Mark) -> bool:
        """Whether the report that an asker has is this one."""
        return known.token != "" and known.token == mark.token

    def _known(self, wanted: service.TokenGetReport) -> Mark:
        return Mark(token=wanted.last_known_token)

    def _name(self, wanted: service.TokenGetReport, known: Mark) -> None:
        wanted.last_known_token = known.token

    def _mark(self, meta: service.TokenMeta) -> Mark:
        return Mark(token=meta.report_token)

    def _put(self, meta: service.TokenMeta, mark: Mark) -> None:
        meta.report_token = mark.token


class GenerationDialect(Dialect):
    """A report is known by its number and by when its agent started; an asker that does not say the latter means any."""

    name = "generation"
    _request, _response = service.GenerationRequest, service.GenerationResponse

    def is_known(self, known: Mark, mark: Mark) -> bool:
        """Whether the report that an asker has is this one."""
        return known.generation == mark.generation and known.epoch in (0, mark.epoch)

    def _known(self, wanted: service.GenerationGetReport) -> Mark:
        return Mark(generation=wanted.last_known_generation, epoch=wanted.known_epoch)

    def _name(self, wanted: service.GenerationGetReport, known: Mark) -> None:
        wanted.last_known_generation, wanted.known_epoch = known.generation, known.epoch

    def _mark(self, meta: service.GenerationMeta) -> Mark:
        return Mark(generation=meta.report_generation, epoch=meta.epoch)

    def _put(self, meta: service.GenerationMeta, mark: Mark) -> None:
        meta.report_generation, meta.epoch = mark.generation, mark.epoch


DIALECTS: dict[str, Dialect] = {dialect.name: dialect for dialect in (TokenDialect(), GenerationDialect())}


def framed(message: bytes) -> bytes:
    """A message with its length in front, as it goes over the wire."""
    return LENGTH.pack(len(message)) + message


def _parsed(message: Message, data: bytes) -> Any:
    try:
        message.ParseFromString(data)
    except DecodeError as error:
        raise ValueError(f"{len(data)} bytes that are not a message of this kind") from error
    return message


def _code(number: int) -> str:
    """The name of an error code in lower case, or its number if it has none."""
    try:
        return service.ErrorCode.Name(number).lower()  # type: ignore[arg-type]
    except ValueError:
        return str(number)
