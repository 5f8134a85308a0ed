"""What users and readers are told is plain English: phrases for which there is a plainer word stand in no text of the project."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FROZEN = ("docs/decisions/",)
PLAINER = {
    r"\b(?:hold|holds|held|holding)\b(?: \w+){0,6} against\b": "compare with, check against",
    r"\b(?:reports|bytes|askings|connections|times|once) a (?:second|minute)\b": "per second, per minute",
    r"\b(?:nobody|somebody|everybody|whoever)\b": "name the person or the process, or use the passive",
    r"\bmisbehav": "inject faults",
    r"\bin vain\b": "failed, not taken",
    r"\banew\b": "again, repeat, restart",
    r"\bcomes? to (?:an|its|their) end\b|\bcame to (?:an|its|their) (?:early )?end\b": "end, finish, lost",
    r"\bof one's own\b": "its own, separate",
    r"\bolder tool\b": "the predecessor",
    r"\bstandard (?:error|output|input)\b": "stderr, stdout, stdin",
    r"\b(?:None|empty|[Rr]aises? \w+) where\b": "if",
}


def of_python(path: Path) -> Iterator[tuple[int, str]]:
    """The docstrings and other texts of a module, each with its line; values of an f-string are left out."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def texts() -> Iterator[tuple[Path, int, str]]:
    """Every text that is checked: file, line, words."""
    for path in sorted((ROOT / "src").rglob("*.py")):
        if not path.name.endswith("_pb2.py"):
            yield from ((path, line, text) for line, text in of_python(path))
    pages = [*(ROOT / "src").rglob("*.js"), *(ROOT / "src").rglob("*.html"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")]
    for path in sorted(pages):
        if not str(path.relative_to(ROOT)).startswith(FROZEN):
            yield path, 1, path.read_text(encoding="utf-8")


@pytest.mark.parametrize(("phrase", "plainer"), PLAINER.items(), ids=PLAINER.values())
def test_a_phrase_that_costs_a_reader_twice_is_nowhere(phrase: str, plainer: str) -> None:
    found = []
    for path, first, text in texts():
        for match in re.finditer(phrase.replace(" ", r"\s+(?:// )?"), text):
            line = first + text[: match.start()].count("\n")
            found.append(f"{path.relative_to(ROOT)}:{line}: {match.group()!r}: say {plainer}")
    assert not found, "\n".join(found)
