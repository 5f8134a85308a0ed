"""What an API server's aggregation layer does with a request for somebody behind it, as a small proxy: it knows its users by their
tokens, comes with its own certificate over a fresh connection, says on whose behalf, and copies bytes from then on."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from certificates import Authority, Pair

_PIECE_BYTES = 65_536
_REFUSAL = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Aggregator:
    """Asks the server on `port` of 127.0.0.1 on behalf of those whose `users` are given by token."""

    def __init__(self, port: int, trusted: Authority, own: Pair, users: Mapping[str, str]) -> None:
        self._behind = port
        self._users = users
        self._context = ssl.create_default_context(cafile=str(trusted.file))
        self._context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        self._context.load_cert_chain(own.certificate, own.key)
        self.url = ""

    async def serve(self, serving: threading.Event, ended: asyncio.Event) -> None:
        """Until it has ended."""
        server = await asyncio.start_server(self._handle, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        serving.set()
        await ended.wait()
        server.close()

    async def _handle(self, asker: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await asker.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
            tokens = [line.split()[-1] for line in head if line.lower().startswith("authorization: bearer ")]
            user = self._users.get(*tokens) if tokens else None
            if user is None:
                back.write(_REFUSAL)
            else:
                await self._pass_on([line for line in head if not line.lower().startswith("authorization:")], user, asker, back)
        back.close()

    async def _pass_on(self, head: list[str], user: str, asker: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        answers, onwards = await asyncio.open_connection("127.0.0.1", self._behind, ssl=self._context)
        said = [*head, f"X-Remote-User: {user}", "X-Remote-Group: system:authenticated", "", ""]
        onwards.write("\r\n".join(said).encode())
        copying = [asyncio.ensure_future(_copy(*way)) for way in ((asker, onwards), (answers, back))]
        await asyncio.wait(copying, return_when=asyncio.FIRST_COMPLETED)
        onwards.close()
        await asyncio.wait(copying)


async def _copy(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, ssl.SSLError):
        while piece := await source.read(_PIECE_BYTES):
            to.write(piece)
            await to.drain()
    to.close()


@contextmanager
def aggregator(port: int, trusted: Authority, own: Pair, users: Mapping[str, str]) -> Iterator[Aggregator]:
    """One while it is entered."""
    made = Aggregator(port, trusted, own, users)
    loop, serving, ended = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(made.serve(serving, ended),), name="aggregator")
    thread.start()
    serving.wait()
    try:
        yield made
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.01))
        loop.close()
