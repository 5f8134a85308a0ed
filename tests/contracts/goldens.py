"""Golden files: what an output has to be, byte for byte, until somebody means to change it.

`GOLDEN=write pytest tests/contracts` writes them anew; then read the difference.
"""

from __future__ import annotations

import difflib
import hashlib
import itertools
import json
import os
from collections.abc import Mapping
from pathlib import Path

from contracts.normalising import normalised

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
FOLDER = GOLDEN / "contracts"
MOST_SHOWN = 60
IS_WRITING = os.environ.get("GOLDEN") == "write"


def check_golden(name: str, text: str) -> None:
    """Fail where a text, once normalised, is not that of the golden file."""
    path = FOLDER / name
    made = normalised(text)
    if IS_WRITING:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made, encoding="utf-8")
    golden = path.read_text(encoding="utf-8")
    assert made == golden, f"{name}\n{_difference(golden, made)}"


def _difference(golden: str, made: str) -> str:
    lines = difflib.unified_diff(golden.splitlines(), made.splitlines(), "golden", "made", n=1, lineterm="")
    return "\n".join(itertools.islice(lines, MOST_SHOWN))


def check_golden_sections(name: str, sections: Mapping[str, str]) -> None:
    """The same for many short texts in one file, each under its name."""
    check_golden(name, "\n".join(f"=== {title}\n{text.rstrip()}\n" for title, text in sections.items()))


def check_golden_digests(name: str, texts: Mapping[str, str | bytes]) -> None:
    """The same for texts that are too long to keep: the SHA-256 of each."""
    check_golden(name, json.dumps({key: digest(text) for key, text in texts.items()}, indent=1) + "\n")


def digest(text: str | bytes) -> str:
    """The SHA-256 of a text, normalised, or of bytes as they are."""
    return hashlib.sha256(text if isinstance(text, bytes) else normalised(text).encode()).hexdigest()


def pretty(value: object) -> str:
    """A JSON document as the text of a golden file, its keys in their order."""
    return json.dumps(value, indent=1) + "\n"
