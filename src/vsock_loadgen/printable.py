"""What may go to a terminal of a text that somebody else wrote."""

from __future__ import annotations


def printable(text: str) -> str:
    """The text with a question mark for every character that does not simply show.

    Those are control characters (which recolour, retitle or rewrite a terminal, or begin a new line in a log), and invisible ones
    that turn the direction of writing or hide what stands there.
    """
    return text if text.isprintable() else "".join(each if each.isprintable() else "?" for each in text)


def printable_lines(text: str) -> str:
    """Likewise, with the ends of lines left as they are."""
    return "\n".join(map(printable, text.split("\n")))
