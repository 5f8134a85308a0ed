"""What a bench that takes an hour is to write is looked at first."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import __main__ as bench


@pytest.mark.parametrize("option", ["--json", "--markdown"])
def test_an_output_that_cannot_be_written_is_refused_before_anything_is_built(
    option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "build", lambda: pytest.fail("was built"))
    assert bench.main([option, f"{tmp_path}/none/file"]) == 2
    assert f"bench: {option}: {tmp_path}/none/file cannot be written: there is no folder" in capsys.readouterr().err
