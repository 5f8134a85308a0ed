"""docs/python.md as a reader follows it, and what its names are worth to a program."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest

import vsock_loadgen
from command import EXAMPLES, PROJECT, TIMEOUT_SECONDS
from comparison_example import grouped_run
from documents import blocks_of, run_to_its_end
from vsock_loadgen.errors import ConfigError
from vsock_loadgen.results import tables
from vsock_loadgen.results.tables import table_of

PAGE = PROJECT / "docs" / "python.md"


def test_the_page_can_be_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for block in blocks_of(PAGE):
        if block.exit_code is not None:
            run_to_its_end(block, tmp_path)
        elif block.info == "python":
            exec(compile(block.text, str(PAGE), "exec"), names)  # noqa: S102 (the page is the project's own)
        elif block.info == "python frames":  # which need a library that is not installed here
            compile(block.text, str(PAGE), "exec")


def test_every_name_is_there_with_its_type_and_on_the_page() -> None:
    assert (Path(vsock_loadgen.__file__).parent / "py.typed").exists()
    for name in set(vsock_loadgen.__all__) - {"__version__"}:
        function = getattr(vsock_loadgen, name)
        assert function.__doc__
        assert "return" in function.__annotations__
        assert f"`{name}(" in PAGE.read_text()
    with pytest.raises(AttributeError):
        _ = vsock_loadgen.run


def test_what_is_not_used_is_not_imported() -> None:
    program = (
        "import sys, vsock_loadgen\n"
        "before = {name for name in sys.modules if name.startswith('vsock_loadgen.')}\n"
        "vsock_loadgen.load_config()\n"
        "after = {name.split('.')[1] for name in sys.modules if name.startswith('vsock_loadgen.')}\n"
        "others = {'rich', 'plotly', 'prometheus_client', 'aiohttp', 'pandas'} & set(sys.modules)\n"
        "import json; print(json.dumps([sorted(before), sorted(after & {'app', 'text', 'serving', 'cli'}), sorted(others)]))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=True)
    assert json.loads(done.stdout) == [[], [], []]


def test_settings_go_above_the_file_and_say_who_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "fleet.yaml"
    path.write_text("loadgen:\n  vmCount: 3\n  reportInterval: 30s\n")
    config = vsock_loadgen.load_config(path, settings={"vmCount": 5, "packages": {"mean": 9, "stddev": 1}, "noVerdict": True})
    assert (config.vm_count, config.no_verdict, str(config.effective["reportInterval"])) == (5, True, "30s")
    with pytest.raises(ConfigError, match=r"settings\['vmCount'\]"):
        vsock_loadgen.load_config(path, settings={"vmCount": "many"})


def test_variables_of_the_environment_count_only_if_they_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOADGEN_VM_COUNT", "7")
    assert vsock_loadgen.load_config().vm_count == 50
    assert vsock_loadgen.load_config(environment={"LOADGEN_VM_COUNT": "8"}).vm_count == 8


def test_a_key_that_is_not_known_is_a_warning_of_python(tmp_path: Path) -> None:
    path = tmp_path / "fleet.yaml"
    path.write_text("loadgen:\n  vmCuont: 3\n")
    with pytest.warns(UserWarning, match="did you mean vmCount"):
        vsock_loadgen.load_config(path)
    with pytest.raises(ConfigError):
        vsock_loadgen.load_config(path, strict=True)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The libraries that seem to be there: each makes of columns a pair of its name and these."""
    names: set[str] = set()

    def library(name: str) -> types.SimpleNamespace:
        return types.SimpleNamespace(DataFrame=lambda columns, **_: (name, columns))

    monkeypatch.setattr(tables, "find_spec", lambda name: name if name in names else None)
    monkeypatch.setattr(tables, "import_module", library)
    return names


def test_a_frame_is_of_the_library_that_is_there(installed: set[str]) -> None:
    table = table_of(grouped_run(), "groups")
    installed.add("polars")
    assert table.to_frame() == ("polars", table.columns)
    installed.add("pandas")
    assert table.to_frame() == ("pandas", table.columns)
    assert table.to_frame("polars") == ("polars", table.columns)


def test_without_a_library_the_error_says_which_would_do(installed: set[str]) -> None:
    table = table_of(grouped_run(), "groups")
    with pytest.raises(ModuleNotFoundError, match="no package pandas or polars, expected it for frames: pip install pandas"):
        table.to_frame()
    installed.add("pandas")
    with pytest.raises(ModuleNotFoundError, match=r"no package polars, .*: pip install polars"):
        table.to_frame("polars")
