"""What every target's promises are made of. A broken one is an exception that no parser of ours raises or catches."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from vsock_loadgen.errors import Problem

_LONGEST_MESSAGE = 2_000


class BrokenPromiseError(AssertionError):
    """An input for which the tool does not keep what it promises."""


def hold(claim: bool, promise: str, *found: object) -> None:
    """Raise BrokenPromiseError unless the claim is true. `found` is what to show beside the promise."""
    if not claim:
        raise BrokenPromiseError(": ".join([promise, *(repr(each)[:500] for each in found)]))


def hold_one_line(message: str) -> None:
    """A message is one printable line of a length that somebody reads."""
    hold(bool(message.strip()), "a message says something")
    hold(message.isprintable(), "a message is one printable line", message)
    hold(len(message) <= _LONGEST_MESSAGE, "a message is short", message)


def hold_problems(problems: Iterable[Problem], source: str, lines: int) -> None:
    """Each problem is a message about the source, or about a line that the source has; what is left out is counted."""
    hold(bool(found := tuple(problems)), "an error names at least one problem")
    for problem in found:
        hold_one_line(str(problem))
        if problem.where:
            line = re.fullmatch(re.escape(source) + r"(?::([0-9]+))?", problem.where)
            hold(line is not None, "a problem names its file", problem)
            hold(
                line is None or line[1] is None or 1 <= int(line[1]) <= lines, "a problem names a line of the file", problem, lines
            )
        else:
            hold(problem.message.startswith("... and "), "a problem names its place", problem)


def as_json(document: object) -> object:
    """The document after a way through JSON; a number that JSON does not have is a broken promise."""
    try:
        return json.loads(json.dumps(document, allow_nan=False))
    except ValueError as error:
        raise BrokenPromiseError(f"a document is JSON: {error}") from error
