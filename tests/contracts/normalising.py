"""What is made the same on every machine before an output is held against its golden file; all of it is here."""

from __future__ import annotations

import os
import re
import resource
import time
from pathlib import Path

import pytest

WIDTH = "100"
DESCRIPTORS = 1_000_000
_READ_BY_US = ("NODE_NAME", "NO_COLOR", "KUBECONFIG", "LINES")
_PLACES = (
    (re.compile(r"(vsock-loadgen, version )\S+"), r"\1VERSION"),
    (re.compile(r'(vsock_loadgen_build_info\{version=")[^"]+'), r"\1VERSION"),
    (re.compile(r"(startAt: was )\S+"), r"\1SOME TIME"),
    (re.compile(r"[ \t]+$", re.MULTILINE), ""),
)


def make_the_machine_common(monkeypatch: pytest.MonkeyPatch) -> None:
    """One processor, a known limit of open files, UTC, a terminal of a known width, and no variable that reconfigures a run."""
    for name in os.environ:
        if name.startswith("LOADGEN_") or name in _READ_BY_US:
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", WIDTH)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0})
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (DESCRIPTORS, DESCRIPTORS))
    monkeypatch.setattr(resource, "setrlimit", lambda _which, _limits: None)


def normalised(text: str) -> str:
    """A text without the version, the moment and the folder that it was made with, and without spaces at line ends."""
    text = text.replace(str(Path.cwd()), "FOLDER")
    for place, shown in _PLACES:
        text = place.sub(shown, text)
    return text
