"""`python -m bench`: build the references, measure, print the tables."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from bench import asked, kept
from bench.figures import Figures, SenderName
from bench.machine import describe
from bench.outcome import Measured, Outcome, Pressed
from bench.pressure import PRESSURES, press
from bench.processes import BenchError
from bench.references import build
from bench.running import RefusedError, Runner
from bench.scenarios import Scenario, quick, scenarios
from bench.tables import markdown_table, put_into, render, text_table
from vsock_loadgen.cli.outputs import check_files
from vsock_loadgen.errors import ConfigError

MARKDOWN_HEADING = "### "


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; exit code 0 where every budget was met and every claim held, 1 where one was not, 2 where it could not run."""
    given = _parser().parse_args(arguments)
    chosen = [scenario for scenario in scenarios() if _wanted(given.only, scenario.name, scenario.group)]
    pressures = [name for name in PRESSURES if _wanted(given.only, name, "pressure")]
    if given.list:
        print("\n".join([scenario.name for scenario in chosen] + pressures))
        return 0
    if not chosen and not pressures:
        print(f"no scenario fits {', '.join(given.only)}; `--list` shows all", file=sys.stderr)
        return 2
    rounds = 1 if given.quick else given.rounds
    machine = describe()
    try:
        check_files({"--json": given.json, "--markdown": given.markdown})
        before = kept.read()
        references = build()
        with tempfile.TemporaryDirectory(prefix="vsock-loadgen-bench-") as scratch:
            runner = Runner(references, Path(scratch))
            measured = [measure(runner, quick(one) if given.quick else one, rounds) for one in chosen]
            pressed = [press(name, Path(scratch), quick=given.quick) for name in _announced(pressures)]
    except (BenchError, ConfigError, ValueError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    outcome = Outcome(machine, rounds, measured, pressed)
    print(render(outcome, kept.changes(outcome, before), text_table), end="")
    _write(outcome, kept.changes(outcome, before), given.json, given.markdown)
    if given.keep:
        kept.write(kept.with_outcome(before, outcome))
    return 0 if _all_well(outcome) else 1


def measure(runner: Runner, scenario: Scenario, rounds: int) -> Measured:
    """All rounds of a scenario, the senders in alternation: a machine that slows down slows all of them."""
    runs: dict[SenderName, list[Figures]] = {"ours": []}
    skipped = []
    for reference in scenario.references:
        if reference == "go" and runner.references.gosender is None:
            skipped.append(f"{scenario.name}: {runner.references.go_missing}")
        else:
            runs[reference] = []
    for number in range(1 if scenario.once else rounds):
        for sender, figures in runs.items():
            print(f"{scenario.name}, {sender}, round {number + 1}", file=sys.stderr, flush=True)
            try:
                figures.append(_run(runner, scenario, sender))
            except RefusedError as error:
                return Measured(scenario, {}, [*skipped, f"{scenario.name}: {error}"])
    return Measured(scenario, runs, skipped)


def _run(runner: Runner, scenario: Scenario, sender: SenderName) -> Figures:
    return asked.run(scenario, sender, runner.scratch) if scenario.kind == "serve" else runner.run(scenario, sender)


def _write(outcome: Outcome, changes: Sequence[kept.Change], document: Path | None, markdown: Path | None) -> None:
    if document:
        document.write_text(json.dumps(outcome.to_json(), indent=1) + "\n")
    if markdown:
        page = markdown.read_text() if markdown.exists() else ""
        markdown.write_text(put_into(page, render(outcome, changes, markdown_table, MARKDOWN_HEADING)))


def _announced(names: Sequence[str]) -> Sequence[str]:
    if names:
        print(f"under pressure: {', '.join(names)}", file=sys.stderr, flush=True)
    return names


def _wanted(patterns: Sequence[str], name: str, group: str) -> bool:
    return not patterns or any(fnmatch(name, pattern) or pattern == group for pattern in patterns)


def _all_well(outcome: Outcome) -> bool:
    budgets = all(judgement.met is not False for judgement in outcome.judgements())
    claims: Sequence[Pressed] = outcome.pressed
    return budgets and all(all(one.claims.values()) for one in claims)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--rounds", type=int, default=3, metavar="N", help="runs of each sender, of which the median counts (default: 3)"
    )
    parser.add_argument("--quick", action="store_true", help="a smoke run: one short round, whose figures mean little")
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="NAME",
        help="a scenario, a group, or a pattern such as 'saturated-*'; may be repeated",
    )
    parser.add_argument("--list", action="store_true", help="list the scenarios and stop")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was found, round by round")
    parser.add_argument(
        "--markdown",
        type=Path,
        metavar="FILE",
        help="write the tables as markdown, in place of those of a page that has the marks for them",
    )
    parser.add_argument(
        "--keep", action="store_true", help=f"keep the ratios in bench/{kept.FILE.name}, for later runs to be compared with"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
