"""Makes foreign text safe for a terminal, and any text fit for a terminal's encoding."""

from __future__ import annotations

import unicodedata

_DRAWN = "▁▂▃▄▅▆▇█▏▎▍▌▋▊▉░─━│┃"
_DRAWN_INSTEAD = str.maketrans(_DRAWN, ".:-=+*%#" + "---====" + ":" + "-=||")
_INSTEAD = str.maketrans("…±✕✓✗", ".~xvx")
"""ASCII stand-ins for the characters that this tool draws and writes with, one cell each."""


def printable(text: str) -> str:
    """The text with a question mark for every character that does not simply show.

    Those are control characters, which recolour or rewrite a terminal or begin a new line in a log. Others are invisible ones that
    turn the direction of writing or hide text.
    """
    return text if text.isprintable() else "".join(each if each.isprintable() else "?" for each in text)


def printable_lines(text: str) -> str:
    """The same, with line ends left as they are."""
    return "\n".join(map(printable, text.split("\n")))


def encodable(text: str, encoding: str | None) -> str:
    """The text with characters in place of those that an encoding lacks (None: UTF-8), in as many cells: the lines of tables and
    charts in ASCII, all of them if it lacks one, and letters without their accents; an escape for what has no similar character."""
    name = encoding or "utf-8"
    drawn = text if _has(name, _DRAWN) else text.translate(_DRAWN_INSTEAD)
    return drawn if _has(name, drawn) else "".join(each if _has(name, each) else _likeness(each) for each in drawn)


def _has(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _likeness(character: str) -> str:
    plain = unicodedata.normalize("NFKD", character.translate(_INSTEAD))[0]
    return plain if plain.isascii() else character.encode("ascii", "backslashreplace").decode()
