"""`completion`: a script for each shell, and what the command answers when a shell asks."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner

from command import TIMEOUT_SECONDS, environment
from vsock_loadgen.cli.verbs import verbs

SHELLS = ("bash", "zsh", "fish")


def script(shell: str) -> str:
    done = CliRunner(catch_exceptions=False).invoke(verbs, ["completion", shell])
    assert (done.exit_code, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_asks_the_command_under_its_name(shell: str) -> None:
    assert f"_VSOCK_LOADGEN_COMPLETE={shell}_complete" in script(shell)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_one_of_its_shell(shell: str) -> None:
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"{shell} is not installed")
    done = subprocess.run([found, "-n"], input=script(shell), capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "offered", "not_offered"),
    [
        ("vsock-loadgen re", {"plain,receive", "plain,report"}, {"plain,run"}),
        ("vsock-loadgen run --sam", {"plain,--samples", "plain,--samples-share"}, {"plain,--seed"}),
        ("vsock-loadgen report --format j", {"plain,junit"}, {"plain,csv"}),
        ("vsock-loadgen run --config fl", {"file,fl"}, set()),
    ],
)
def test_verbs_options_values_and_files_are_offered(words: str, offered: set[str], not_offered: set[str]) -> None:
    program = "import sys; sys.argv = ['vsock-loadgen']; from vsock_loadgen.cli.main import main; main()"
    asked = {"_VSOCK_LOADGEN_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(asked),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    answers = set(done.stdout.splitlines())
    assert offered <= answers
    assert not not_offered & answers
