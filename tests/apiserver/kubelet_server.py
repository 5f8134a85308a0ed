"""What an API server asks of a kubelet: a pod's log, and to run a command in a pod."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import Callable

from aiohttp import web

from apiserver.pod import Pod
from certificates import Authority
from ports import free_port

_LOOK_SECONDS = 0.05
_PROTOCOL = "v5.channel.k8s.io"
_STDOUT, _STDERR, _ERROR = 1, 2, 3


class KubeletServer:
    """Serves on `port` of 127.0.0.1, to whoever has a certificate of that authority, until it is stopped."""

    def __init__(self, authority: Authority, find: Callable[[str, str], Pod | None]) -> None:
        self.port = free_port()
        self._find = find
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority.file))
        self._context.verify_mode = ssl.CERT_REQUIRED
        pair = authority.pair("kubelet")
        self._context.load_cert_chain(pair.certificate, pair.key)
        self._loop = asyncio.new_event_loop()
        self._serving = threading.Event()
        self._ended = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),), name="kubelet")
        self._thread.start()
        self._serving.wait()

    def stop(self) -> None:
        """End it, and whatever is under way."""
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()
        self._loop.close()

    async def _serve(self) -> None:
        app = web.Application()
        app.router.add_get("/containerLogs/{namespace}/{pod}/{container}", self._logs)
        app.router.add_get("/exec/{namespace}/{pod}/{container}", self._exec)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port, ssl_context=self._context).start()
        self._serving.set()
        await self._ended.wait()
        await runner.cleanup()
        await asyncio.sleep(_LOOK_SECONDS)  # what was connected is closed one turn later

    def _pod(self, request: web.Request) -> Pod:
        found = self._find(request.match_info["namespace"], request.match_info["pod"])
        if found is None:
            raise web.HTTPNotFound(text="no such pod on this node")
        return found

    async def _logs(self, request: web.Request) -> web.StreamResponse:
        pod = self._pod(request)
        answer = web.StreamResponse()
        await answer.prepare(request)
        with pod.log.open("rb") as log:
            if (lines := request.query.get("tailLines")) is not None:
                await answer.write(b"".join(log.readlines()[-int(lines) :]))
            follow = request.query.get("follow") == "true"
            while True:
                is_over = pod.has_ended.is_set() or not follow or self._ended.is_set()
                if text := log.read():
                    await answer.write(text)
                if is_over or request.transport is None:
                    return answer
                await asyncio.sleep(_LOOK_SECONDS)

    async def _exec(self, request: web.Request) -> web.WebSocketResponse:
        pod = self._pod(request)
        command = [pod.here(word) for word in request.query.getall("command")]
        answer = web.WebSocketResponse(protocols=(_PROTOCOL,))
        await answer.prepare(request)
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=pod.folder,
            env=pod.environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, errors = await process.communicate()
        for channel, text in ((_STDOUT, said), (_STDERR, errors)):
            if text:
                await answer.send_bytes(bytes([channel]) + text)
        await answer.send_bytes(bytes([_ERROR]) + json.dumps(_status(process.returncode or 0)).encode())
        await answer.close()
        return answer


def _status(code: int) -> dict[str, object]:
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    cause = {"reason": "ExitCode", "message": str(code)}
    message = f"command terminated with exit code {code}"
    return {"metadata": {}, "status": "Failure", "reason": "NonZeroExitCode", "message": message, "details": {"causes": [cause]}}
