"""A browser, and what looks for errors of accessibility in it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from browser import Browser, chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if binary is None or driver is None:
        pytest.skip("needs Debian's chromium and chromium-driver")
    with chromium(binary, driver) as opened:
        yield opened


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core, which `make` puts beside the tools if there is npm."""
    script = Path(sys.prefix) / "node_modules/axe-core/axe.min.js"
    if not script.exists():
        pytest.skip("needs axe-core: apt-get install npm, then make check")
    return script.read_text(encoding="utf-8")
