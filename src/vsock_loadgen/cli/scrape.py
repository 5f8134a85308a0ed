"""`vsock-loadgen scrape`: the stand-in for Sensor by itself."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsock_loadgen.cli.configuring import Given, config_options
from vsock_loadgen.cli.outputs import INPUT, opened, output_option, put_out
from vsock_loadgen.cli.scraping_options import sensor_options
from vsock_loadgen.cli.sections import Sectioned
from vsock_loadgen.units import format_duration

if TYPE_CHECKING:
    from vsock_loadgen.scraper.pacing import Settings


@click.command(cls=Sectioned)
@click.argument("url", metavar="URL", default="http://127.0.0.1:8080")
@config_options
@sensor_options
@click.option("--ca", type=INPUT, metavar="FILE", help="CA of the server, for https (PEM).")
@click.option("--client-cert", type=INPUT, metavar="FILE", help="Certificate to ask with, for https (PEM).")
@click.option("--client-key", type=INPUT, metavar="FILE", help="Its key (PEM).")
@click.option("--read-rate", type=click.IntRange(1), metavar="BYTES", help="Read each response at so many bytes a second.")
@click.option("--break-off-after", type=click.IntRange(0), metavar="BYTES", help="Break each connection off after so many bytes.")
@click.option("--ask-twice", is_flag=True, help="Connect to each agent a second time while the first connection is open.")
@click.option("--nack", type=click.FloatRange(0, 100), default=0, metavar="PERCENT", help="Ask again for so many of the reports.")
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@output_option("Write the summary there instead of to stdout.")
def scrape(
    url: str,
    given: Given,
    settings: Settings,
    ca: Path | None,
    client_cert: Path | None,
    client_key: Path | None,
    read_rate: int | None,
    break_off_after: int | None,
    ask_twice: bool,
    nack: float,
    output: str,
    to: Path | None,
) -> None:
    """Stand in for Sensor: ask every VM of the fleet at URL for its report, again and again as Sensor would, read and verify what
    comes, and print a summary when stopped (Ctrl-C, SIGTERM, or the config's duration). On request it misbehaves.

    The config is that of the fleet: it says which VMs there are, and what each should report. Its time scale divides Sensor's
    intervals too. Exit codes: 0 done, 1 internal error, 2 bad input.

    \b
    Examples:
      vsock-loadgen scrape http://127.0.0.1:8080 --config fleet.yaml
      vsock-loadgen scrape --config fleet.yaml --time-scale 720 --duration 20s --format json
    """
    from vsock_loadgen.cli.refusing import require

    require("scrape", "aiohttp", "serve")
    from vsock_loadgen import preparing, scraping
    from vsock_loadgen.cli.terminal import streams
    from vsock_loadgen.scraper.manners import Manners
    from vsock_loadgen.text.scraped_text import scraped_text

    files = (ca, client_cert, client_key)
    _check_tls(url, *files)
    loaded = given.load({"--output": to}, files)
    tls = scraping.Tls(*(path and opened(path) for path in files))
    config = loaded.config
    for problem in loaded.warnings:
        click.echo(f"warning: {problem}", err=True)
    manners = Manners(
        read_bytes_per_second=read_rate or 0,
        break_off_bytes=break_off_after,
        asks_twice=ask_twice,
        nacks=Fraction(str(nack)) / 100,
    )
    plan, _ = preparing.prepare(config)
    until = f" for {format_duration(config.duration_ns)}" if config.duration_ns else ""
    click.echo(f"asking {plan.nodes[0].vms:,} VMs at {url}{until}", err=True)
    scraped = scraping.scrape(url.rstrip("/"), plan, config, settings, tls, manners)
    terminal = streams()
    if output == "json":
        text = json.dumps(scraped.to_json(), indent=1) + "\n"
    else:
        text = scraped_text(scraped, width=terminal.width, color=terminal.color)
    put_out(text, to, color=terminal.color)


def _check_tls(url: str, ca: Path | None, client_cert: Path | None, client_key: Path | None) -> None:
    """Raises UsageError where the URL is none, or the certificates do not fit it or each other."""
    if not url.startswith(("http://", "https://")):
        raise click.BadParameter(f"{url!r}: expected a URL such as http://127.0.0.1:8080", param_hint="URL")
    if (client_cert is None) != (client_key is None):
        raise click.UsageError("--client-cert and --client-key need each other")
    if (ca or client_cert) and not url.startswith("https://"):
        raise click.UsageError("certificates are for TLS, expected https://HOST:PORT with them")
