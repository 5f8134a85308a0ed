"""Text of a terminal, with its colours, as an SVG that loads nothing from elsewhere."""

from __future__ import annotations

import io
import re

from rich.console import Console
from rich.text import Text

FONTS = "ui-monospace, Menlo, Consolas, monospace"


def terminal_svg(shown: str, *, width: int, title: str, name: str) -> str:
    """What a terminal of `width` columns shows, given as text with ANSI colours; `name` sets the ids of this picture apart."""
    console = Console(record=True, width=width, file=io.StringIO(), color_system="standard", force_terminal=True)
    console.print(Text.from_ansi(shown.rstrip("\n")))
    picture = console.export_svg(title=title, unique_id=name)
    without_fonts = re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL)  # they would be fetched from a server
    return re.sub(r"font-family: (?:Fira Code|arial)[^;]*;", f"font-family: {FONTS};", without_fonts)
