"""Every contract is looked at on the same machine, in an empty folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.normalising import make_the_machine_common


@pytest.fixture(autouse=True)
def _common_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    make_the_machine_common(monkeypatch)
    monkeypatch.chdir(tmp_path)
