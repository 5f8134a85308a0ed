"""The page that explains the live view: its keys, then its words."""

from __future__ import annotations

import textwrap

from rich.segment import Segment

from vsock_loadgen.measures.outcome import Mode
from vsock_loadgen.watching.drawing import BOLD, DIM, Glyphs, Line, padded

KEYS = {
    "q": "stop, as Ctrl-C does: what is under way may finish; once more does not wait",
    "w": "the last 10 s or the whole run: reports, times and their chart",
    "?": "this page; any key closes it",
}
_TIMES = {
    "push": {
        "response": "from due to delivered, every due report: judge a target by it",
        "service": "from start to delivered, every started report",
        "lag": "from due to start: how late the generator itself was",
    },
    "pull": {
        "response": "from due until the asker has this report or a newer one",
        "service": "from the connection to the receipt, every delivered report",
        "lag": "from the whole request to the first byte: how late the generator was",
    },
}
_REPORTS = {
    "push": {
        "due": "due by the schedule",
        "delivered": "confirmed by the target",
        "failed": "started and not delivered, by class below",
        "skipped": "not started: the VM's last report was still in flight",
        "in flight": "due, and not finished",
    },
    "pull": {
        "due": "the agent has scanned",
        "delivered": "taken whole for the first time, with a receipt",
        "failed": "asked for, but not taken in time",
        "skipped": "not asked for in time",
        "waiting": "due, and not taken yet",
    },
}


def help_page(mode: Mode, columns: int, rows: int, glyphs: Glyphs) -> list[Line]:
    """As much of it as fits, the keys first."""
    standing = {
        glyphs.met: "a threshold is met, with its margin",
        glyphs.missed: "a threshold is missed, with the amount over or short",
        "invalid": "the generator was the limit, so far: the run proves nothing about the target",
    }
    lines: list[Line] = []
    for title, words in (("Keys", KEYS), ("Verdict so far", standing), ("Reports", _REPORTS[mode]), ("Times", _TIMES[mode])):
        if lines and rows > sum(map(len, (KEYS, standing, _REPORTS[mode], _TIMES[mode]))) + 10:
            lines.append([])
        lines.append([Segment(f" {title}", BOLD)])
        for word, meaning in words.items():
            first, *others = textwrap.wrap(meaning, max(20, columns - 14)) or [""]
            lines.append([Segment(padded(f"   {word}", 13)), Segment(f" {first}", DIM)])
            lines += [[Segment(" " * 14 + other, DIM)] for other in others]
    return lines[: max(0, rows)]
