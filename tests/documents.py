"""The documents as a reader follows them: their blocks, and the shell in which the commands run.

Blocks are told apart by the words after the language:
- `sh`: runs, one block after the other in one folder, and ends with exit code 0; `sh exit 3` with that one;
- `sh terminal`: runs beside the blocks after it, and is stopped before the next of its kind and at the end;
- `sh vsock`, `sh cluster`, `sh aside`: would open vsock connections, change a cluster, or need something else that is not here, so
  that only its command lines are parsed;
- `sh make`: targets of the Makefile;
- `yaml`: a whole config;
- `python`: runs, as `test_python_page.py` does it; `python frames` needs a library that is not here, and is only compiled;
- `yaml workflow`: a pipeline of GitHub's, of which a test takes the step that is this repository's action;
- `yaml FILE`, `csv FILE` and the like: a file, written before the next command runs; `yaml FILE` is a whole config as well;
- `text output`: lines of what the block before has printed; `text like`: the same but for its figures; `...` are lines left out.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from command import PROJECT, TIMEOUT_SECONDS, environment, read_until

README = PROJECT / "README.md"
HOW_TO = PROJECT / "docs" / "how-to"
DOCUMENTS = sorted([*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md")])
PARSED = ("sh vsock", "sh cluster", "sh aside")
# The first keeps a command that names no target away from vsock, the second documents that are tested at the same time from each
# other's port.
GUARDS = {"LOADGEN_TARGET": "embedded", "LOADGEN_METRICS_PORT": "0", "LOADGEN_REQUEST_TIMEOUT": "200s"}
_FIGURE = re.compile(r"not delivered|[+-]?\d[\d.,]*(?:\s?(?:ns|us|ms|s|m|h|%|[KMG]?B)\b)*")
_FILE = re.compile(r"\w+ ([\w-]+\.\w+)")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its info string and what stands in it."""

    info: str
    text: str

    @property
    def exit_code(self) -> int | None:
        """What a block that runs ends with, None for any other."""
        found = re.fullmatch(r"sh(?: exit (\d))?", self.info)
        return int(found[1] or 0) if found else None

    @property
    def file_name(self) -> str:
        """The file that the block is, empty for any other."""
        found = _FILE.fullmatch(self.info)
        return found[1] if found else ""

    @property
    def is_config(self) -> bool:
        """Whether it is a whole config."""
        return self.info == "yaml" or (self.info.startswith("yaml ") and bool(self.file_name))

    @property
    def is_shown(self) -> bool:
        """Whether it shows what was printed."""
        return self.info in ("text output", "text like")


def blocks_of(path: Path) -> list[Block]:
    """The fenced blocks of a document, in order."""
    return [Block(*found) for found in re.findall(r"^```([^\n]*)\n(.*?)^```$", path.read_text(), re.MULTILINE | re.DOTALL)]


def name_of(path: Path) -> str:
    """A document's path in the project, for the name of a test."""
    return str(path.relative_to(PROJECT))


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


def run_to_its_end(block: Block, folder: Path) -> str:
    """Run a block; what it printed. Fails where it ends with another exit code than it should."""
    process = shell(block.text, folder)
    printed, said = process.communicate(timeout=TIMEOUT_SECONDS)
    assert process.returncode == block.exit_code, f"{block.text}\n{printed}\n{said}"
    return printed + said


def follow(path: Path, folder: Path) -> None:
    """Do what a document says, block by block. Fails where a command ends otherwise, or prints something else than is shown."""
    printed = ""
    with ExitStack() as beside:
        for block in blocks_of(path):
            if block.file_name:
                (folder / block.file_name).write_text(block.text)
            elif block.info == "sh terminal":
                beside.close()
                beside.enter_context(terminal(block.text, folder))
            elif block.exit_code is not None:
                printed = run_to_its_end(block, folder)
            elif block.is_shown:
                _check_shown(block, printed)


def _check_shown(block: Block, printed: str) -> None:
    exact = block.info == "text output"
    there = {_bare(line, exact=exact) for line in printed.splitlines()}
    missing = [line for line in block.text.splitlines() if line.strip() != "..." and _bare(line, exact=exact) not in there]
    assert not missing, "\n".join(["shown, but not printed:", *missing, "printed:", printed])


def _bare(line: str, *, exact: bool) -> str:
    """A line without its spacing and rules, and unless `exact` without its figures."""
    words = " ".join(re.sub("─+", "─", line).split())
    return words if exact else _FIGURE.sub("#", words)
