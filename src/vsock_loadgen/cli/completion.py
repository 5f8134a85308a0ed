"""`vsock-loadgen completion`: a shell completes verbs, options and files."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import ShellComplete, get_completion_class

from vsock_loadgen.cli.outputs import check_files, output_option, put_out
from vsock_loadgen.cli.verb import Verb

_COMMAND = "vsock-loadgen"
_VARIABLE = "_VSOCK_LOADGEN_COMPLETE"


@click.command(cls=Verb)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@output_option("Write there instead of to stdout.")
def completion(shell: str, to: Path | None) -> None:
    """Print a script with which a shell completes verbs, options and the names of files.

    \b
    Examples:
      vsock-loadgen completion bash -o ~/.local/share/bash-completion/completions/vsock-loadgen
      vsock-loadgen completion zsh -o ~/.zfunc/_vsock-loadgen
      vsock-loadgen completion fish -o ~/.config/fish/completions/vsock-loadgen.fish
    """
    from vsock_loadgen.cli.verbs import verbs

    check_files({"--output": to})
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 (for the type checker: the choice is of those that click has)
    script = ShellComplete.source(kind(verbs, {}, _COMMAND, _VARIABLE))  # that of bash asks bash for its version too
    put_out(f"{script.strip()}\n", to)
