"""`python -m soak`: hours of trouble in half an hour, and the proof that nothing was lost and nothing leaked.

A run of `vsock-loadgen` with the distributions of the example fleet sends to `vsock-loadgen receive` over a unix socket, while
the receiver is restarted, killed, stopped, slowed down and replaced by ones that misbehave, at random moments that the seed
decides, and while visitors keep its metrics port busy. At the end the accounts of both ends, the memory and descriptors of every
process, the punctuality and the run's own verdict are checked. The exit code is 0 where all of it held, 1 where something did
not, or where the soak was broken off (Ctrl-C: what there is so far is judged), 2 where it could not go on.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.tables import text_table

from soak.checks import checks
from soak.curves import draw
from soak.faults import ASKER_MEANING, MEANING
from soak.page import ASKED_PICTURE, BEGIN_MARK, END_MARK, PICTURE, check_rows, into_page, marks_of, parts_of, section
from soak.receivers import SoakError
from soak.sides import REQUEST_TIMEOUT_SECONDS
from soak.soaking import Settings, Soak
from vsock_loadgen.cli.outputs import check_files
from vsock_loadgen.errors import ConfigError
from vsock_loadgen.units import parse_duration

PROJECT = Path(__file__).resolve().parents[1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Soak, print the table of checks, write what was asked for."""
    given = _parser().parse_args(arguments)
    settings = Settings(
        given.vm_count, given.duration, given.seed, given.folder.resolve(), given.time_scale, is_asked=given.asked, say=_say
    )
    marks = marks_of(is_asked=given.asked)
    name = ASKED_PICTURE if given.asked else PICTURE
    picture = given.markdown and given.markdown.parent / "pictures" / name
    try:
        check_files({"--markdown": given.markdown, "--markdown's picture": picture})
        if given.markdown:
            parts_of(given.markdown, marks)
    except (ConfigError, OSError, ValueError) as error:
        print(f"soak: {error}", file=sys.stderr)
        return 2
    try:
        evidence = Soak(settings).run()
    except SoakError as error:
        print(f"soak: {error}", file=sys.stderr)
        return 2
    made = checks(evidence)
    (settings.folder / name).write_text(draw(evidence))
    text = section(evidence, made)
    (settings.folder / "soak.md").write_text(text)
    print(f"\n{text_table(check_rows(made))}", end="")
    if given.markdown:
        into_page(given.markdown, text, marks)
        shutil.copy(settings.folder / name, picture)
    if evidence.interrupted:
        print("the soak was broken off: this is incomplete, and proves nothing about what was still to come", file=sys.stderr)
    return 1 if evidence.interrupted or any(check.held is False for check in made) else 0


def _say(line: str) -> None:
    print(line, flush=True)


def _duration(text: str) -> int:
    try:
        nanoseconds = parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} {error}, expected a duration such as 30m") from error
    if nanoseconds <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no time at all, expected a duration such as 30m")
    return nanoseconds


def _parser() -> argparse.ArgumentParser:
    faults = "\n".join(f"  {kind:8} {meaning}" for kind, meaning in MEANING.items())
    asked = "\n".join(f"  {kind:8} {meaning}" for kind, meaning in ASKER_MEANING.items())
    parser = argparse.ArgumentParser(
        prog="python -m soak",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"faults:\n{faults}\n\nfaults of a fleet that is asked, whose agents have some of their own:\n{asked}\n\n"
        f"The run's requestTimeout is {REQUEST_TIMEOUT_SECONDS} s, longer than any fault lasts: what fails, fails for a reason\n"
        "that both ends know. A report that is given up at its timeout may arrive all the same; how many these are is said.\n"
        "The folder gets config.json, run.log, result.json, samples.csv, faults.csv, soak.md, soak.svg, and the receivers' words.",
    )
    parser.add_argument("--vm-count", type=int, default=20_000, metavar="N", help="VMs of the fleet (default: 20000)")
    parser.add_argument("--duration", type=_duration, default=_duration("30m"), metavar="T", help="of the run (default: 30m)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the fleet and the faults (default: 1)")
    parser.add_argument(
        "--folder", type=Path, default=PROJECT / "build" / "soak", help="gets everything that is written (default: build/soak)"
    )
    parser.add_argument("--time-scale", type=float, default=1.0, metavar="X", help="divides all report intervals (default: 1)")
    parser.add_argument("--asked", action="store_true", help="let the fleet be asked for its reports instead of sending them")
    parser.add_argument(
        "--markdown",
        type=Path,
        metavar="FILE",
        help=f"put the section into this page, between {BEGIN_MARK} and {END_MARK}, and the curves into pictures/ beside it",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
