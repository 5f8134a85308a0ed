"""`python -m fuzz`: fuzz every target for a while, one after the other, and say what came of it."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec

from fuzz.driving import Session, fuzz
from fuzz.registry import TARGETS

_ROW = "{:<16} {:>9} {:>12} {:>9} {:>12} {:>9}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 where nothing was found, 1 where something was, 2 where there is no fuzzer."""
    given = _parser().parse_args(arguments)
    if find_spec("atheris") is None:
        print("atheris is not installed, and there is none but for x86_64: pip install --group fuzz", file=sys.stderr)
        return 2
    names = given.target or list(TARGETS)
    print(_ROW.format("target", "seconds", "inputs", "a second", "new entries", "findings"), flush=True)
    sessions = []
    for name in names:
        started = time.monotonic()
        session = fuzz(TARGETS[name], given.seconds, seed=given.seed)
        sessions.append(replace(session, seconds=time.monotonic() - started))
        print(_row(sessions[-1]), flush=True)
        if not session.is_clean:
            print(session.end_of_log, *session.findings, sep="\n", file=sys.stderr)
    total = sum(session.inputs for session in sessions)
    findings = sum(len(session.findings) for session in sessions)
    print(f"{total:,} inputs, {findings} findings")
    return 0 if all(session.is_clean for session in sessions) else 1


def _row(session: Session) -> str:
    rate = session.inputs / session.seconds if session.seconds else 0.0
    return _ROW.format(
        session.target, f"{session.seconds:.0f}", f"{session.inputs:,}", f"{rate:,.0f}", session.new_entries, len(session.findings)
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=300, metavar="N", help="fuzz each target for so long (default: 300)")
    parser.add_argument(
        "--target", action="append", choices=TARGETS, metavar="NAME", help=f"only this one; of: {', '.join(TARGETS)}"
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="make the fuzzer's choices the same each time (default: 0, anew)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
