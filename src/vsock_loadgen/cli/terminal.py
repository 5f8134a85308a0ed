"""The terminal on which a verb shows something. It imports rich: a verb imports it when it has something to show."""

from __future__ import annotations

import os
import shutil
import sys

from vsock_loadgen.text.console import Streams
from vsock_loadgen.watching.screen import can_be_drawn_on

_NARROWEST, _WIDEST = 20, 120


def streams(*, live: bool = False) -> Streams:
    """The terminal's streams, its width and whether it shows colours (NO_COLOR is honoured); `live` if it may be drawn on."""
    columns = shutil.get_terminal_size((80, 24)).columns
    color = sys.stdout.isatty() and sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    return Streams(
        sys.stderr,
        sys.stdout,
        max(_NARROWEST, min(columns, _WIDEST)),
        color,
        live and can_be_drawn_on(sys.stderr, os.environ),
        sys.stdin,
    )
