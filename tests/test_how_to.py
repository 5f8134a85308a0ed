"""Each guide of docs/how-to, followed from its start to its end: its commands end as they should, and print what it shows."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from command import EXAMPLES
from documents import HOW_TO, blocks_of, follow

GUIDES = sorted(HOW_TO.glob("[a-z]*.md"))


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Future[None]]]:
    """The guides, being followed all at the same time: most of what they do is wait for the end of a run."""
    with ThreadPoolExecutor(len(GUIDES)) as readers:
        yield {path.stem: readers.submit(_follow, path, tmp_path_factory.mktemp(path.stem)) for path in GUIDES}


def _follow(path: Path, folder: Path) -> None:
    shutil.copytree(EXAMPLES, folder / "examples")
    follow(path, folder)


@pytest.mark.parametrize("guide", [path.stem for path in GUIDES])
def test_the_guide_can_be_followed(guide: str, followed: Mapping[str, Future[None]]) -> None:
    followed[guide].result()


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.stem)
def test_the_guide_shows_what_it_leads_to_and_is_in_the_index(path: Path) -> None:
    assert any(block.info.startswith("text") for block in blocks_of(path))
    assert f"({path.name})" in (HOW_TO / "README.md").read_text()
