"""Whether this process has the terminal at this moment."""

from __future__ import annotations

import os


def is_in_foreground(descriptor: int) -> bool:
    """Whether the processes that have the terminal include this one: a job in the background neither draws nor reads."""
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:
        return True  # not our controlling terminal: no other process has it in the foreground either
