"""`vsock-loadgen vms`: the VMs of a fleet as objects of a cluster, so that a Sensor finds and asks them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsock_loadgen.cli.configuring import Given, config_options
from vsock_loadgen.cli.outputs import output_option, put_out
from vsock_loadgen.cli.sections import Sectioned
from vsock_loadgen.errors import EXIT_DONE, EXIT_INTERNAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vsock_loadgen.cluster.vm_fleet import Standing, Wanted
    from vsock_loadgen.config.model import Config
    from vsock_loadgen.populating import Action


@click.command(cls=Sectioned)
@click.argument("action", type=click.Choice(["apply", "status", "delete"]), metavar="apply|status|delete")
@config_options
@click.option(
    "--rate",
    type=click.FloatRange(1, 1_000),
    default=50,
    show_default=True,
    metavar="N",
    help="Make at most N requests per second.",
)
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@output_option("Write the outcome there instead of to stdout.")
def vms(action: Action, given: Given, rate: float, output: str, to: Path | None) -> None:
    """Make the VMs of the config as objects of a cluster without KubeVirt, count them, or delete them.

    apply makes KubeVirt's two definitions if they are missing. Then it makes a VirtualMachine and a running
    VirtualMachineInstance for each VM of the whole fleet. Existing objects stay: repeat it after an interruption.

    delete removes what apply made in the namespace. The definitions go too, unless objects of others are left.

    The cluster is that of KUBECONFIG, ~/.kube/config or the pod's service account. Names are those of serve.namespace and
    serve.namePattern.

    \b
    Exit codes:
      0  done
      1  VMs are missing
      2  bad input, or refused by the cluster

    \b
    Examples:
      vsock-loadgen vms apply --config fleet.yaml
      vsock-loadgen vms status --config fleet.yaml --format json
      vsock-loadgen vms delete --config fleet.yaml --rate 20
    """
    loaded = given.load({"--output": to})
    for problem in loaded.warnings:
        click.echo(f"warning: {problem}", err=True)
    from vsock_loadgen import populating

    config = loaded.config
    wanted = _wanted(config)
    with _progress(action, len(wanted)) as progress:
        standing, kept = populating.populate(action, config.serve.namespace, wanted, progress, per_second=rate)
    if output == "json":
        put_out(json.dumps({**standing.to_json(), "kept": list(kept)}, indent=1) + "\n", to)
    else:
        put_out("".join(f"{line}\n" for line in _lines(action, standing, kept)), to)
    sys.exit(EXIT_INTERNAL if standing.missing and action != "delete" else EXIT_DONE)


def _wanted(config: Config) -> list[Wanted]:
    """The VMs of the whole fleet, whichever node they are on."""
    from vsock_loadgen.cluster.vm_fleet import Wanted
    from vsock_loadgen.preparing import prepare

    plan, _ = prepare(config)
    return [
        Wanted(config.serve.name_of(index), None if plan.own_cids else node.cid(index))
        for node in plan.nodes
        for index in node.indices()
    ]


@contextmanager
def _progress(action: Action, vms: int) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr for what takes time, if that is a terminal; else a line at the start."""
    if action == "status":
        yield lambda done, whole: None
        return
    with click.progressbar(length=vms, label=f"{action} {vms:,} VMs", file=sys.stderr, show_pos=True) as bar:

        def show(done: int, whole: int) -> None:
            bar.length = max(1, whole)
            bar.update(done - bar.pos)

        yield show


def _lines(action: Action, standing: Standing, kept: Sequence[str]) -> list[str]:
    """The outcome, for people."""
    if action == "delete":
        return [f"no VM of this program is left in namespace {standing.namespace}", *kept]
    lines = [f"{standing.running:,} of {standing.wanted:,} VMs run in namespace {standing.namespace}"]
    if standing.missing:
        lines.append(f"{standing.missing:,} are missing or not whole: vsock-loadgen vms apply makes them")
    if standing.beyond:
        lines.append(f"{standing.beyond:,} more are not of this config: vsock-loadgen vms delete removes all")
    return lines
