"""The documents say what is true: their commands run, their tables are those of the code, their links lead somewhere."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

from command import EXAMPLES, PROJECT, TIMEOUT_SECONDS, environment, vsock_loadgen
from documents import DOCUMENTS, GUARDS, HOW_TO, PARSED, README, blocks_of, follow, name_of
from vsock_loadgen.cli.verbs import verbs
from vsock_loadgen.config.load import load
from vsock_loadgen.preparing import prepare

DECISIONS = PROJECT / "docs" / "decisions"
VERBS, CONFIG = PROJECT / "docs" / "verbs.md", PROJECT / "docs" / "config.md"
RUN = [path for path in DOCUMENTS if any(block.exit_code is not None for block in blocks_of(path))]
FOLLOWED = [path for path in RUN if path.parent != HOW_TO and path.name != "python.md"]  # test_how_to.py, test_python_page.py
CONFIGS = [
    pytest.param(block.text, id=f"{name_of(path)}-{number}")
    for path in DOCUMENTS
    for number, block in enumerate(blocks_of(path))
    if block.is_config
]
RPM = "bash\t(none)\t5.1.8\t9.el9\tx86_64\tbash-5.1.8-9.el9.src.rpm\t(none)\n"
SENDS_NOTHING = ("plan", "init", "schema", "completion", "report", "compare", "fit", "serve", "scrape")  # or nothing over vsock


def lines_of(path: Path, *infos: str) -> list[str]:
    """The lines of every block of a document with one of these info strings."""
    return [line for block in blocks_of(path) if block.info in infos for line in block.text.splitlines()]


def run_lines(path: Path) -> list[str]:
    """The command lines of a document that a test runs."""
    return [
        line
        for block in blocks_of(path)
        if block.exit_code is not None or block.info == "sh terminal"
        for line in block.text.splitlines()
    ]


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_no_block_is_of_an_unknown_kind(path: Path) -> None:
    for block in blocks_of(path):
        if block.info.startswith(("sh", "yaml", "bash", "console")):
            known = block.exit_code is not None or block.is_config or block.info in (*PARSED, "sh terminal", "sh make")
            assert known or block.info in ("yaml kustomization", "yaml workflow"), block.info


@pytest.mark.parametrize("path", RUN, ids=name_of)
def test_no_block_that_is_run_could_open_a_vsock_connection(path: Path) -> None:
    for line in run_lines(path):
        if line == "wait" or re.fullmatch(r"grep -E '[\w^|,]+' \S+ > \S+", line):
            continue
        assert line.startswith("vsock-loadgen ")
        assert "vsock://" not in line
        assert not re.search(r"--port|\bport\b", line.replace("--metrics-port", ""))
        is_told_where = "--target embedded" in line or "unix://" in line
        assert is_told_where or shlex.split(line)[1] in SENDS_NOTHING


@pytest.mark.parametrize("path", FOLLOWED, ids=name_of)
def test_every_command_runs_and_prints_what_is_shown(path: Path, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    follow(path, tmp_path)


def commands_that_are_parsed() -> list[str]:
    """The command lines of the tool that cannot be run here."""
    bare = (line.strip().removeprefix("sudo ") for path in DOCUMENTS for line in lines_of(path, *PARSED))
    return sorted({line for line in bare if line.startswith("vsock-loadgen ")})


@pytest.mark.parametrize("line", commands_that_are_parsed())
def test_every_command_that_cannot_be_run_here_parses(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    _, verb, *arguments = shlex.split(line)
    group = click.Context(verbs, **verbs.context_settings)  # a verb keeps its help option as it was first asked for
    command = verbs.get_command(group, verb)
    assert command is not None
    with command.make_context(verb, arguments, parent=group) as parsed:
        path = parsed.params.get("config")
    if isinstance(path, Path) and path.exists():
        load(path, environment={}, strict=True)


def test_every_verb_has_an_example() -> None:
    """One that a test runs; or one that it reads, of the verb that needs a cluster."""
    lines = [*run_lines(VERBS), *lines_of(VERBS, "sh aside")]
    used = {shlex.split(line)[1] for line in lines if line.startswith("vsock-loadgen ")}
    assert used >= set(verbs.list_commands(click.Context(verbs)))


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_the_make_targets_that_are_named_exist(path: Path) -> None:
    makefile = (PROJECT / "Makefile").read_text()
    named = lines_of(path, "sh make") + re.findall(r"`(make [a-z-]+)`", path.read_text())
    for line in named:
        assert f"\n{line.split()[1]}:" in makefile, line


def test_the_readme_begins_with_what_there_is_to_try() -> None:
    assert {"make demo", "make test"} <= set(lines_of(README, "sh make"))


@pytest.mark.parametrize("text", CONFIGS)
def test_every_config_loads_and_plans(text: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    (tmp_path / "rpms.txt").write_text(RPM)
    loaded = load(path, environment={"LOADGEN_TARGET": GUARDS["LOADGEN_TARGET"]}, strict=True)
    assert prepare(loaded.config)[0].fleet.vm_count == loaded.config.vm_count


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.name)
def test_every_example_loads_and_plans(path: Path) -> None:
    planned = vsock_loadgen("plan", "--config", path, "--strict")
    assert (planned.returncode, planned.stderr) == (0, "")
    assert "Packages per VM" in planned.stdout


def test_the_config_errors_that_are_shown_are_those_of_the_config(tmp_path: Path) -> None:
    (shown,) = {block.text for path in DOCUMENTS for block in blocks_of(path) if "percents add up to 98" in block.text}
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


def test_the_tables_are_those_of_the_code() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "docs.scripts.reference", "--check"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_example_has_its_row() -> None:
    linked = set(re.findall(r"\(\.\./examples/([\w-]+\.yaml)\)", CONFIG.read_text()))
    assert linked == {path.name for path in EXAMPLES.glob("*.yaml")}


@pytest.mark.parametrize("picture", sorted((PROJECT / "docs" / "pictures").glob("*.svg")), ids=lambda path: path.name)
def test_the_picture_loads_nothing_from_elsewhere(picture: Path) -> None:
    assert not re.search(r"url\((?!#)|href|@import", picture.read_text())


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_link_leads_somewhere(document: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", prose_of(document)):
        path, _, anchor = link.partition("#")
        if "://" in path:
            continue
        target = document.parent / path if path else document
        assert target.exists(), link
        if anchor:
            assert anchor in anchors_of(target), link


def test_the_project_is_published_at_one_place() -> None:
    urls = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["urls"]
    home = urls["Repository"]
    for name, url in urls.items():
        assert url.startswith(home), name
        assert (PROJECT / url.removeprefix(home).partition("/blob/main/")[2]).exists(), name
    used = [place for path in DOCUMENTS for place in re.findall(r"uses: (\S+/vsock-loadgen)@", path.read_text())]
    assert set(used) == {home.removeprefix("https://github.com/")}


def prose_of(document: Path) -> str:
    """A document without its code."""
    return re.sub(r"^```.*?^```$|`[^`\n]*`", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)


def anchors_of(document: Path) -> set[str]:
    """What can stand behind the # of a link to a document."""
    without_blocks = re.sub(r"^```.*?^```$", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", without_blocks, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_decision_is_in_the_index_under_a_number_of_its_own() -> None:
    index = (DECISIONS / "README.md").read_text()
    records = sorted(DECISIONS.glob("[0-9]*.md"))
    assert len({path.name[:4] for path in records}) == len(records)
    assert all(f"{int(path.name[:4])}. [" in index and f"({path.name})" in index for path in records)
