"""Arguments and environment variables of every verb: right, nearly right and odd. `run` and `receive` are parsed, and not begun."""

from __future__ import annotations

import json
from pathlib import Path

import click

from fuzz.command import command, hold_ended
from fuzz.confinement import confined
from fuzz.draws import Draws
from run_example import failed_result
from vsock_loadgen.cli.verbs import Verbs, verbs
from vsock_loadgen.config.schema import scalar_keys

_VALUES = (
    "", "0", "1", "-1", "5", "3.5", "nan", "inf", "1e999", "9" * 30, "9" * 1_500, "0x10", "true", "yes", "auto", "none", "5%",
    "1s", "0s", "-1s",
    "2562047h47m16.854775807s", "1h1h", "10s+5s", "1s+", "+", "peer", "4294967295", "4294967296", "embedded", "unix:///tmp/s",
    "tcp://127.0.0.1:9",
    "vsock://any:818", "vsock://1", "unix://s", "packages=5", "packages.buckets[0].percent=60",
    "phases[0]={name: a, duration: 1s}", "=", "a=b=c",
    "thresholds[0]=lag.p99 < 1s", "reportInterval.p50=5s", "response_time.p99 < 500ms", "response_time.p99 > +10%",
    "failed_percent > +0.1",
    "packages", "intervals", "quantiles", "json", "text", "markdown", "\udcff\udc80", "\x1b[31m", "a\nb", "\u202e", "--", "-",
    "-x", "{", "*a",
)  # fmt: skip
_MOST_OPTIONS = 8
_CODES = (0, 2, 3)
_CODES_OF_RESULTS = (0, 1, 2, 3, 4)
_CONFIG = "loadgen:\n  vmCount: 7\n  packages:\n    buckets: [{percent: 60, value: 5}, {percent: 40, value: 9}]\n"


def check(data: bytes) -> None:
    """The exit code is a documented one, nothing is a traceback, and a refusal says why, one line a problem."""
    draws = Draws(data)
    with confined() as folder:
        files = _files(folder)
        environment = {
            draws.pick(scalar_keys()).environment: _value(draws, files).replace("\0", "") for _ in range(draws.number(2))
        }
        arguments = _arguments(draws, files)
        ended = command(arguments, stdin=draws.rest(), environment=environment)
        hold_ended(ended, _CODES_OF_RESULTS if arguments and arguments[0] == "compare" else _CODES)


def _files(folder: Path) -> tuple[str, ...]:
    """A config, one that is none, a result, measured values, a catalogue; what is not there, a folder, and what cannot be made."""
    contents = {
        "fleet.yaml": _CONFIG,
        "broken.yaml": "loadgen: {vmCount: 0, packages: *a}",
        "result.json": json.dumps(failed_result().to_json()),
        "counts.csv": "vm,packages\na,5\nb,7\n",
        "rpms.csv": "name,version,release\nbash,5.1.8,9.el9\n",
    }
    for name, content in contents.items():
        (folder / name).write_text(content)
    return (*(str(folder / name) for name in (*contents, "absent", ".", "absent/page.html")), "-", "")


def _arguments(draws: Draws, files: tuple[str, ...]) -> list[str]:
    verb = draws.pick((*_COMMANDS, "", "pla"))
    known = _COMMANDS.get(verb)
    made = [verb] * bool(verb)
    for _ in range(draws.number(_MOST_OPTIONS)):
        if draws.is_over:
            break
        parameter = draws.pick(known.params) if known and known.params and draws.number(7) else None
        if parameter is None:
            made.append(_value(draws, files))
            continue
        made += [draws.pick(parameter.opts)] if isinstance(parameter, click.Option) else []
        if not getattr(parameter, "is_flag", False):
            made.append(_fitting(draws, parameter, files))
    return [argument.replace("\0", "") for argument in made]


def _fitting(draws: Draws, parameter: click.Parameter, files: tuple[str, ...]) -> str:
    """A value that a parameter may well take."""
    if isinstance(parameter.type, click.Path) and draws.number(7):
        return draws.pick(files)
    if isinstance(parameter.type, click.Choice) and draws.number(7):
        return draws.pick(tuple(map(str, parameter.type.choices)))
    return _value(draws, files)


def _value(draws: Draws, files: tuple[str, ...]) -> str:
    match draws.number(7):
        case 0:
            return draws.text(40)
        case 1:
            return draws.pick(files)
        case _:
            return draws.pick(_VALUES)


def _commands() -> dict[str, click.Command]:
    assert isinstance(verbs, Verbs)
    context = click.Context(verbs)
    found = {name: verbs.get_command(context, name) for name in verbs.list_commands(context)}
    return {name: known for name, known in found.items() if known is not None}


_COMMANDS = _commands()
