"""The image: what its build takes is there, its steps work without an engine, and hadolint finds nothing."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from command import PROJECT, environment
from deployment import tool
from page_parts import unpacked

DOCKERFILE = PROJECT / "Dockerfile"
PREFIX = "/opt/vsock-loadgen"
BUILD_SECONDS = 1_800


def instructions() -> list[tuple[str, str]]:
    """(instruction, arguments) in order, with lines that go on joined."""
    text = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", DOCKERFILE.read_text(), flags=re.MULTILINE))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in text.splitlines() if line)]


def context(folder: Path) -> None:
    """Put what the build copies into a folder, as far as .dockerignore lets it through."""
    let_through = {line[1:] for line in (PROJECT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copies = [rest.split() for word, rest in instructions() if word == "COPY" and not rest.startswith("--from")]
    for *sources, target in copies:
        for source in sources:
            assert source in let_through
            if (PROJECT / source).is_dir():
                shutil.copytree(PROJECT / source, folder / target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(PROJECT / source, folder / target)


def test_hadolint_finds_nothing() -> None:
    done = subprocess.run([tool("hadolint"), DOCKERFILE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_process_is_nobody_in_particular_and_the_one_that_manifests_name() -> None:
    last = dict(instructions())
    assert last["USER"] == "65532:65532"
    assert last["ENTRYPOINT"] == '["vsock-loadgen"]'


def test_no_host_of_a_registry_is_named() -> None:
    images = [rest.split()[0] for word, rest in instructions() if word == "FROM"]
    assert images == ["python:${PYTHON}-slim"] * 2


@pytest.mark.timeout(BUILD_SECONDS)
def test_the_steps_of_the_build_give_a_command_that_runs(tmp_path: Path) -> None:
    """In an environment that holds nothing but the declared extras."""
    build, prefix = tmp_path / "build", tmp_path / "opt"
    build.mkdir()
    context(build)
    step = next(rest for word, rest in instructions() if word == "RUN" and "pip install" in rest).replace(PREFIX, str(prefix))
    arguments = dict(rest.split("=") for word, rest in instructions() if word == "ARG")
    known = environment({"EXTRAS": arguments["EXTRAS"], "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"})
    built = subprocess.run(["sh", "-euc", step], cwd=build, env=known, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    command = prefix / "bin" / "vsock-loadgen"
    said = subprocess.run([command, "--version"], capture_output=True, text=True, check=True).stdout
    assert ("compiled" in said) == (shutil.which("cc", path=known["PATH"]) is not None)
    options = ("--target", "embedded", "--duration", "1s", "--packages", "5", "--vm-count", "5", "--metrics-port", "0")
    ran = subprocess.run(
        [command, "run", *options, "--report-interval", "1s", "--html", "page.html"],
        cwd=tmp_path,
        env=known,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    there = subprocess.run(
        [
            prefix / "bin" / "python",
            "-c",
            "import aiohttp, lightkube, uvloop, importlib.util as u; print(u.find_spec('narwhals'), u.find_spec('pip'))",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert there.stdout == "None None\n", there.stderr
    assert "Plotly" in unpacked((tmp_path / "page.html").read_text(), "plotly")
    (plotly,) = prefix.glob("lib/*/site-packages/plotly")
    assert [path.name for path in plotly.rglob("*") if path.is_file()] == ["plotly.min.js"]
