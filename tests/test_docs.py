"""The documents say what is true: their commands run, their tables are those of the code, their links lead somewhere.

Blocks of the README are told apart by the word after the language:
- `sh`: runs, one block after the other in one folder, and ends with exit code 0;
- `sh terminal`: runs beside the block after it, and is stopped when that has ended;
- `sh vsock`: would open vsock connections, so that only its command lines are parsed;
- `sh make`: targets of the Makefile;
- `yaml`: a whole config.
"""

from __future__ import annotations

import html
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from command import EXAMPLES, PROJECT, TIMEOUT_SECONDS, environment, read_until, vsock_loadgen
from vsock_loadgen.cli.main import verbs
from vsock_loadgen.config.load import load
from vsock_loadgen.config.schema import scalar_keys

README = PROJECT / "README.md"
PICTURE = PROJECT / "docs" / "pictures" / "plan.svg"
DECISIONS = PROJECT / "docs" / "decisions"
DOCUMENTS = sorted([*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md")])
# The first keeps a command that names no target away from vsock, the second a busy machine from deciding the exit code.
GUARDS = {"LOADGEN_TARGET": "embedded", "LOADGEN_LAG_LIMIT": "1m"}


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its info string and what stands in it."""

    info: str
    text: str


def blocks_of(path: Path) -> list[Block]:
    """The fenced blocks of a document, in order."""
    return [Block(*found) for found in re.findall(r"^```([^\n]*)\n(.*?)^```$", path.read_text(), re.MULTILINE | re.DOTALL)]


BLOCKS = blocks_of(README)
SHELL = [block for block in BLOCKS if block.info in ("sh", "sh terminal")]
CONFIGS = [block.text for block in BLOCKS if block.info == "yaml"]


def command_lines(info: str) -> list[str]:
    """The lines of every block with this info string."""
    return [line for block in BLOCKS if block.info == info for line in block.text.splitlines()]


def shell(text: str, folder: Path) -> subprocess.Popen[str]:
    """Start a block in a shell that finds the command."""
    inherited = environment(GUARDS)
    path = f"{Path(sys.executable).parent}:{inherited['PATH']}"
    return subprocess.Popen(
        ["bash", "-euc", text],
        cwd=folder,
        env=inherited | {"PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def terminal(text: str, folder: Path) -> Iterator[None]:
    """A block that runs meanwhile: its command takes the shell's place, and listens before anything else happens."""
    process = shell(f"exec {text}", folder)
    try:
        read_until(process, "listening on")
        yield
    finally:
        process.terminate()
        process.communicate(timeout=TIMEOUT_SECONDS)
    assert process.returncode == 0, text


def run_to_its_end(text: str, folder: Path) -> None:
    process = shell(text, folder)
    _, said = process.communicate(timeout=TIMEOUT_SECONDS)
    assert process.returncode == 0, f"{text}\n{said}"


def test_no_block_that_is_run_could_open_a_vsock_connection() -> None:
    assert len(SHELL) >= 6
    for block in SHELL:
        for line in block.text.splitlines():
            if line == "wait":
                continue
            assert line.startswith("vsock-loadgen ")
            assert "vsock://" not in line
            assert not re.search(r"--port|\bport\b", line.replace("--metrics-port", ""))
            is_told_where = "--target embedded" in line or "unix://" in line
            assert is_told_where or shlex.split(line)[1] in ("plan", "init", "schema", "report", "compare", "fit")


def test_every_command_of_the_readme_runs(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    beside = ""
    for block in SHELL:
        if block.info == "sh terminal":
            beside = block.text
        elif beside:
            with terminal(beside, tmp_path):
                run_to_its_end(block.text, tmp_path)
            beside = ""
        else:
            run_to_its_end(block.text, tmp_path)
    assert not beside


def test_every_vsock_command_of_the_readme_parses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    commands = [line for line in command_lines("sh vsock") if "vsock-loadgen" in line]
    assert len(commands) >= 2
    for line in commands:
        _, verb, *arguments = shlex.split(line.removeprefix("sudo "))
        command = verbs.get_command(click.Context(verbs), verb)
        assert command is not None
        with command.make_context(verb, arguments) as parsed:
            path = parsed.params.get("config")
        if isinstance(path, Path):
            load(path, environment={}, strict=True)


def test_every_verb_has_an_example_in_the_readme() -> None:
    used = {shlex.split(line)[1] for block in SHELL for line in block.text.splitlines() if line != "wait"}
    assert used >= set(verbs.list_commands(click.Context(verbs)))


def test_the_make_targets_of_the_readme_exist() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    lines = command_lines("sh make")
    assert {"make demo", "make test"} <= set(lines)
    for line in lines:
        assert f"\n{line.removeprefix('make ')}:" in makefile


@pytest.mark.parametrize("text", CONFIGS, ids=lambda text: text.split()[1].rstrip(":") + str(CONFIGS.index(text)))
def test_every_config_of_the_readme_loads_and_plans(text: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    planned = vsock_loadgen("plan", "--config", path, "--strict", "--target", "embedded")
    assert planned.returncode == 0, planned.stderr


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.name)
def test_every_example_loads_and_plans(path: Path) -> None:
    planned = vsock_loadgen("plan", "--config", path, "--strict")
    assert (planned.returncode, planned.stderr) == (0, "")
    assert "Packages per VM" in planned.stdout


def test_the_config_errors_that_the_readme_shows_are_those_of_the_config(tmp_path: Path) -> None:
    (shown,) = (block.text for block in BLOCKS if "percents add up to 98" in block.text)
    (tmp_path / "fleet.yaml").write_text(
        "loadgen:\n  packages:\n    # shares of the fleet\n    buckets:\n      - {percent: 98, value: 5}\n  reportInterval: 30\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "vsock_loadgen", "plan", "--config", "fleet.yaml"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert done.stderr == shown


def test_the_tables_of_keys_and_of_failures_are_those_of_the_code() -> None:
    done = subprocess.run(
        [sys.executable, PROJECT / "docs" / "reference.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert all(f"| `{key.key}` |" in README.read_text() for key in scalar_keys())


def test_the_picture_shows_the_plan() -> None:
    """Its words; the glyphs of its bars differ from one version of rich to another."""
    drawn = html.unescape(re.sub(r"<[^>]*>", " ", PICTURE.read_text().partition("</defs>")[2])).replace("\N{NO-BREAK SPACE}", " ")
    printed = vsock_loadgen("plan", "--config", EXAMPLES / "fleet-200.yaml", "--target", "embedded").stdout
    word = re.compile(r"\w+(?:[.,]\w+)*")
    missing = set(word.findall(printed)) - set(word.findall(drawn))
    assert not missing, "the plan looks otherwise now: run make docs"


def test_the_picture_loads_nothing_from_elsewhere() -> None:
    assert not re.search(r"url\((?!#)|href|@import", PICTURE.read_text())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    prose = re.sub(r"^```.*?^```$|`[^`\n]*`", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", prose):
        path, _, anchor = link.partition("#")
        assert "://" in path or (document.parent / path).exists(), link
        if anchor and not path:
            assert anchor in {_anchor(heading) for heading in re.findall(r"^#+ (.*)$", prose, re.MULTILINE)}, link


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def test_every_decision_is_in_the_index_and_has_its_four_parts() -> None:
    index = (DECISIONS / "README.md").read_text()
    records = sorted(DECISIONS.glob("[0-9]*.md"))
    assert [path.name[:4] for path in records] == [f"{number:04}" for number in range(1, len(records) + 1)]
    for path in records:
        text = path.read_text()
        assert f"({path.name})" in index
        assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "Why", "Consequences"]
        assert text.startswith(f"# {int(path.name[:4])}. ")
