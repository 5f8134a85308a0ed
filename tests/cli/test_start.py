"""What a start costs is what it imports. That is counted, since times are also the machine's."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest

from command import EXAMPLES, TIMEOUT_SECONDS, environment
from vsock_loadgen.cli.verbs import verbs

_OWN = "vsock_loadgen"
_WITH_A_CONFIG = ("run", "plan", "capacity", "serve", "scrape", "vms")
_VERBS = verbs.list_commands(verbs.make_context("vsock-loadgen", [], resilient_parsing=True))


def _imported(*command: str) -> set[str]:
    """The modules that an interpreter imports for a command, by their full names."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *command],
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=True,
    )
    lines = (line for line in done.stderr.splitlines() if line.startswith("import time:"))
    return {line.rpartition("|")[2].strip() for line in lines}


def _others(*arguments: str) -> set[str]:
    """The packages, neither Python's nor ours, that the tool imports and an empty program does not."""
    imported = _imported("-m", _OWN, *arguments) - _imported("-c", "")
    packages = {name.partition(".")[0] for name in imported} - set(sys.stdlib_module_names) - {_OWN}
    return {name for name in packages if find_spec(name)}  # Python also tries some that only its relatives have


def _ours(*arguments: str) -> int:
    return sum(name.partition(".")[0] == _OWN for name in _imported("-m", _OWN, *arguments))


@pytest.mark.parametrize("verb", _VERBS)
def test_the_help_of_a_verb_imports_nothing_but_the_command_line(verb: str) -> None:
    assert _others(verb, "--help") == {"click"}


@pytest.mark.parametrize("verb", _VERBS)
def test_the_help_of_a_verb_imports_of_the_tool_what_declares_its_options(verb: str) -> None:
    assert _ours(verb, "--help") <= (52 if verb in _WITH_A_CONFIG else 18)


def test_a_plan_as_json_imports_nothing_that_shows_it_on_a_terminal() -> None:
    others = _others("plan", "--config", str(EXAMPLES / "fleet-200.yaml"), "--format", "json")
    assert "pydantic" in others, "this is how other packages are seen"
    assert not others & {"rich", "plotly", "prometheus_client", "lightkube", "httpx2"}


def test_a_plan_imports_of_the_tool_neither_results_nor_what_runs() -> None:
    imported = _imported("-m", _OWN, "plan", "--config", str(EXAMPLES / "fleet-200.yaml"))
    parts = {name.split(".")[1] for name in imported if name.startswith(f"{_OWN}.")}
    assert "plan" in parts
    assert not parts & {"app", "asking", "receiver", "serving", "transport", "record", "results"}
