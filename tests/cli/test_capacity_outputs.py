"""What `capacity`, `report` and `compare` write of searches, and what they refuse before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import capacity_example as example
from comparison_example import sound_run
from vsock_loadgen import searching
from vsock_loadgen.capacity.outcome import Capacity
from vsock_loadgen.cli.verbs import verbs
from vsock_loadgen.errors import ConfigError
from vsock_loadgen.results.files import write_result
from vsock_loadgen.text.capacity_markdown import capacity_markdown
from vsock_loadgen.text.capacity_page import capacity_page

ASKED = ("capacity", "--target", "embedded", "--goal", "response_time.p99 < 500ms")
FULL = Path("/dev/full")
GENERATOR = {"workers": 1, "worker_cpu_seconds": [0.5], "parent_cpu_seconds": 0.25, "share_of_machine": 0.1, "saturation": None}


def ended(*arguments: str | Path, stdin: str = "") -> Result:
    return CliRunner(catch_exceptions=False).invoke(verbs, list(map(str, arguments)), input=stdin)


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Searches that were begun; each is over at once."""
    seen: list[str] = []

    def search(*_: object, **__: object) -> Capacity:
        seen.append("search")
        return example.found()

    monkeypatch.setattr(searching, "search", search)
    return seen


@pytest.mark.usefixtures("begun")
def test_the_page_is_that_of_the_outcome_and_of_the_report_on_it(tmp_path: Path) -> None:
    written, page = tmp_path / "capacity.json", tmp_path / "page.html"
    done = ended(*ASKED, "--format", "json", "--html", page)
    assert done.exit_code == 0
    written.write_text(done.stdout)
    assert page.read_text() == capacity_page(example.found())
    again = ended("report", written)
    assert (again.exit_code, again.stderr) == (0, f"The report is in {tmp_path}/capacity.html.\n")
    assert (tmp_path / "capacity.html").read_text() == page.read_text()
    assert ended("report", "-", "-o", tmp_path / "other.html", stdin=done.stdout).exit_code == 0
    assert (tmp_path / "other.html").read_text() == page.read_text()


@pytest.mark.usefixtures("begun")
def test_markdown_is_a_format_of_the_outcome() -> None:
    assert ended(*ASKED, "--format", "markdown").stdout == capacity_markdown(example.found())


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
@pytest.mark.usefixtures("begun")
def test_a_page_that_cannot_be_written_in_the_end_is_a_warning_and_exit_code_1() -> None:
    done = ended(*ASKED, "--html", FULL)
    assert done.exit_code == 1
    assert "--html: cannot be written" in done.stderr
    assert done.stdout.startswith("holds:")


@pytest.mark.parametrize(
    ("after", "exit_code"),
    [
        (example.slower, 3),
        (example.a_bit_slower, 0),
        (example.contradictory, 1),
        (example.generator_limited, 4),
        (example.not_begun, 1),
    ],
)
def test_a_condition_exits_with_3_where_it_is_the_case_unless_a_search_is_no_answer(
    after: Callable[[], Capacity], exit_code: int, tmp_path: Path
) -> None:
    files = (example.in_a_file(example.found(), tmp_path / "a.json"), example.in_a_file(after(), tmp_path / "b.json"))
    assert ended("compare", *files, "--fail-if", "holds < -10%").exit_code == exit_code
    assert ended("compare", *files).exit_code == 0


def test_the_three_formats_say_the_same(tmp_path: Path) -> None:
    files = (example.in_a_file(example.found(), tmp_path / "a.json"), example.in_a_file(example.slower(), tmp_path / "b.json"))
    for output in ("text", "markdown"):
        assert "holds 20 % less than before" in " ".join(ended("compare", *files, "--format", output).stdout.split())
    document = json.loads(ended("compare", *files, "--format", "json").stdout)
    assert document["others"][0]["percent"] == -20


def test_runs_and_searches_do_not_mix(tmp_path: Path) -> None:
    write_result(replace(sound_run(), generator=GENERATOR), tmp_path / "run.json")
    found = example.in_a_file(example.found(), tmp_path / "found.json")
    for files in ((found, tmp_path / "run.json"), (tmp_path / "run.json", found)):
        with pytest.raises(ConfigError, match=r"run\.json: found the result of a run, expected the outcome of a search") as raised:
            ended("compare", *files)
        assert (raised.value.exit_code, len(raised.value.problems)) == (2, 1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--baseline", "a.json", "b.json"), "of searches, the first FILE is the baseline"),
        (("a.json", "b.json", "--fail-if", "lag.p99 > +1%"), "'lag.p99 > +1%'"),
        (("a.json", "b.json", "--fail-if", "holds < 10%"), "expected a percentage of what held before, with its sign"),
        (("a.json",), "expected two or more"),
    ],
)
def test_what_does_not_go_with_searches_is_one_message(
    arguments: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.json", "b.json"):
        example.in_a_file(example.found(), Path(name))
    done = ended("compare", *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.count("Error:") == 1
    assert said in done.stderr
