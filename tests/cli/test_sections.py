"""The help of verbs that take the whole config: options in sections, the predecessor's last, in 80 columns."""

from __future__ import annotations

import re
import shlex

import click
import pytest
from click.testing import CliRunner

from vsock_loadgen.cli.sections import PREDECESSOR, SECTIONS
from vsock_loadgen.cli.verbs import verbs
from vsock_loadgen.config.schema import OLDER, scalar_keys

SECTIONED = ("run", "plan", "capacity", "serve", "scrape")
COLUMNS = 80


def help_of(verb: str, columns: int = COLUMNS) -> str:
    return CliRunner(env={"COLUMNS": str(columns)}).invoke(verbs, [verb, "--help"]).stdout


def sections_of(verb: str) -> dict[str, str]:
    """The text of each section of a verb's help, in order."""
    parts = re.split(r"^(\w[\w ]*):$", help_of(verb), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("verb", SECTIONED)
def test_every_option_stands_in_one_section_and_sections_are_in_one_order(verb: str) -> None:
    sections = sections_of(verb)
    assert list(sections) == [section for section in SECTIONS if section in sections]
    command = verbs.get_command(click.Context(verbs), verb)
    assert command is not None
    for option in command.params:
        if isinstance(option, click.Option):
            flag = max(option.opts, key=len)
            assert sum(bool(re.search(rf"^  (-\w, )?{flag}\b(?!-)", text, re.MULTILINE)) for text in sections.values()) == 1, flag


@pytest.mark.parametrize("verb", SECTIONED)
def test_what_the_predecessor_called_otherwise_comes_last(verb: str) -> None:
    *_, (name, text) = sections_of(verb).items()
    assert name == PREDECESSOR
    older = {key.flag for key in OLDER.values()} & {key.flag for key in scalar_keys()}
    assert set(re.findall(r"^  (--[\w-]+)", text, re.MULTILINE)) == older


@pytest.mark.parametrize("verb", verbs.list_commands(click.Context(verbs)))
def test_help_is_no_wider_than_80_columns(verb: str) -> None:
    for columns in (COLUMNS, 200):
        assert [line for line in help_of(verb, columns).splitlines() if len(line) > COLUMNS] == []


@pytest.mark.parametrize("verb", verbs.list_commands(click.Context(verbs)))
def test_an_example_that_does_not_fit_a_line_is_the_same_command_to_a_shell(verb: str) -> None:
    command = verbs.get_command(click.Context(verbs), verb)
    assert command is not None
    assert command.callback is not None
    written = [line.strip() for line in (command.callback.__doc__ or "").splitlines() if line.strip().startswith("vsock-loadgen ")]
    shown = [line.strip() for line in help_of(verb).replace("\\\n", "").splitlines() if line.strip().startswith("vsock-loadgen ")]
    assert [shlex.split(line) for line in shown] == [shlex.split(line) for line in written] != []


def test_a_range_is_in_words() -> None:
    assert "[1 to 100]" in help_of("run")
    assert "[at least 1]" in help_of("receive")
    for verb in verbs.list_commands(click.Context(verbs)):
        assert not re.search(r"x[<>]|[<>]=?x", help_of(verb)), verb
