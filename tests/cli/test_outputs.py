"""Every file that a verb reads or writes: looked at before anything is begun, named by a dash alike. New options are found here by
themselves."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from simulated_target import terms
from unprivileged import as_nobody
from vsock_loadgen import app, populating, receiving, scraping, searching
from vsock_loadgen.capacity.outcome import Frame, capacity_of
from vsock_loadgen.capacity.search import Search
from vsock_loadgen.cli.outputs import InputType, OutputType
from vsock_loadgen.cli.verbs import verbs
from vsock_loadgen.cluster.vm_fleet import Standing
from vsock_loadgen.errors import ConfigError
from vsock_loadgen.results.receipt import Receipt
from vsock_loadgen.results.scraped import Scraped

VARIANTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "run": (("--target", "embedded"),),
    "capacity": (("--target", "embedded", "--goal", "response_time.p99 < 1s"),),
    "receive": (("unix:///nowhere/relay.sock",),),
    "serve": (("--listen", "https://127.0.0.1:0"),),
    "vms": (("status",),),
    "scrape": (("https://127.0.0.1:1",),),
    "fit": (("--kind", "packages"),),
    "compare": ((), ("--merge",)),
    "completion": (("bash",),),
}
"""What a verb needs beside its files, in each of its ways to write."""
NOT_WITH: dict[tuple[str, ...], tuple[str, ...]] = {("--merge",): ("baseline",)}
"""Inputs that a way to write does not have."""
CATALOGUE = "rpms.txt"
INPUT = f"loadgen:\n  vmCount: 1\n  packageCatalog: {CATALOGUE}\n"
"""What every input holds: a config for those who read one, and nothing of use for others."""


NOTHING_FOUND = capacity_of(
    Search(terms("response_time.p99 < 1s"), ()),
    Frame(started_at="2026-01-31T12:00:00+00:00", target="embedded", at_least=None, idle_p95=None, config={}, environment={}),
    probes=0,
    complete=True,
)


def parameters(verb: str, kind: type) -> list[click.Parameter]:
    """Those of a verb that name files of this kind."""
    command = verbs.get_command(click.Context(verbs), verb)
    assert command is not None
    assert not [one.name for one in command.params if isinstance(one.type, click.Path | click.File)]
    return [one for one in command.params if isinstance(one.type, kind)]


def flag(parameter: click.Parameter) -> str:
    return next(name for name in parameter.opts if name.startswith("--"))


def sources(verb: str, variant: tuple[str, ...]) -> list[click.Parameter]:
    """The inputs of a verb in one of its ways."""
    return [one for one in parameters(verb, InputType) if one.name not in NOT_WITH.get(variant, ())]


def beginning(verb: str, variant: tuple[str, ...], **others: str) -> list[str]:
    """A verb and arguments that name all its inputs: files of these names, unless `others` says another."""
    said = [verb, *variant]
    for one in sources(verb, variant):
        name = others.get(one.name or "", f"in-{one.name}")
        said += [name] * max(1, one.nargs) if isinstance(one, click.Argument) else [flag(one), name]
    return said


EACH_WAY = [(verb, variant) for verb in verbs.list_commands(click.Context(verbs)) for variant in VARIANTS.get(verb, ((),))]
OUTPUTS = [(verb, variant, flag(one)) for verb, variant in EACH_WAY for one in parameters(verb, OutputType)]
INPUTS = [(verb, variant, one.name) for verb, variant in EACH_WAY for one in sources(verb, variant)]


@pytest.fixture(autouse=True)
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The folder with the inputs, and what was begun there: nothing is sent or listened for."""
    seen: list[str] = []
    monkeypatch.chdir(tmp_path)

    def beginner(name: str, ends_with: object) -> Callable[..., object]:
        def begin(*_: object, **__: object) -> object:
            seen.append(name)
            return ends_with

        return begin

    monkeypatch.setattr(app, "run", beginner("run", 0))
    monkeypatch.setattr(searching, "search", beginner("search", NOTHING_FOUND))
    monkeypatch.setattr(receiving, "receive", beginner("receive", Receipt()))
    monkeypatch.setattr(scraping, "scrape", beginner("scrape", Scraped()))
    monkeypatch.setattr(populating, "populate", beginner("populate", (Standing("vms", 1, 1, 0, 0), ())))
    for verb, _ in EACH_WAY:
        for one in parameters(verb, InputType):
            Path(f"in-{one.name}").write_text(INPUT)
    Path(CATALOGUE).write_text("name,version,release\nbash,5,1\n")
    return seen


def ended(*arguments: str, stdin: str = "") -> tuple[int, str]:
    """The exit code, and all that was said."""
    done = CliRunner(env={"NODE_NAME": None, "LOADGEN_CONFIG": None}).invoke(verbs, arguments, input=stdin)
    if isinstance(done.exception, ConfigError):
        return done.exception.exit_code, f"{done.output}{done.exception}\n"
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def a_socket() -> str:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("sock")
    return "sock"


def a_loop() -> str:
    Path("loop").symlink_to("loop")
    return "loop"


def a_link_to_nowhere() -> str:
    Path("link").symlink_to("none/such")
    return "link"


WRONGS: dict[str, tuple[Callable[[], str], str]] = {
    "a folder that is not there": (lambda: "none/such/file", "there is no folder"),
    "a link into a folder that is not there": (a_link_to_nowhere, "there is no folder"),
    "a folder": (lambda: ".", "it is a folder"),
    "a file as a folder": (lambda: f"{CATALOGUE}/file", "Not a directory"),
    "a socket": (a_socket, "it is a socket"),
    "a link to itself": (a_loop, "Too many levels of symbolic links"),
    "a name that cannot be one": (lambda: "a\0b", "null"),
    "a name that is too long": (lambda: "a" * 300, "File name too long"),
    "a descriptor that is closed": (lambda: "/dev/fd/999", "Bad file descriptor"),
}


def test_every_verb_has_an_output_under_one_name_and_those_that_send_their_own() -> None:
    by_verb = {verb: {name for each, _, name in OUTPUTS if each == verb} for verb, _ in EACH_WAY}
    assert by_verb.pop("serve") == by_verb.pop("run") == {"--result", "--html", "--summary", "--samples"}
    assert by_verb.pop("capacity") == {"--result", "--html", "--continue"}
    assert set(map(frozenset, by_verb.values())) == {frozenset({"--output"})}


@pytest.mark.parametrize("wrong", WRONGS)
@pytest.mark.parametrize(("verb", "variant", "output"), OUTPUTS)
def test_what_cannot_be_written_is_refused_before_anything_is_begun(
    verb: str, variant: tuple[str, ...], output: str, wrong: str, begun: list[str]
) -> None:
    make, reason = WRONGS[wrong]
    code, said = ended(*beginning(verb, variant), output, make())
    assert (code, said.count("\n"), begun) == (2, 1, []), said
    assert said.startswith(f"{output}: ")
    assert "cannot be written: " in said
    assert reason in said


@pytest.mark.parametrize(("verb", "variant", "output"), OUTPUTS)
def test_what_may_not_be_written_is_refused_before_anything_is_begun(
    verb: str, variant: tuple[str, ...], output: str, begun: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        for one in parameters(verb, InputType):
            Path(folder, f"in-{one.name}").write_text(INPUT)
        monkeypatch.chdir(folder)
        Path(folder).chmod(0o555)
        with as_nobody():
            code, said = ended(*beginning(verb, variant), output, "file")
    assert (code, begun) == (2, [])
    assert said == f"{output}: file cannot be written: you may not write to the folder {folder}\n"


@pytest.mark.parametrize("named", ["as it is", "by a way round", "by a link", "by a hard link"])
@pytest.mark.parametrize(
    ("verb", "variant", "output", "source"),
    [(*way, output, source) for *way, output in OUTPUTS for each, variant, source in INPUTS if (each, variant) == tuple(way)],
)
def test_no_output_is_an_input(
    verb: str, variant: tuple[str, ...], output: str, source: str, named: str, begun: list[str], tmp_path: Path
) -> None:
    path = Path(f"in-{source}")
    Path("soft").symlink_to(path)
    Path("hard").hardlink_to(path)
    other = {"as it is": str(path), "by a way round": f"{tmp_path}/../{tmp_path.name}/{path}", "by a link": "soft"}.get(
        named, "hard"
    )
    assert ended(*beginning(verb, variant), output, other) == (2, f"{output}: {other} is an input too, expected another file\n")
    assert (begun, path.read_text()) == ([], INPUT)


@pytest.mark.parametrize(("verb", "output"), [("run", "--result"), ("run", "--html"), ("plan", "--output")])
def test_no_output_is_a_file_that_the_config_names(verb: str, output: str, begun: list[str]) -> None:
    code, said = ended(verb, "--config", "in-config", "--target", "embedded", output, CATALOGUE)
    assert (code, said, begun) == (2, f"{output}: {CATALOGUE} is an input too, expected another file\n", [])


@pytest.mark.parametrize("other", ["out", "./out", "link"])
def test_no_output_is_another_output(other: str, begun: list[str]) -> None:
    Path("link").symlink_to("out")
    said = f"--html: {Path(other)} is what --result writes too, expected another file\n"
    assert ended("run", "--target", "embedded", "--result", "out", "--html", other) == (2, said)
    Path("out").touch()
    assert ended("run", "--target", "embedded", "--result", "out", "--html", other) == (2, said)
    assert begun == []


def test_all_that_is_wrong_with_outputs_is_said_at_once() -> None:
    code, said = ended("run", "--target", "embedded", "--result", "none/a", "--html", "none/b")
    assert (code, [line.partition(":")[0] for line in said.splitlines()]) == (2, ["--result", "--html"])


def test_devices_pipes_and_descriptors_pass_also_twice(begun: list[str]) -> None:
    os.mkfifo("pipe")
    for path in ("/dev/null", "pipe", "/dev/stdout", "-"):
        assert ended("run", "--target", "embedded", "--result", path, "--html", path) == (0, "")
    assert begun == ["run"] * 4


@pytest.mark.parametrize("verb", ["init", "schema"])
def test_a_file_gets_what_stdout_would(verb: str) -> None:
    _, shown = ended(verb)
    assert ended(verb, "-o", "out") == (0, "")
    assert Path("out").read_text() == shown


def test_init_leaves_a_config_alone_that_somebody_has_changed() -> None:
    Path("mine.yaml").write_text(INPUT)
    code, said = ended("init", "-o", "mine.yaml")
    assert (code, said.startswith("--output: mine.yaml "), said.count("\n")) == (2, True, 1)
    assert Path("mine.yaml").read_text() == INPUT
    Path("empty.yaml").touch()
    assert ended("init", "-o", "empty.yaml") == (0, "")


def test_a_summary_may_be_put_behind_a_file_in_a_folder_that_may_not_be_written(begun: list[str]) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        for name, mode in (("theirs", 0o666), ("ours", 0o600)):
            Path(folder, name).touch()
            Path(folder, name).chmod(mode)
        Path(folder).chmod(0o555)
        with as_nobody():
            assert ended("run", "--target", "embedded", "--summary", f"{folder}/theirs") == (0, "")
            code, said = ended("run", "--target", "embedded", "--summary", f"{folder}/ours")
    assert (code, said, begun) == (2, f"--summary: {folder}/ours cannot be written: you may not write to it\n", ["run"])


def test_no_numbered_output_is_an_input(begun: list[str]) -> None:
    Path("fleet-2.yaml").write_text(INPUT)
    given = ("run", "--config", "fleet-2.yaml", "--target", "embedded", "--duration", "1s", "--repeat", "2")
    said = "--result of run 2: fleet-2.yaml is an input too, expected another file\n"
    assert ended(*given, "--result", "fleet.yaml") == (2, said)
    assert begun == []


@pytest.mark.parametrize(("verb", "variant"), [way for way in EACH_WAY if way[0] not in ("receive", "scrape")])
def test_the_main_output_has_one_spelling_everywhere(verb: str, variant: tuple[str, ...], begun: list[str]) -> None:
    """-o or --output, whatever else it is called; those two verbs have it as well, and none that is not the summary."""
    for spelling in ("-o", "--output"):
        code, said = ended(*beginning(verb, variant), spelling, "none/such/file")
        assert (code, begun) == (2, [])
        assert "there is no folder" in said


def test_an_older_name_is_taken_and_not_shown() -> None:
    code, said = ended("compare", "--merge", "in-files", "--out", "none/such/file")
    assert (code, said.partition(":")[0]) == (2, "--output")
    assert "--out " not in ended("compare", "--help")[1]


@pytest.mark.parametrize(("verb", "variant", "source"), INPUTS)
def test_a_dash_is_stdin_for_every_input(verb: str, variant: tuple[str, ...], source: str, begun: list[str]) -> None:
    to = [part for one in parameters(verb, OutputType) for part in (flag(one), "/dev/null")]
    from_file = ended(*beginning(verb, variant), *to)
    before = begun.copy()
    from_stdin = ended(*beginning(verb, variant, **{source: "-"}), *to, stdin=INPUT)
    assert from_stdin == (from_file[0], from_file[1].replace(f"in-{source}", "stdin"))
    assert begun == before * 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("compare", "-", "-"),
        ("compare", "--merge", "-", "a", "-"),
        ("compare", "--baseline", "-", "a", "-"),
        ("plan", "--config", "-", "--package-catalog", "-"),
        ("run", "--config", "-", "--package-catalog", "-"),
    ],
)
def test_stdin_is_one_input(arguments: tuple[str, ...], begun: list[str]) -> None:
    assert ended(*arguments, stdin=INPUT) == (2, "-: stands for stdin 2 times, expected once\n")
    assert begun == []
