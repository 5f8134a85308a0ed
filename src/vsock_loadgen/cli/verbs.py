"""The verbs of `vsock-loadgen`, and how the one that is meant is found."""

from __future__ import annotations

import importlib

import click

from vsock_loadgen import __version__

_OF_THE_GROUP = frozenset({"--help", "-h", "--version"})
_VERBS = {
    "run": "Simulate the fleet.",
    "plan": "Show what would be sent, and send nothing.",
    "capacity": "Search for the highest load that the target holds.",
    "receive": "Stand in for the relay: read, verify and count.",
    "serve": "Let the fleet be asked for its reports.",
    "scrape": "Stand in for Sensor: ask, read, verify and count.",
    "vms": "Make the VMs of a fleet as objects of a cluster.",
    "report": "Turn a result into a page, Markdown, JUnit or CSV.",
    "compare": "Compare results, or add up those of several nodes.",
    "fit": "Make a block of the config from measured data.",
    "init": "Print a commented starter config.",
    "schema": "Print the JSON Schema of the config.",
    "completion": "Print a script with which a shell completes commands.",
}
"""In the order in which a user meets them, with their line in the list: it is shown without importing the commands."""


class Verbs(click.Group):
    """The verbs; options without a verb mean `run`, as they did in the predecessor.

    Each is the command of its module's name, imported when it is used: a run does not wait for what it does not need.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `run` in front of options that come first."""
        if args and args[0].startswith("-") and args[0] not in _OF_THE_GROUP:
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs in the order in which a user meets them."""
        return list(_VERBS)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb that is meant, with what follows it. Raises UsageError, with the verb that is like it."""
        if args[0] not in _VERBS and not ctx.resilient_parsing:
            from vsock_loadgen.config.places import closest

            like = closest(args[0], _VERBS)
            ctx.fail(f"no such verb: {args[0]}" + (f". Did you mean {like}?" if like else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of the verbs."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_VERBS.items()))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a verb, None if there is no such verb."""
        if cmd_name not in _VERBS:
            return None
        command: click.Command = getattr(importlib.import_module(f"vsock_loadgen.cli.{cmd_name}"), cmd_name)
        return command


def _show_version(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        from vsock_loadgen.form import form

        click.echo(f"vsock-loadgen, version {__version__} ({form()})")
        context.exit()


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    epilog="`vsock-loadgen --config FILE` means `vsock-loadgen run --config FILE`.",
)
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_show_version, help="Show the version and exit."
)
def verbs() -> None:
    """Simulate a fleet of virtual machines that keep sending index reports, exactly as configured, and judge the run."""
