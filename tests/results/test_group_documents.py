"""Groups in a result document: read as they were written, and held to their own accounts wherever they stand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hostile import result_with_everything
from vsock_loadgen.results.groups import DIMENSIONS
from vsock_loadgen.results.result import Result


def document() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(result_with_everything().to_json()))
    return made


def test_what_is_read_is_written_again_to_the_letter() -> None:
    """A group's values too: 500 packages, and not 500.0."""
    once = Result.read(document()).to_json()
    assert json.dumps(Result.read(once).to_json()) == json.dumps(once)
    for written in (document(), once):
        assert '"id": "500", "name": "500", "low": 500, "high": 500, "percent": 10.0,' in json.dumps(written["groups"])


@pytest.mark.parametrize("dimension", DIMENSIONS)
@pytest.mark.parametrize("index", [0, 1])
def test_each_group_of_each_dimension_has_to_agree_with_itself(dimension: str, index: int) -> None:
    changed = document()
    changed["groups"][dimension][index]["totals"]["due"] += 1
    with pytest.raises(ValueError, match=rf"groups\.{dimension}\[{index}\]\.totals"):
        Result.read(changed)
