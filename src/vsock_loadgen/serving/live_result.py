"""The result so far, for requests during the run."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from http import HTTPStatus

from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.results.files import result_pieces
from vsock_loadgen.results.result import Result
from vsock_loadgen.transport.web import Request, Response

_HTML = "text/html; charset=utf-8"
_JSON = "application/json"


class LiveResult:
    """Answers `/result.json` with the state of the run, and `/` with the page that shows it.

    A request asks and waits for the next `update`, which takes a copy; turning it into text, the larger part of the work, is left
    to the request's own thread. `page` makes the text of the page, when it is first asked for.
    """

    def __init__(self, result_of: Callable[[RunTotals], Result], page: Callable[[], str], patience_seconds: float = 2.0) -> None:
        self._result_of = result_of
        self._make_page = page
        self._patience_seconds = patience_seconds
        self._page: bytes | None = None
        self._changed = threading.Condition()
        self._is_wanted = False
        self._latest: Result | None = None
        self._is_over = False

    def update(self, totals: RunTotals) -> None:
        """Take a copy of the state if a request waits for one."""
        if not self._is_wanted:
            return
        result = self._result_of(totals)
        with self._changed:
            self._latest = result
            self._is_wanted = False
            self._changed.notify_all()

    def end(self, result: Result) -> None:
        """Answer all requests with this result: it is the final one."""
        with self._changed:
            self._latest = result
            self._is_over = True
            self._is_wanted = False
            self._changed.notify_all()

    def document(self, request: Request) -> Response:
        """The result as JSON; the last one if the run is over, 503 if it has not begun."""
        with self._changed:
            self._is_wanted = not self._is_over
            self._changed.wait_for(lambda: not self._is_wanted, self._patience_seconds)
            latest = self._latest
        if latest is None:
            return Response(b"the run has not begun\n", "text/plain; charset=utf-8", HTTPStatus.SERVICE_UNAVAILABLE)
        return Response(_text_of(latest), _JSON)

    def page(self, request: Request) -> Response:
        """The page that shows the result and reloads it."""
        if self._page is None:
            self._page = self._make_page().encode()
        return Response(self._page, _HTML)


def _text_of(result: Result) -> bytes:
    """The document, made in one block that is returned to the system as a whole: thousands of pieces would leave gaps behind."""
    text = io.BytesIO()
    for piece in result_pieces(result):
        text.write(piece.encode())
    return text.getvalue()
