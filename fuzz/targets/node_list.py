"""What an API server, or whatever answers in its place, says when it is asked for the nodes."""

from __future__ import annotations

from functools import partial
from unittest import mock

import httpx2
import lightkube
from lightkube import Client
from lightkube.config.kubeconfig import SingleConfig
from lightkube.config.models import Cluster, Context, User

from fuzz.draws import Draws
from fuzz.oracle import hold
from vsock_loadgen.cluster import nodes
from vsock_loadgen.errors import ClusterError

_CONFIG = SingleConfig("", Context(cluster=""), Cluster(server="http://127.0.0.1:9", insecure=True), User())
_STATUSES = (200, 201, 204, 301, 400, 401, 403, 404, 408, 410, 429, 500, 503)
_MOST_REQUESTS = 40
_HEADERS: tuple[dict[str, str], ...] = (
    {},
    {"Content-Type": "application/json"},
    {"Content-Encoding": "gzip"},
    {"Content-Type": "text/html; charset=\xff"},
)
_PIECES = (
    b'{"metadata":{"name":"w-1","labels":{"a":"b"}}}', b'{"metadata":{"name":""}}', b'{"metadata":null}',
    b'{"metadata":{"name":7}}', b"{}", b"null",
    b"7", b'"x"', b"[]", b"[" * 3_000, b'{"metadata":{"name":"\\ud800"}}', b'{"metadata":{"name":"a\\nb"}}', b'{"metadata":[]}',
    b'{"spec":{"taints":5}}', b'{"message":"' + b"x" * 3_000 + b'"}', b'{"message":"\\u001b[31m"}', b'{"message":' + b"[" * 3_000,
)  # fmt: skip


def check(data: bytes) -> None:
    """The nodes are names in order, or the refusal says what to do; and asking for pages comes to an end."""
    draws = Draws(data)
    answers = [_answer(draws) for _ in range(1 + draws.number(3))]
    requests = 0

    def serve(request: httpx2.Request) -> httpx2.Response:
        nonlocal requests
        requests += 1
        if requests > _MOST_REQUESTS:
            raise httpx2.ReadTimeout("a server that goes on for ever", request=request)
        status, headers, content = answers[min(requests, len(answers)) - 1]
        return httpx2.Response(status, headers=headers, stream=httpx2.ByteStream(content))

    made = partial(Client, transport=httpx2.MockTransport(serve), trust_env=False)
    with mock.patch.object(lightkube, "Client", made):
        found, _ = nodes.NODES._ask(_CONFIG)
    if isinstance(found, ClusterError):
        hold(bool(found.remedy), "a refusal says what to do", found)
        hold(len(str(found)) < 2_000, "a refusal is short", str(found))
        return
    hold(list(found.names) == sorted(found.names) and all(found.names), "workers are names in order", found)


def _answer(draws: Draws) -> tuple[int, dict[str, str], bytes]:
    status = draws.pick(_STATUSES) if draws.flag() else 200
    headers = draws.pick(_HEADERS)
    match draws.number(3):
        case 0:
            return status, headers, draws.data()
        case 1:
            return status, headers, draws.pick(_PIECES)
        case _:
            items = b",".join(draws.pick(_PIECES) for _ in range(draws.number(5)))
            more = b',"metadata":{"continue":"x"}' if draws.flag() else b""
            return status, headers, b'{"kind":"NodeList","apiVersion":"v1","items":[' + items + b"]" + more + b"}"
