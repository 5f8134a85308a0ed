"""The result so far is made when somebody asks, and does not change once it is given."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from http import HTTPStatus

from run_example import failed_result
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.results.measured import PhaseResult
from vsock_loadgen.results.result import Result
from vsock_loadgen.serving.live_result import LiveResult
from vsock_loadgen.transport.web import Request, Response

REQUEST = Request("", "*/*")
TOTALS = RunTotals(1, 0)


class Source:
    """Gives one result, whose histograms go on growing, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        made = failed_result()
        self.result = replace(made, errors={}, phases=(PhaseResult("ramp", made.counts, made.times),))

    def result_of(self, totals: RunTotals) -> Result:
        self.asked += 1
        return self.result


def answered(live: LiveResult) -> Response:
    """The answer to a request that comes while the run goes on."""
    while True:
        answers: list[Response] = []
        asking = threading.Thread(target=lambda: answers.append(live.document(REQUEST)))  # noqa: B023 (it ends before the next)
        asking.start()
        while asking.is_alive():
            live.update(TOTALS)
            asking.join(0.01)
        if answers[0].status == HTTPStatus.OK:  # else this thread did not come to update it in time
            return answers[0]


def test_nobody_asks_and_nothing_is_made() -> None:
    source = Source()
    live = LiveResult(source.result_of, str)
    for _ in range(10):
        live.update(TOTALS)
    assert source.asked == 0


def test_a_request_gets_the_state_of_the_next_update_made_once() -> None:
    source = Source()
    live = LiveResult(source.result_of, str)
    response = answered(live)
    live.update(TOTALS)
    assert source.asked == 1
    assert response.content_type == "application/json"
    assert json.loads(response.body) == json.loads(json.dumps(source.result.to_json()))


def test_before_the_run_has_begun_there_is_none() -> None:
    live = LiveResult(Source().result_of, str, 0.05)
    assert live.document(REQUEST).status == HTTPStatus.SERVICE_UNAVAILABLE


def test_the_page_is_made_once_when_it_is_asked_for() -> None:
    made = []

    def page() -> str:
        made.append(1)
        return "<p>\N{GREEK SMALL LETTER MU}</p>"

    live = LiveResult(Source().result_of, page)
    assert not made
    for _ in range(2):
        response = live.page(REQUEST)
        assert (response.body.decode(), response.content_type) == ("<p>\N{GREEK SMALL LETTER MU}</p>", "text/html; charset=utf-8")
    assert len(made) == 1


def test_at_the_end_everybody_gets_the_final_result_at_once() -> None:
    live = LiveResult(Source().result_of, str, patience_seconds=3600.0)
    waiting = threading.Thread(target=live.document, args=(REQUEST,))
    waiting.start()
    final = replace(failed_result(), started_at="2030-01-01T00:00:00+00:00")
    live.end(final)
    waiting.join()
    for _ in range(2):
        assert json.loads(live.document(REQUEST).body)["started_at"] == final.started_at
