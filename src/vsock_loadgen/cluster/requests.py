"""Changing what a cluster has: requests to its API server at a bounded rate, tried again as long as that makes sense."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from vsock_loadgen.cluster.api_server import PAGE_ITEMS, PATIENCE_SECONDS, may_pass, message_of, without_credentials
from vsock_loadgen.errors import ClusterError

if TYPE_CHECKING:
    import httpx2
    from lightkube.config.kubeconfig import SingleConfig

MERGE_PATCH = "application/merge-patch+json"
_CONFLICT, _NOT_FOUND = 409, 404
_FIRST_PAUSE_SECONDS = 0.5
_REQUEST_SECONDS = 60.0
"""Longer than an API server takes for what it has not given up itself."""
_REMEDIES = {
    401: "check that the kubeconfig's user, or the service account's token, is of this cluster and has not expired",
    403: "bind the account to a ClusterRole that may do this; docs/pull.md has one",
}

Document = dict[str, Any]


class ConflictError(Exception):
    """An object of that name is there already."""


class Requests:
    """Requests of one account to one API server, at a bounded rate. A request that is rate-limited, or fails in a way that may
    pass, is tried again for `patience_seconds`."""

    def __init__(
        self,
        client: httpx2.AsyncClient,
        server: str,
        *,
        per_second: float,
        patience_seconds: float = PATIENCE_SECONDS,
        clock: Callable[[], float] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._client = client
        self._server = server
        self._between_seconds = 1 / per_second
        self._patience_seconds = patience_seconds
        self._clock = clock or asyncio.get_running_loop().time
        self._sleep = sleep
        self._next = self._clock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._client.aclose()

    async def get(self, path: str, **query: str) -> Document | None:
        """An object or a list; None if there is none. Raises ClusterError."""
        return await self._ask("GET", path, query=query)

    async def create(self, path: str, document: Document) -> Document:
        """The object as the server has made it. Raises ConflictError if there is one of that name, and ClusterError."""
        made = await self._ask("POST", path, document)
        if made is None:
            raise ClusterError(f"{self._server} has no {path}", "check that the namespace exists: kubectl create namespace NAME")
        return made

    async def merge(self, path: str, document: Document) -> Document | None:
        """The object, changed as the document says; None if there is none. Raises ClusterError."""
        return await self._ask("PATCH", path, document, kind=MERGE_PATCH)

    async def delete(self, path: str, **query: str) -> None:
        """Delete an object, or those of a list; a missing one is no error. Raises ClusterError."""
        await self._ask("DELETE", path, query=query)

    async def items(self, path: str, **query: str) -> AsyncIterator[Document]:
        """The objects of a list, read in pages; none if the server has no such list. Raises ClusterError."""
        query = {**query, "limit": str(PAGE_ITEMS)}
        while True:
            page = await self.get(path, **query)
            for item in (page or {}).get("items") or ():
                yield item
            following = ((page or {}).get("metadata") or {}).get("continue")
            if not following:
                return
            query["continue"] = following

    async def first(self, path: str, **query: str) -> Document | None:
        """The first object of a list; None if it has none. Raises ClusterError."""
        page = await self.get(path, **query, limit="1") or {}
        return next(iter(page.get("items") or ()), None)

    async def _ask(
        self, method: str, path: str, document: Document | None = None, *, query: Document | None = None, kind: str = ""
    ) -> Document | None:
        """The answer's document, None for 404."""
        import httpx2

        content = None if document is None else json.dumps(document)
        headers = {} if document is None else {"Content-Type": kind or "application/json"}
        deadline, pause_seconds = self._clock() + self._patience_seconds, _FIRST_PAUSE_SECONDS
        while True:
            await self._turn()
            wait_seconds = pause_seconds
            try:
                answer = await self._client.request(method, path, params=query, content=content, headers=headers)
                status = answer.status_code
                if status < 300:
                    return self._document(answer)
                if status == _NOT_FOUND:
                    return None
                if status == _CONFLICT and method == "POST":
                    raise ConflictError(path)
                error = self._refused(method, path, status, message_of(answer))
                if not may_pass(status):
                    raise error
                wait_seconds = max(pause_seconds, _retry_after(answer))
            except httpx2.RequestError as failed:
                said = str(failed) or type(failed).__name__
                error = ClusterError(
                    f"the API server {self._server} cannot be asked: {said}", "check that it runs, then repeat this"
                )
            if self._clock() + wait_seconds >= deadline:
                raise error
            await self._sleep(wait_seconds)
            pause_seconds *= 2

    async def _turn(self) -> None:
        """Wait until the next request may be made."""
        now = self._clock()
        mine = max(now, self._next)
        self._next = mine + self._between_seconds
        if mine > now:
            await self._sleep(mine - now)

    def _document(self, answer: httpx2.Response) -> Document:
        try:
            document = answer.json()
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise ClusterError(
                f"{self._server} answered with something that is not an object of Kubernetes",
                "check that this is the address of an API server, and the proxies in between",
            )
        return document

    def _refused(self, method: str, path: str, status: int, said: str) -> ClusterError:
        message = f"the API server {self._server} answered {status} to {method} {path}" + (f": {said}" if said else "")
        return ClusterError(message, _REMEDIES.get(status, "repeat this: existing objects stay"))


def requests_of(config: SingleConfig, per_second: float) -> Requests:
    """Requests by a kubeconfig or a service account; to be called in an event loop."""
    import httpx2
    from lightkube.config.client_adapter import AsyncClient, ConnectionParams

    client = AsyncClient(config, ConnectionParams(timeout=httpx2.Timeout(_REQUEST_SECONDS)))
    return Requests(client, without_credentials(config.cluster.server), per_second=per_second)


def _retry_after(answer: httpx2.Response) -> float:
    """How many seconds the server wants to be left alone; 0 if it does not say."""
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isdecimal() else 0.0
