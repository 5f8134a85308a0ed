"""A kind that is only added to `KINDS` is complete: it plans, and schema, messages and documents know it."""

from __future__ import annotations

import json
import subprocess
import sys

from command import PROJECT

PROGRAM = """
import json
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated

from vsock_loadgen import distributions
from vsock_loadgen.distributions.kind import MAX, MIN, Continuous, Field


@dataclass(frozen=True, slots=True)
class Square(Continuous):
    name = "square"
    noun = "a square distribution"
    says = "{all} that grow with the square of their rank."

    steepness: Annotated[Fraction, Field("figure", "Steepness{in_unit}.", 1)]
    min: Annotated[Fraction, MIN]
    max: Annotated[Fraction, MAX]

    @property
    def configured_mean(self) -> Fraction:
        return self.min + (self.max - self.min) / 3

    def quantile(self) -> Callable[[float], float]:
        low, high = float(self.min), float(self.max)
        return lambda at: low + (high - low) * at * at


distributions.KINDS = (*distributions.KINDS, Square)

from docs.scripts.config_keys import form_table
from vsock_loadgen.config.load import Override, load
from vsock_loadgen.config.schema import json_schema
from vsock_loadgen.distributions.quantity import PACKAGES
from vsock_loadgen.errors import ConfigError
from vsock_loadgen.plan.fleet import build_fleet


def loaded(block: str):
    return load(None, environment={}, overrides=[Override("--set packages", "packages", block)]).config


def said(block: str) -> str:
    try:
        return str(loaded(block))
    except ConfigError as error:
        return str(error)


config = loaded("{steepness: 3, min: 100, max: 400}")
print(json.dumps({
    "packages": sorted(build_fleet(config).packages.values)[::49],
    "effective": config.effective["packages"],
    "schema": json_schema()["$defs"]["PackageSquare"]["required"],
    "missing": said("{steepness: 3, min: 100}"),
    "misspelt": said("{stepness: 3}"),
    "unknown": said("{steepness: 3, min: 1, max: 2, steepnes: 4}"),
    "documents": form_table(PACKAGES),
}))
"""


def test_a_kind_needs_nothing_but_its_name_among_the_kinds() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["packages"] == [100, 394]
    assert found["effective"] == {"steepness": 3, "min": 100, "max": 400}
    assert found["schema"] == ["steepness", "min", "max"]
    assert "packages.max: missing; a square distribution has steepness, min and max" in found["missing"]
    assert "steepness, min and max (square)" in found["misspelt"]
    assert "did you mean steepness?" in found["misspelt"]
    assert "packages.steepnes: unknown key; did you mean steepness?" in found["unknown"]
    assert (
        "| `packages.steepness` | a number from 0 to 100,000 | packages | required | `600` | Steepness in packages. |"
        in found["documents"]
    )
