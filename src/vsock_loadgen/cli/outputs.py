"""The files that a command line names: checked before anything is begun, and how a verb's output gets into its file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vsock_loadgen.errors import ConfigError, Problem
from vsock_loadgen.inputs import STDIN
from vsock_loadgen.outputs import check_writable, is_stream, write_text
from vsock_loadgen.printable import printable

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class _FileType(click.ParamType[Path]):
    """The name of a file."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The shell knows its files."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type="file")]


class InputType(_FileType):
    """A file that is read."""

    name = "input"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path, `STDIN` for a dash."""
        return Path(str(value))


class OutputType(_FileType):
    """A file that is written."""

    name = "output"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path, that of stdout for a dash."""
        return Path("/dev/stdout" if str(value) == "-" else str(value))


INPUT, OUTPUT = InputType(), OutputType()
APPENDED = ("--summary",)
"""Outputs that are appended to their files."""


def opened(path: Path) -> Path:
    """An input under a name that a library can open by itself."""
    return Path("/dev/stdin") if path == STDIN else path


class _Option(click.Option):
    """An option with `older` names, which are taken and not shown."""

    def __init__(self, *given: Any, older: tuple[str, ...] = (), **others: Any) -> None:
        super().__init__(*given, **others)
        self._older = older

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        """Let a command take all the names."""
        super().add_to_parser(parser, ctx)
        if self._older:
            parser.add_option(self, self._older, dest=self.name)


def output_option(says: str, *older: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command the option for its one output; it is called with `to: Path | None`."""
    return click.option("-o", "--output", "to", cls=_Option, older=older, type=OUTPUT, metavar="FILE", help=says)


def result_option(says: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command that has several outputs the option for its main one, which other verbs call --output."""
    return click.option("-o", "--result", "result", cls=_Option, older=("--output",), type=OUTPUT, metavar="FILE", help=says)


def check_files(outputs: Mapping[str, Path | None], inputs: Iterable[Path | None] = ()) -> None:
    """Check what will be written, by flag, before anything is begun. Raises ConfigError if it cannot be written, if it is one of
    the `inputs` or another output, and if two of the inputs are stdin."""
    read = [path for path in inputs if path is not None]
    problems = []
    if read.count(STDIN) > 1:
        problems.append(Problem("-", "", f"stands for stdin {read.count(STDIN)} times, expected once"))
    taken: dict[object, str] = {}
    for source in read:
        with suppress(OSError, ValueError):  # reported when it is read
            taken[_identity(source)] = "is an input"
    for flag, path in outputs.items():
        if path is None:
            continue
        try:
            check_writable(path, appends=flag in APPENDED)
        except (OSError, ValueError) as error:
            problems.append(_problem(flag, path, error))
            continue
        if is_stream(path):
            continue
        identity = _identity(path)
        if identity in taken:
            problems.append(Problem(flag, "", printable(f"{path} {taken[identity]} too, expected another file")))
        taken.setdefault(identity, f"is what {flag} writes")
    if problems:
        raise ConfigError(problems)


def _identity(path: Path) -> object:
    """What is the same for two names of one file."""
    try:
        status = Path("/dev/stdin" if path == STDIN else path).stat()
    except FileNotFoundError:
        return path.resolve()
    return status.st_dev, status.st_ino


def put_out(text: str, to: Path | None, *, color: bool = False) -> None:
    """Write a verb's output to its file, or else to stdout. Raises ConfigError if the file cannot be written."""
    if to is None:
        click.echo(text, nl=False, color=color)
        return
    with writing("--output", to):
        write_text(click.unstyle(text), to)


@contextmanager
def writing(flag: str, path: Path) -> Iterator[None]:
    """Raise ConfigError if the file cannot be written."""
    try:
        yield
    except BrokenPipeError:
        raise  # its reader has gone, as from stdout
    except OSError as error:
        raise ConfigError([_problem(flag, path, error)]) from error


def _problem(flag: str, path: Path, error: OSError | ValueError) -> Problem:
    return Problem(flag, "", printable(f"{path} cannot be written: {getattr(error, 'strerror', None) or error}"))
