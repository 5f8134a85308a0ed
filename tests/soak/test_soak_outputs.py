"""What a soak that takes a day is to write is looked at first."""

from __future__ import annotations

from pathlib import Path

import pytest
from soak.page import BEGIN_MARK

from soak import __main__ as soak


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("none/page.md", "--markdown: {folder}/none/page.md cannot be written: there is no folder"),
        ("page.md", "--markdown's picture: {folder}/pictures/soak.svg cannot be written: there is no folder"),
        ("docs/page.md", "docs/page.md: found no mark, expected " + BEGIN_MARK),
    ],
)
def test_a_page_that_cannot_be_written_is_refused_before_anything_is_begun(
    page: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(soak, "Soak", lambda _: pytest.fail("was begun"))
    (tmp_path / "docs" / "pictures").mkdir(parents=True)
    (tmp_path / "docs" / "page.md").write_text("# Page without a mark")
    assert soak.main(["--markdown", f"{tmp_path}/{page}"]) == 2
    assert said.format(folder=tmp_path) in capsys.readouterr().err
