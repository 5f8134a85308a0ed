"""The options that every verb with a config has: the file, a flag per scalar key, and --set."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vsock_loadgen.cli.outputs import INPUT, check_files
from vsock_loadgen.config.places import Override, shorten
from vsock_loadgen.config.schema import scalar_keys
from vsock_loadgen.errors import ConfigError, Problem
from vsock_loadgen.grammar.block import Key
from vsock_loadgen.grammar.leaves import Choice

if TYPE_CHECKING:
    from vsock_loadgen.config.load import Loaded

_METAVARS = {
    "integer": "N",
    "duration": "DURATION",
    "percent": "PERCENT",
    "number": "X",
    "text": "TEXT",
    "boolean": "[true|false]",
}

Command = Callable[..., Any]
_OPTIONS = (
    click.option("--strict", is_flag=True, help="Treat warnings about unknown keys as errors."),
    click.option(
        "--threshold",
        "thresholds",
        multiple=True,
        metavar="THRESHOLD",
        help="Require this of the target, as in 'response_time.p99 < 500ms'. Repeat it for several; they replace the file's.",
    ),
    click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="PATH=VALUE",
        help="Set any key of the config, as in packages.buckets[0].percent=60.",
    ),
    click.option(
        "-c",
        "--config",
        type=INPUT,
        metavar="FILE",
        envvar="LOADGEN_CONFIG",
        help="Read the config from FILE (YAML; - is stdin). Without one, defaults and flags count.",
    ),
)
"""Those that are not keys of the config, last first."""


@dataclass(frozen=True, slots=True)
class Given:
    """What the command line said about the config."""

    path: Path | None
    overrides: tuple[Override, ...]
    strict: bool

    def load(self, outputs: Mapping[str, Path | None], inputs: Iterable[Path | None] = ()) -> Loaded:
        """The config of file, environment and flags, once the command's `outputs` and other `inputs` are checked. Raises
        ConfigError."""
        from vsock_loadgen.config.load import load

        loaded = load(self.path, environment=os.environ, overrides=self.overrides, strict=self.strict)
        check_files(outputs, (self.path, *loaded.config.files.values(), *inputs))
        return loaded


def config_options(command: Command) -> Command:
    """Give a command the config options; it is called with `given: Given` in their place."""

    def called(config: Path | None, settings: tuple[str, ...], thresholds: tuple[str, ...], strict: bool, **others: Any) -> Any:
        overrides = [
            Override(key.flag, key.name, others.pop(_parameter(key)))
            for key in scalar_keys()
            if others.get(_parameter(key)) is not None or others.pop(_parameter(key), None)
        ]
        overrides += thresholds_given(thresholds)
        overrides += [_setting(text) for text in settings]
        return command(given=Given(config, tuple(overrides), strict), **others)

    called.__name__, called.__doc__ = command.__name__, command.__doc__
    called.__click_params__ = list(getattr(command, "__click_params__", []))  # type: ignore[attr-defined]
    decorated: Command = called
    for key in reversed(scalar_keys()):
        decorated = click.option(key.flag, _parameter(key), **_form(key))(decorated)
    for option in _OPTIONS:
        decorated = option(decorated)
    return decorated


def _parameter(key: Key) -> str:
    return "key_" + key.flag.removeprefix("--").replace("-", "_")


def _form(key: Key) -> dict[str, Any]:
    """The form of an option: a boolean one alone means true."""
    leaf, default = key.takes.scalar, f" [default: {key.as_written}]" if key.as_written else ""
    kind = leaf.kind if leaf else ""
    form = {"is_flag": False, "flag_value": "true"} if kind == "boolean" else {}
    metavar = "|".join(leaf.options) if isinstance(leaf, Choice) else _METAVARS[kind]
    return {"help": key.says + default, "metavar": metavar, **form}


def thresholds_given(texts: tuple[str, ...], flag: str = "--threshold") -> list[Override]:
    """A list that replaces the file's: a flag beats the file."""
    emptied = [Override(flag, "thresholds", "[]")] if texts else []
    return emptied + [Override(flag, f"thresholds[{number}]", text) for number, text in enumerate(texts)]


def _setting(text: str) -> Override:
    path, equals, value = text.partition("=")
    if not equals or not path.strip():
        raise ConfigError([Problem("--set", "", f"found {shorten(text)!r}, expected PATH=VALUE")])
    return Override(f"--set {path}", path.strip(), value)
