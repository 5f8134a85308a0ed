"""`vsock-loadgen schema`: the config's JSON Schema, for editors."""

from __future__ import annotations

import json
from pathlib import Path

import click

from vsock_loadgen.cli.outputs import check_files, output_option, put_out
from vsock_loadgen.cli.verb import Verb


@click.command(cls=Verb)
@output_option("Write there instead of to stdout.")
def schema(to: Path | None) -> None:
    """Print the JSON Schema of the config file. Editors complete and check YAML with it.

    \b
    Example:
      vsock-loadgen schema -o loadgen.schema.json
      # init writes the line with which an editor finds it:
      # yaml-language-server: $schema=loadgen.schema.json
    """
    from vsock_loadgen.config.schema import json_schema

    check_files({"--output": to})
    put_out(json.dumps(json_schema(), indent=2) + "\n", to)
