"""Loads configs from texts, as a user would from a file called loadgen.yaml."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from vsock_loadgen.config.load import Loaded, Override, load
from vsock_loadgen.errors import ConfigError

Load = Callable[..., Loaded]
Complain = Callable[..., list[str]]


@pytest.fixture
def load_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Loads a text as the file loadgen.yaml of the current directory."""
    monkeypatch.chdir(tmp_path)

    def run(
        text: str | bytes,
        environment: Mapping[str, str] | None = None,
        overrides: Sequence[Override] = (),
        *,
        strict: bool = False,
    ) -> Loaded:
        path = Path("loadgen.yaml")
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load(path, environment=environment or {}, overrides=overrides, strict=strict)

    return run


@pytest.fixture
def complaints(load_text: Load) -> Complain:
    """The problems of a text that does not load, as lines."""

    def run(text: str | bytes, *args: object, **kwargs: object) -> list[str]:
        with pytest.raises(ConfigError) as raised:
            load_text(text, *args, **kwargs)
        return [str(problem) for problem in raised.value.problems]

    return run
