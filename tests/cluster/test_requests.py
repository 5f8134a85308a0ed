"""Requests that change a cluster keep to their rate, and are tried again as long as that makes sense."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

import httpx2
import pytest

from vsock_loadgen.cluster.requests import ConflictError, Requests
from vsock_loadgen.errors import ClusterError

T = TypeVar("T")
PATH = "/apis/kubevirt.io/v1/namespaces/vms/virtualmachines"


@dataclass(slots=True)
class Server:
    """Answers with `answers` in turn, then with an empty object; an exception is raised. `at` is when each request came."""

    answers: list[httpx2.Response | Exception] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    seconds: float = 0.0
    asked: list[httpx2.Request] = field(default_factory=list)

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        """What a request gets."""
        self.at.append(self.seconds)
        self.asked.append(request)
        answer = self.answers.pop(0) if self.answers else httpx2.Response(200, json={})
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def sleep(self, seconds: float) -> None:
        """Let that time pass at once."""
        self.seconds += seconds

    def run(self, what: Callable[[Requests], Awaitable[T]], *, per_second: float = 1_000) -> T:
        """Do something with it."""

        async def run() -> T:
            client = httpx2.AsyncClient(transport=httpx2.MockTransport(self.answer), base_url="http://api")
            requests = Requests(
                client, "http://api", per_second=per_second, patience_seconds=10, clock=lambda: self.seconds, sleep=self.sleep
            )
            async with requests:
                return await what(requests)

        return asyncio.run(run())


def refusal(status: int, **headers: str) -> httpx2.Response:
    return httpx2.Response(status, json={"kind": "Status", "message": f"says {status}"}, headers=headers)


def test_requests_keep_to_their_rate() -> None:
    server = Server()

    async def many(requests: Requests) -> None:
        for _ in range(5):
            await requests.get(PATH)

    server.run(many, per_second=50)
    assert server.at == pytest.approx([0, 0.02, 0.04, 0.06, 0.08])


@pytest.mark.parametrize("trouble", [refusal(429), refusal(500), refusal(503), httpx2.ConnectError("refused")])
def test_what_may_pass_is_tried_again(trouble: httpx2.Response | Exception) -> None:
    server = Server([trouble, httpx2.Response(201, json={"made": True})])
    assert server.run(lambda requests: requests.create(PATH, {"metadata": {"name": "a"}})) == {"made": True}
    assert len(server.at) == 2
    assert json.loads(server.asked[1].content) == {"metadata": {"name": "a"}}


def test_a_server_is_left_alone_for_as_long_as_it_says() -> None:
    server = Server([refusal(429, **{"Retry-After": "7"})])
    server.run(lambda requests: requests.get(PATH))
    assert server.at == pytest.approx([0, 7], abs=0.01)


def test_patience_ends() -> None:
    server = Server([refusal(503)] * 100)
    with pytest.raises(ClusterError, match="503"):
        server.run(lambda requests: requests.get(PATH))
    assert 3 <= len(server.at) <= 6


@pytest.mark.parametrize(("status", "remedy"), [(401, "token"), (403, "ClusterRole"), (422, "repeat")])
def test_what_will_not_pass_is_said_at_once(status: int, remedy: str) -> None:
    server = Server([refusal(status)])
    with pytest.raises(ClusterError) as refused:
        server.run(lambda requests: requests.delete(PATH))
    assert len(server.at) == 1
    assert (str(status) in refused.value.message, remedy in refused.value.remedy) == (True, True)


def test_an_object_that_is_there_is_no_refusal() -> None:
    with pytest.raises(ConflictError):
        Server([refusal(409)]).run(lambda requests: requests.create(PATH, {}))


def test_what_is_not_there_is_none_and_needs_no_deletion() -> None:
    assert Server([refusal(404)]).run(lambda requests: requests.get(PATH)) is None
    Server([refusal(404)]).run(lambda requests: requests.delete(PATH))
    with pytest.raises(ClusterError, match="virtualmachines"):
        Server([refusal(404)]).run(lambda requests: requests.create(PATH, {}))


def test_an_answer_that_is_no_object_is_said() -> None:
    with pytest.raises(ClusterError, match="not an object"):
        Server([httpx2.Response(200, text="<html>")]).run(lambda requests: requests.get(PATH))


def test_a_list_is_read_to_its_last_page() -> None:
    def page(*names: str, following: str = "") -> httpx2.Response:
        return httpx2.Response(200, json={"metadata": {"continue": following}, "items": [{"name": name} for name in names]})

    async def names(requests: Requests) -> list[str]:
        return [item["name"] async for item in requests.items(PATH, labelSelector="a=b")]

    server = Server([page("a", "b", following="next"), page("c")])
    assert server.run(names) == ["a", "b", "c"]
    assert [request.url.params.get("continue") for request in server.asked] == [None, "next"]
    assert {request.url.params["labelSelector"] for request in server.asked} == {"a=b"}
