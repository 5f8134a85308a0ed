"""`python -m fuzz.one TARGET [libFuzzer's arguments]`: fuzz one target in this process, which ends with it.

The process is the least urgent of its machine. A finding ends it with its input written where `-artifact_prefix` says.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import atheris

from fuzz.registry import PITFALL, TARGETS

_NICEST = 19


def main(arguments: Sequence[str]) -> None:
    """Fuzz until libFuzzer's own limits end it; does not return."""
    target = {**TARGETS, PITFALL.name: PITFALL}[arguments[0]]
    os.nice(_NICEST)
    with atheris.instrument_imports(include=["vsock_loadgen", *target.beside]):
        check = target.load()
    atheris.Setup([sys.argv[0], *arguments[1:]], check)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
