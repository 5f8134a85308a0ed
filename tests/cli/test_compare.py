"""`compare` as users run it: exit codes, formats, and one clear message for what cannot be done."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from comparison_example import grouped_run, late_run, sound_run
from vsock_loadgen.cli.verbs import verbs
from vsock_loadgen.errors import ConfigError
from vsock_loadgen.results.files import write_result
from vsock_loadgen.results.result import Result as RunResult
from vsock_loadgen.results.result import Verdict

GENERATOR = {"workers": 1, "worker_cpu_seconds": [0.5], "parent_cpu_seconds": 0.25, "share_of_machine": 0.1, "saturation": None}

Write = Callable[[str, RunResult], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(name: str, result: RunResult) -> Path:
        path = tmp_path / name
        write_result(replace(result, generator=GENERATOR), path)
        return path

    return written


def compare(*arguments: str | Path) -> Result:
    return CliRunner(catch_exceptions=False).invoke(verbs, ["compare", *map(str, arguments)])


def test_the_first_of_several_results_is_the_baseline_and_each_other_a_side(write: Write) -> None:
    files = [write(f"{number}.json", sound_run(20 + number)) for number in range(3)]
    done = compare(*files, "--format", "json")
    document = json.loads(done.stdout)
    assert done.exit_code == 0
    assert document["baseline"]["label"] == str(files[0])
    assert [side["label"] for side in document["others"]] == list(map(str, files[1:]))
    assert [row["others"][0]["exceeds_spread"] for row in document["figures"]] == [None] * len(document["figures"])


def test_with_a_baseline_all_results_are_one_side_with_a_spread(write: Write) -> None:
    a1, a2, b1, b2 = (write(f"{number}.json", sound_run(number)) for number in (20, 22, 30, 31))
    document = json.loads(compare("--baseline", a1, "--baseline", a2, b1, b2, "--format", "json").stdout)
    assert [run["name"] for run in document["baseline"]["runs"]] == [str(a1), str(a2)]
    (side,) = document["others"]
    assert [run["name"] for run in side["runs"]] == [str(b1), str(b2)]
    (row,) = (row for row in document["figures"] if row["name"] == "response_time.max")
    assert row["others"][0]["exceeds_spread"] is True


def test_a_pattern_names_the_runs_of_the_baseline(write: Write, tmp_path: Path) -> None:
    for number in range(3):
        write(f"old-{number}.json", sound_run(20 + number))
    new = write("new.json", sound_run(30))
    document = json.loads(compare("--baseline", tmp_path / "old-*.json", new, "--format", "json").stdout)
    assert [run["name"] for run in document["baseline"]["runs"]] == [str(tmp_path / f"old-{number}.json") for number in range(3)]


@pytest.mark.parametrize(("arguments", "left_out"), [((), True), (("--all",), False)])
def test_markdown_leaves_out_what_is_within_the_spread(write: Write, arguments: tuple[str, ...], left_out: bool) -> None:
    a1, a2, b1 = (write(f"{number}.json", sound_run(number)) for number in (20, 22, 30))
    text = compare("--baseline", a1, "--baseline", a2, b1, "--format", "markdown", *arguments).stdout
    assert ("| failed_percent |" not in text) == left_out
    assert "| response_time.p99 |" in text


@pytest.mark.parametrize(("condition", "exit_code"), [("response_time.p99 > +40%", 3), ("response_time.p99 > +60%", 0)])
def test_a_condition_that_holds_exits_with_3(write: Write, condition: str, exit_code: int) -> None:
    done = compare(write("a.json", sound_run(20)), write("b.json", sound_run(30)), "--fail-if", condition)
    assert done.exit_code == exit_code
    assert f"Comparison: {'failed' if exit_code else 'passed'}" in done.stdout


@pytest.mark.parametrize(("scope", "exit_code"), [("packages.2000.", 3), ("packages.largest.", 3), ("packages.500.", 0), ("", 0)])
def test_a_condition_on_a_group_sees_what_the_whole_run_hides(write: Write, scope: str, exit_code: int) -> None:
    files = (write("a.json", grouped_run()), write("b.json", grouped_run(large_ms=90)))
    assert compare(*files, "--fail-if", f"{scope}response_time.p50 > +10%").exit_code == exit_code


def test_a_condition_on_a_group_that_there_is_not_is_refused(write: Write) -> None:
    files = (write("a.json", grouped_run()), write("b.json", grouped_run()))
    with pytest.raises(ConfigError, match=r"a\.json: .*no packages group 700, expected one of 500, 2000, largest, smallest"):
        compare(*files, "--fail-if", "packages.700.response_time.p50 > +10%")


@pytest.mark.parametrize("exit_code", [1, 4])
def test_an_invalid_run_answers_no_condition(write: Write, exit_code: int) -> None:
    invalid = replace(
        late_run(), counts=sound_run().counts, times=sound_run().times, verdict=Verdict("invalid", ("late",), exit_code)
    )
    files = (write("a.json", sound_run()), write("b.json", invalid))
    assert compare(*files).exit_code == 0
    assert compare(*files, "--fail-if", "response_time.p99 > +1000%").exit_code == exit_code


def test_the_three_formats_say_the_same(write: Write) -> None:
    files = (write("a.json", sound_run(20)), write("b.json", sound_run(30)))
    for output in ("text", "markdown"):
        done = compare(*files, "--format", output)
        assert (done.exit_code, "+50 %" in done.stdout) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "expected two or more results: a baseline and what is compared with it"),
        (("a.json",), "expected two or more results"),
        (("--baseline", "a.json"), "expected two or more results"),
        (("--merge", "a.json", "--fail-if", "lag.p99 > +1%"), "--fail-if and --format markdown do not go with it"),
        (("--merge", "a.json", "--baseline", "b.json"), "--merge gives one result"),
        (("--merge",), "expected the results of a fleet's nodes"),
        (("a.json", "b.json", "--fail-if", "p99 > 3"), "'p99 > 3': the figure p99 is not known"),
    ],
)
def test_what_cannot_be_done_is_said_and_exits_with_2(arguments: tuple[str, ...], message: str) -> None:
    done = compare(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in done.stderr


def test_merging_writes_one_result_and_exits_with_its_code(write: Write, tmp_path: Path) -> None:
    part = write("a.json", sound_run())
    done = compare("--merge", part, "-o", tmp_path / "sum.json")
    assert (done.exit_code, "Verdict: passed" in done.stdout) == (0, True)
    document = json.loads((tmp_path / "sum.json").read_text())
    assert document["totals"] == json.loads(part.read_text())["totals"]
    shown = compare("--merge", part, "--format", "json")
    assert json.loads(shown.stdout) == document


def test_thresholds_of_the_config_are_judged_again(write: Write) -> None:
    config = {"vmCount": 200, "thresholds": ["response_time.p99 < 10ms"]}
    done = compare("--merge", write("a.json", replace(sound_run(20), config=config)))
    assert done.exit_code == 3
    assert "response_time.p99 < 10ms is missed: 20" in done.stdout


@pytest.mark.parametrize("thresholds", ["lag.p99 < 1s", ["p99 < 1s"]])
def test_thresholds_that_cannot_be_read_are_refused(write: Write, thresholds: object) -> None:
    part = write("a.json", replace(sound_run(), config={"thresholds": thresholds}))
    with pytest.raises(ConfigError, match=r"a\.json: config\.thresholds: "):
        compare("--merge", part)


@pytest.mark.parametrize("max_lost", ["much", 101, [], {}])
def test_lost_reports_that_cannot_be_read_are_refused(write: Write, max_lost: object) -> None:
    part = write("a.json", replace(sound_run(), config={"maxLost": max_lost}))
    with pytest.raises(ConfigError, match=r"a\.json: config\.maxLost: found "):
        compare("--merge", part)


@pytest.mark.parametrize("notation", ["text", "json", "markdown"])
def test_a_file_gets_what_stdout_would(write: Write, tmp_path: Path, notation: str) -> None:
    given = (write("a.json", sound_run()), write("b.json", sound_run(30)), "--format", notation)
    done = compare(*given, "-o", tmp_path / "out")
    assert (done.exit_code, done.output) == (0, "")
    assert (tmp_path / "out").read_text() == compare(*given).stdout
