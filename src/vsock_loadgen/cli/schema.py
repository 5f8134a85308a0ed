"""`vsock-loadgen schema`: the config's JSON Schema, for editors."""

from __future__ import annotations

import json

import click

from vsock_loadgen.config.schema import json_schema


@click.command()
def schema() -> None:
    """Print the JSON Schema of the config file, for editors that complete and check YAML.

    \b
    Example:
      vsock-loadgen schema > loadgen.schema.json
      # then, in the config's first line: # yaml-language-server: $schema=loadgen.schema.json
    """
    click.echo(json.dumps(json_schema(), indent=2))
