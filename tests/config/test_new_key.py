"""A key that is only declared is complete: flag, variable, schema, effective config, documents, merging and comparing know it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import get_args

import pytest

from command import PROJECT
from vsock_loadgen.config.schema import KEYS, NEWER, OLDER
from vsock_loadgen.grammar.block import Scope

PROGRAM = """
import json
import sys
from dataclasses import make_dataclass

from vsock_loadgen.config import model
from vsock_loadgen.grammar.block import key
from vsock_loadgen.grammar.leaves import WholeNumber

spice = key(3, WholeNumber(0, 9), "How hot it is.", "5", group="fleet", scope=sys.argv[1], unit="chillies")
model.Config = make_dataclass("Config", [("spice", int, spice)], bases=(model.Config,), frozen=True, slots=True, kw_only=True)

from click.testing import CliRunner
from docs.scripts.config_keys import flag_table, key_table
from vsock_loadgen.cli.verbs import verbs
from vsock_loadgen.config.load import Override, load
from vsock_loadgen.config.schema import json_schema
from vsock_loadgen.errors import ConfigError
from vsock_loadgen.results.comparison import OF_THE_LOAD
from vsock_loadgen.results.merging import OF_A_NODE


def said(*overrides: Override) -> str:
    try:
        return str(load(None, environment={}, overrides=overrides).config)
    except ConfigError as error:
        return str(error)


print(json.dumps({
    "by default": load(None, environment={}).config.spice,
    "by variable": load(None, environment={"LOADGEN_SPICE": "7"}).config.effective["spice"],
    "help": " ".join(CliRunner().invoke(verbs, ["plan", "--help"]).stdout.split()),
    "flag": CliRunner().invoke(verbs, ["plan", "--target", "embedded", "--spice", "4", "--vm-count", "2"]).exit_code,
    "schema": json_schema()["properties"]["loadgen"]["properties"]["spice"],
    "too much": said(Override("--spice", "spice", "10")),
    "misspelt": said(Override("--set spise", "spise", "1")),
    "row": key_table("fleet"),
    "names": flag_table(),
    "of a node": "spice" in OF_A_NODE,
    "of the load": "spice" in OF_THE_LOAD,
}))
"""


@pytest.mark.parametrize("scope", ["load", "shared", "node"])
def test_a_key_needs_nothing_but_its_declaration(scope: str) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, scope], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["by default"], found["by variable"], found["flag"]) == (3, 7, 0)
    assert "--spice N How hot it is. [default: 3]" in found["help"]
    assert found["schema"] == {"type": "integer", "minimum": 0, "maximum": 9, "description": "How hot it is.", "default": 3}
    assert "--spice: spice: found 10, expected a whole number from 0 to 9" in found["too much"]
    assert "did you mean spice?" in found["misspelt"]
    assert "| `spice` | a whole number from 0 to 9 | chillies | `3` | `5` | How hot it is. |" in found["row"]
    assert "| `spice` | `--spice` | `LOADGEN_SPICE` |" in found["names"]
    assert (found["of a node"], found["of the load"]) == (scope == "node", scope == "load")


def test_every_key_says_where_it_is_documented_and_what_it_is_for() -> None:
    assert set(KEYS) == {*NEWER, *OLDER}
    assert [key.name for key in KEYS.values() if not (key.group and key.scope in get_args(Scope) and key.example)] == []
