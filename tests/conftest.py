"""Where everything must be present, a skipped test is a failure; how long an example takes is none anywhere."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
# Where this is set, as in many containers, each of some hundreds of commands would compile all modules of the tool anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# A shell's background, or nohup, has these ignored, which the programs under test would inherit; what is handled is theirs anew.
for ignored in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(ignored) is signal.SIG_IGN:
        signal.signal(ignored, lambda *_: None)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """In continuous integration, fail a session in which a test was skipped."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if os.environ.get("CI") and skipped and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
