"""`vsock-loadgen serve`: a fleet that is asked for its reports."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsock_loadgen.cli.configuring import Given, config_options
from vsock_loadgen.cli.outputs import INPUT, OUTPUT, opened, result_option
from vsock_loadgen.cli.scraping_options import sensor_options
from vsock_loadgen.cli.sections import Sectioned

if TYPE_CHECKING:
    from vsock_loadgen.answering.tls import Tls
    from vsock_loadgen.plan.polling import Settings


@click.command(cls=Sectioned)
@config_options
@click.option(
    "--listen",
    metavar="URL",
    default="http://127.0.0.1:8080",
    show_default=True,
    help="Serve agents at http://HOST:PORT or https://HOST:PORT; port 0 takes any free one.",
)
@click.option("--tls-cert", type=INPUT, metavar="FILE", help="Use this certificate chain for https (PEM).")
@click.option("--tls-key", type=INPUT, metavar="FILE", help="Key of --tls-cert (PEM).")
@click.option("--client-ca", type=INPUT, metavar="FILE", help="Refuse askers without a certificate of this CA (PEM) with 401.")
@click.option("--client-name", "names", multiple=True, metavar="NAME", help="Accept this common name only; repeat it for several.")
@click.option("--asker", type=click.Choice(["embedded"]), help="Ask the fleet too, from another process.")
@sensor_options
@result_option("Write the result as JSON.")
@click.option("--html", type=OUTPUT, metavar="FILE", help="Write the result as an HTML page.")
@click.option("--summary", type=OUTPUT, metavar="FILE", help="Append the result as Markdown, as to $GITHUB_STEP_SUMMARY.")
@click.option("--no-live", is_flag=True, help="Write lines of statistics, even to a terminal.")
def serve(
    given: Given,
    listen: str,
    tls_cert: Path | None,
    tls_key: Path | None,
    client_ca: Path | None,
    names: tuple[str, ...],
    asker: str | None,
    settings: Settings,
    result: Path | None,
    html: Path | None,
    summary: Path | None,
    no_live: bool,
) -> None:
    """Let every VM of the fleet answer when it is asked for its report, until the duration ends or a signal arrives. It answers as
    its agent would behind the API server's subresource `virtualmachineinstances/vsock`.

    A VM has a new report whenever its interval says so. Sensor's settings are for --asker embedded.

    \b
    Exit codes:
      0  passed
      1  internal error, incomplete run, or a file that could not be written
      2  nothing was served: bad input, or the address is not free
      3  a threshold was missed, or an asking got no report
      4  this machine was too slow

    \b
    Examples:
      vsock-loadgen serve --config fleet.yaml --listen http://127.0.0.1:8080
      vsock-loadgen serve --config fleet.yaml --asker embedded --time-scale 720 --duration 20s
    """
    from vsock_loadgen.cli.refusing import require, require_linux, said_as

    require_linux("serve")
    from vsock_loadgen import app
    from vsock_loadgen.cli.terminal import streams
    from vsock_loadgen.stage import Outputs

    require("serve", "aiohttp", "serve")
    from vsock_loadgen.modes.answering import Answering, Listening

    try:
        listening = Listening.of(listen)
    except ValueError as error:
        raise click.BadParameter(f"{listen!r}: {error}", param_hint="--listen") from error
    tls = _tls(listening.is_tls, tls_cert, tls_key, client_ca, names)
    if tls is not None and asker:
        raise click.UsageError("--asker embedded asks over http; expected --listen http://HOST:PORT (scrape asks over https)")
    loaded = given.load({"--result": result, "--html": html, "--summary": summary}, (tls_cert, tls_key, client_ca))
    where = streams(live=not no_live)
    with said_as(loaded.config.log_format, where.log):
        mode = Answering(listening, settings if asker else None, tls)
        outputs = Outputs(result=result, html=html, summary=summary)
        sys.exit(app.run(loaded.config, where, outputs, mode=mode, warnings=loaded.warnings, ends_process=True))


def _tls(is_tls: bool, certificate: Path | None, key: Path | None, client_ca: Path | None, names: tuple[str, ...]) -> Tls | None:
    """The TLS that options ask for. Raises UsageError if they do not fit each other."""
    from vsock_loadgen.answering.tls import Tls

    if not is_tls:
        if certificate or key or client_ca or names:
            raise click.UsageError("certificates are for TLS, expected --listen https://HOST:PORT with them")
        return None
    if certificate is None or key is None:
        raise click.UsageError("--listen https://... needs --tls-cert and --tls-key")
    if names and client_ca is None:
        raise click.UsageError("--client-name needs --client-ca, which verifies whose name it is")
    return Tls(opened(certificate), opened(key), opened(client_ca) if client_ca else None, frozenset(names))
