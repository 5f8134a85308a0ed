"""`vsock-loadgen scrape`: the stand-in for Sensor by itself."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsock_loadgen.cli.configuring import Given, config_options
from vsock_loadgen.cli.outputs import INPUT, opened, output_option, put_out
from vsock_loadgen.cli.scraping_options import manner_options, sensor_options
from vsock_loadgen.cli.sections import Sectioned
from vsock_loadgen.units import format_duration

if TYPE_CHECKING:
    from vsock_loadgen.config.model import Config
    from vsock_loadgen.plan.polling import Settings
    from vsock_loadgen.scraper.fleet import KnownFleet
    from vsock_loadgen.scraper.manners import Manners


@click.command(cls=Sectioned)
@click.argument("url", metavar="URL", default="http://127.0.0.1:8080")
@config_options
@sensor_options
@click.option("--ca", type=INPUT, metavar="FILE", help="Verify the server with this CA, for https (PEM).")
@click.option("--client-cert", type=INPUT, metavar="FILE", help="Ask with this certificate, for https (PEM).")
@click.option("--client-key", type=INPUT, metavar="FILE", help="Key of --client-cert (PEM).")
@click.option("--token", type=INPUT, metavar="FILE", help="Ask with the bearer token in FILE, for an API server.")
@click.option(
    "--vms-from",
    type=click.Choice(["config", "cluster"]),
    default="config",
    show_default=True,
    help="Take the VMs from the config, or from the API server of the kubeconfig or the pod's service account.",
)
@manner_options
@click.option(
    "--counters-port",
    type=click.IntRange(1, 65_535),
    metavar="PORT",
    help="Serve the counts under Sensor's names on http://127.0.0.1:PORT/metrics.",
)
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@output_option("Write the summary there instead of to stdout.")
def scrape(
    url: str,
    given: Given,
    settings: Settings,
    ca: Path | None,
    client_cert: Path | None,
    client_key: Path | None,
    token: Path | None,
    vms_from: str,
    manners: Manners,
    counters_port: int | None,
    output: str,
    to: Path | None,
) -> None:
    """Stand in for Sensor: ask every VM of the fleet at URL for its report, as often as Sensor would, and verify the answer. A
    summary is printed when it is stopped (Ctrl-C, SIGTERM, or the config's duration). Options inject faults.

    The config is that of the fleet: it says which VMs there are, and what each should report. Its time scale divides Sensor's
    intervals too. With --vms-from cluster no config is needed, and any report is accepted.

    \b
    Exit codes:
      0  done
      1  internal error
      2  bad input

    \b
    Examples:
      vsock-loadgen scrape http://127.0.0.1:8080 --config fleet.yaml
      vsock-loadgen scrape --config fleet.yaml --time-scale 720 --duration 20s --format json
      vsock-loadgen scrape https://api.example.com:6443 --ca ca.crt --token token --vms-from cluster
    """
    from vsock_loadgen.cli.refusing import require

    require("scrape", "aiohttp", "serve")
    from vsock_loadgen import scraping
    from vsock_loadgen.cli.terminal import streams
    from vsock_loadgen.text.scraped_text import scraped_text

    files = (ca, client_cert, client_key, token)
    _check_tls(url, ca, client_cert, client_key)
    loaded = given.load({"--output": to}, files)
    credentials = scraping.Credentials(*(path and opened(path) for path in files))
    config = loaded.config
    for problem in loaded.warnings:
        click.echo(f"warning: {problem}", err=True)
    fleet = _listed(config, is_planned=given.path is not None) if vms_from == "cluster" else _planned(config)
    until = f" for {format_duration(config.duration_ns)}" if config.duration_ns else ""

    def begun() -> None:
        click.echo(f"asking {len(fleet.indices):,} VMs at {url}{until}", err=True)

    server = url.rstrip("/")
    scraped = scraping.scrape(server, fleet, config, settings, credentials, manners, begun=begun, counters_port=counters_port)
    terminal = streams()
    if output == "json":
        text = json.dumps(scraped.to_json(), indent=1) + "\n"
    else:
        text = scraped_text(scraped, width=terminal.width, color=terminal.color)
    put_out(text, to, color=terminal.color)


def _planned(config: Config) -> KnownFleet:
    """The VMs of the config's fleet, or this node's share of them."""
    from vsock_loadgen import preparing
    from vsock_loadgen.scraper.fleet import KnownFleet

    plan, _ = preparing.prepare(config)
    return KnownFleet.of(plan, plan.nodes[config.node_index or 0], config.serve)


def _listed(config: Config, *, is_planned: bool) -> KnownFleet:
    """The VMs that run in the cluster, with what the config plans for them if it was given. Raises ClusterError."""
    from vsock_loadgen import preparing
    from vsock_loadgen.cluster.vms import read_running_vms
    from vsock_loadgen.errors import ClusterError
    from vsock_loadgen.scraper.fleet import KnownFleet

    vms = read_running_vms(os.environ)
    if not vms:
        raise ClusterError("the cluster lists no running VM", "start one, or leave --vms-from out")
    return KnownFleet.found(vms, config.serve, preparing.prepare(config)[0] if is_planned else None)


def _check_tls(url: str, ca: Path | None, client_cert: Path | None, client_key: Path | None) -> None:
    """Raises UsageError if the URL is invalid, or the certificates do not fit it or each other."""
    if not url.startswith(("http://", "https://")):
        raise click.BadParameter(f"{url!r}: expected a URL such as http://127.0.0.1:8080", param_hint="URL")
    if (client_cert is None) != (client_key is None):
        raise click.UsageError("--client-cert and --client-key need each other")
    if (ca or client_cert) and not url.startswith("https://"):
        raise click.UsageError("certificates are for TLS, expected https://HOST:PORT with them")
