"""A bare server of the library that ours is built on, which sends the same bytes: what these two ask for an answer at least.

    python -m bench.reference.bare PACKAGES [CERTIFICATE CA]

It reads two messages, writes one answer, the same one always, in pieces of the same size, and closes; it keeps no accounts, asks
for no receipt and has no VMs. Prints the port that it listens on, and goes on until a signal ends it.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
from collections.abc import Sequence

import uvloop
from aiohttp import web

from vsock_loadgen.payloads.answers import Answers
from vsock_loadgen.payloads.dialects import DIALECTS, Facts
from vsock_loadgen.payloads.reports import Buffer, ReportFactory

_PIECE_BYTES = 32 * 1024


def answer(packages: int) -> list[memoryview]:
    """A report as ours answers with it, in pieces."""
    factory = ReportFactory.build(largest=packages, report_format="vmReport", package_sets="shared", seed=0)
    answers = Answers(factory, DIALECTS["token"], Facts("bare", {}), 0)
    buffers: Sequence[Buffer] = answers.report(0, packages, answers.mark(0, 1, 0), 0)
    views = [memoryview(buffer) for buffer in buffers]
    return [view[start : start + _PIECE_BYTES] for view in views for start in range(0, len(view), _PIECE_BYTES)]


async def serve(packages: int, tls: ssl.SSLContext | None) -> None:
    """Answer until the process ends."""
    pieces = answer(packages)

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        ws = web.WebSocketResponse(protocols=("plain.kubevirt.io",), compress=False, autoping=False)
        if not ws.can_prepare(request):
            return web.Response(text="ok")
        await ws.prepare(request)
        await ws.receive()
        await ws.receive()
        for piece in pieces:
            await ws.send_bytes(piece)  # type: ignore[arg-type]
        await ws.close()
        return ws

    runner = web.ServerRunner(web.Server(handle, access_log=None))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls, backlog=4_096)
    await site.start()
    print(f"listening on {runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


def main(arguments: Sequence[str]) -> None:
    """Serve, over TLS with mutual certificates where these are given."""
    tls = None
    if len(arguments) > 1:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.options |= ssl.OP_NO_TICKET
        tls.num_tickets = 0
        tls.verify_flags &= ~ssl.VERIFY_X509_STRICT
        tls.load_cert_chain(arguments[1])
        tls.load_verify_locations(arguments[2])
        tls.verify_mode = ssl.CERT_OPTIONAL
    uvloop.run(serve(int(arguments[0]), tls))


if __name__ == "__main__":
    main(sys.argv[1:])
