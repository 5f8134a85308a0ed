"""The text of a result's document, made piece by piece: as a whole it would take several times the memory of what it tells."""

from __future__ import annotations

import json
from collections.abc import Iterator

from vsock_loadgen.measures.result import Result


def result_pieces(result: Result) -> Iterator[str]:
    """The document, a row of the series at a time and in a line each, with a line end at its end."""
    yield json.dumps(result.head_json(), indent=1).removesuffix("\n}")
    yield ',\n "series": ['
    for number, row in enumerate(result.series):
        yield f"{',' if number else ''}\n  {json.dumps(row.to_json())}"
    yield "\n ]\n}\n"


def result_document(result: Result) -> str:
    """The document as one text."""
    return "".join(result_pieces(result))
