"""The composite action: its inputs reach its script, and the script does with them what the guide says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import parse

import pytest
from ruamel.yaml import YAML

from command import PROJECT, TIMEOUT_SECONDS, environment
from deployment import DEPLOY, tool
from documents import HOW_TO, blocks_of

SCRIPT = DEPLOY / "github" / "load-test"
FLEET = "loadgen:\n  vmCount: 4\n  packages: 5\n  reportInterval: 1s\n  duration: 1s\n  metricsPort: 0\n"


def loaded(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


ACTION = loaded((PROJECT / "action.yml").read_text())
STEPS = ACTION["runs"]["steps"]
(RUN,) = (step for step in STEPS if step["name"] == "Run")


def script(folder: Path, given: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run what the action runs, with inputs by their names."""
    values = {name: str(one.get("default", "")) for name, one in ACTION["inputs"].items()} | dict(given)
    variables = {
        key: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: values[found[1]], text) for key, text in RUN["env"].items()
    }
    variables |= {"GITHUB_ACTION_PATH": str(PROJECT), "GITHUB_STEP_SUMMARY": str(folder / "summary.md")}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-e", "-c", RUN["run"]],
        cwd=folder,
        env=environment(variables | {"PATH": path}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "fleet.yaml").write_text(FLEET)
    return tmp_path


def test_every_input_is_used_and_every_one_that_is_used_is_declared() -> None:
    used = set(re.findall(r"inputs\.([\w-]+)", (PROJECT / "action.yml").read_text()))
    assert used == set(ACTION["inputs"])
    assert all(one["description"] for one in ACTION["inputs"].values())


def test_no_input_becomes_a_part_of_a_script() -> None:
    assert not [step for step in STEPS if "${{" in step.get("run", "")]
    assert all(step["shell"] == "bash" for step in STEPS if "run" in step)


def test_shellcheck_finds_nothing() -> None:
    done = subprocess.run([tool("shellcheck"), SCRIPT], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_several_runs_are_compared_with_a_baseline(folder: Path) -> None:
    given = {"config": "fleet.yaml", "target": "embedded", "repeat": "2"}
    first = script(folder, given | {"results": "before", "thresholds": "failed_percent < 1\n\nlag.p99 < 1h\n"})
    assert first.returncode == 0, first.stderr
    done = script(folder, given | {"baseline": "before/result-*.json", "fail-if": "reports_per_second > -1000"})
    assert done.returncode == 3, done.stderr
    assert {path.name for path in (folder / "load-test").iterdir()} == {
        f"{name}-{number}.{kind}"
        for number in (1, 2)
        for name, kind in (("result", "json"), ("result", "html"), ("junit-result", "xml"))
    }
    headings = re.findall(r"^## .*$", (folder / "summary.md").read_text(), re.MULTILINE)
    assert headings == ["## Load test: 2 runs, passed", "## Load test: 2 runs, passed", "## Comparison"]


def test_a_run_that_fails_fails_the_step_and_leaves_its_tests(folder: Path) -> None:
    given = {"config": "fleet.yaml", "arguments": "--target embedded --no-verdict=false", "thresholds": "response_time.p99 < 1ns"}
    done = script(folder, given)
    assert done.returncode == 3, done.stderr
    assert parse(folder / "load-test" / "junit-result.xml").getroot().attrib["failures"] == "1"


def test_a_run_that_cannot_begin_fails_the_step(folder: Path) -> None:
    done = script(folder, {"config": "none.yaml", "target": "embedded"})
    assert (done.returncode, "none.yaml" in done.stderr) == (2, True)


def test_the_workflow_of_the_guide_compares_what_it_has_run_first(folder: Path) -> None:
    (block,) = (block for block in blocks_of(HOW_TO / "in-ci.md") if block.info == "yaml workflow")
    (job,) = loaded(block.text)["jobs"].values()
    first, second = (step["with"] for step in job["steps"] if "vsock-loadgen" in step.get("uses", ""))
    for given in (first, second):
        (config,) = (block for block in blocks_of(HOW_TO / "in-ci.md") if block.file_name == given["config"])
        (folder / given["config"]).write_text(config.text)
        inputs = {name: str(value) for name, value in given.items()}
        assert set(inputs) <= set(ACTION["inputs"])
        done = script(folder, inputs | {"target": "embedded", "arguments": "--lag-limit 1h", "fail-if": "failed_percent > +100"})
        assert done.returncode == 0, done.stderr
    assert "## Comparison" in (folder / "summary.md").read_text()
    for name in ("results", "artifact"):
        assert first[name] != second.get(name, ACTION["inputs"][name]["default"])
