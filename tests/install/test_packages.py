"""What is handed on: a source archive that builds a wheel without the repository, and a wheel that runs without either.

The wheel is the pure one; test_image.py builds the compiled one. Nothing is fetched: the wheels of the dependencies are made again
from what is installed here.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from command import PROJECT, TIMEOUT_SECONDS, environment

FLEET = ("--vm-count", "5", "--packages", "5", "--report-interval", "1s", "--duration", "1s", "--metrics-port", "0")


def done(folder: Path, *command: str | Path) -> str:
    """What a command prints that ends well, in a folder and in an environment that know nothing of the repository."""
    known = environment({"PYTHONPATH": "", "PYTHONDONTWRITEBYTECODE": "1", "VSOCK_LOADGEN_PURE": "1"})
    ended = subprocess.run(command, cwd=folder, env=known, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def built(kind: str, source: Path, folder: Path) -> Path:
    """The package of a kind that a source gives."""
    done(source, sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", folder)
    (package,) = folder.iterdir()
    return package


def needed(name: str, seen: set[str]) -> Iterator[Distribution]:
    """What is installed of a package's dependencies, and of theirs."""
    for text in distribution(name).requires or ():
        requirement = Requirement(text)
        if requirement.name in seen or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        seen.add(requirement.name)
        yield distribution(requirement.name)
        yield from needed(requirement.name, seen)


def wheel_of(installed: Distribution, folder: Path) -> None:
    """The wheel that something was installed from, but for its scripts, which pip makes."""
    (tag, *_) = (
        line.removeprefix("Tag: ") for line in (installed.read_text("WHEEL") or "").splitlines() if line.startswith("Tag: ")
    )
    with zipfile.ZipFile(folder / f"{installed.name.replace('-', '_')}-{installed.version}-{tag}.whl", "w") as archive:
        for file in installed.files or ():
            if ".." not in file.parts and "__pycache__" not in file.parts:
                archive.write(file.locate(), str(file))


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source archive."""
    return built("sdist", PROJECT, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def wheel(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that the archive gives, unpacked where there is no repository."""
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    (source,) = folder.iterdir()
    return built("wheel", source, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts of an environment that has nothing but the wheel and what it needs, from a folder of wheels."""
    folder = tmp_path_factory.mktemp("installed")
    wheels = tmp_path_factory.mktemp("wheels")
    for each in needed("vsock-loadgen", set()):
        wheel_of(each, wheels)
    venv.create(folder / "venv")
    pip = (sys.executable, "-m", "pip", "--python", folder / "venv" / "bin" / "python", "--disable-pip-version-check")
    done(folder, *pip, "install", "--quiet", "--no-compile", "--no-index", "--find-links", wheels, wheel)
    return folder / "venv" / "bin"


def test_the_archive_has_all_that_is_kept_and_nothing_that_was_made(archive: Path) -> None:
    with tarfile.open(archive) as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    kept = done(PROJECT, "git", "ls-files").splitlines() if (PROJECT / ".git").exists() else []
    assert {name for name in kept if not name.startswith(".") and Path(name).name[0] != "."} <= names
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".so")) or name.startswith(".venv")]


def test_the_wheel_has_the_package_alone_and_says_where_it_is_from(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
        (metadata,) = (packed.read(name).decode() for name in names if name.endswith(".dist-info/METADATA"))
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"vsock_loadgen"}
    assert {"vsock_loadgen/py.typed", "vsock_loadgen/cli/run.py"} <= set(names)
    for label in ("Repository", "Documentation", "Changelog"):
        assert f"Project-URL: {label}, https://" in metadata


def test_the_command_runs_where_there_is_nothing_else(installed: Path, tmp_path: Path) -> None:
    command = installed / "vsock-loadgen"
    done(tmp_path, command, "init", "-o", "fleet.yaml")
    assert "Fleet of 200 VMs" in done(tmp_path, command, "plan", "--config", "fleet.yaml")
    assert "Verdict: passed" in done(tmp_path, command, "run", "--target", "embedded", *FLEET, "--result", "result.json")
    assert "## Load test: passed" in done(tmp_path, command, "report", "result.json", "--format", "markdown")


def test_python_programs_find_it_there_with_its_types(installed: Path, tmp_path: Path) -> None:
    program = "import vsock_loadgen as v; print(v.make_plan(v.load_config(settings={'vmCount': 3})).fleet.vm_count, v.__file__)"
    count, where = done(tmp_path, installed / "python", "-c", program).split()
    assert (count, Path(where).is_relative_to(installed.parent)) == ("3", True)
