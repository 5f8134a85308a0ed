"""What is compiled and what is not go together: what mypyc refuses only when it is used, as in no test of the pure form."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

from command import PROJECT

SOURCE = PROJECT / "src"
WHEEL = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
COMPILED = [SOURCE / module for module in WHEEL["hooks"]["custom"]["modules"]]


def classes_of(path: Path) -> Iterator[ast.ClassDef]:
    return (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef))


def test_no_class_of_the_interpreter_inherits_from_one_that_is_compiled() -> None:
    compiled = {each.name for path in COMPILED for each in classes_of(path)}
    assert compiled >= {"Sender", "Ledger", "Histogram"}
    wrong = [
        f"{path.relative_to(SOURCE)}: {each.name}"
        for path in SOURCE.rglob("*.py")
        if path not in COMPILED
        for each in classes_of(path)
        if compiled & {node.id for base in each.bases for node in ast.walk(base) if isinstance(node, ast.Name)}
    ]
    assert wrong == [], "compile these modules too (pyproject.toml)"
