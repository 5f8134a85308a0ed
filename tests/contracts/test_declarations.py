"""What the tool declares: its schema, help, variables and the starter config."""

from __future__ import annotations

import re

from contracts.goldens import check_golden, check_golden_sections
from contracts.internals import command, variables
from vsock_loadgen.form import form


def test_the_schema_for_editors() -> None:
    check_golden("schema.json", command("schema").stdout)


def test_the_starter_config() -> None:
    check_golden("init.yaml", command("init").stdout)


def test_the_help_of_every_verb() -> None:
    whole = command("--help").stdout
    verbs = re.findall(r"^  (\w+) ", whole.partition("Commands:")[2], re.MULTILINE)
    texts = {"vsock-loadgen": whole, "--version": command("--version").stdout.replace(form(), "FORM")}
    check_golden_sections("help.txt", texts | {verb: str(command(verb, "--help")) for verb in verbs})


def test_the_variables() -> None:
    check_golden("variables.txt", "".join(f"{name}\n" for name in variables()))
