"""`vsock-loadgen serve`: a fleet that is asked for its reports."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsock_loadgen.cli.configuring import Given, config_options
from vsock_loadgen.cli.outputs import INPUT, opened
from vsock_loadgen.cli.scraping_options import sensor_options
from vsock_loadgen.cli.sections import Sectioned
from vsock_loadgen.cli.written import Written, written_options

if TYPE_CHECKING:
    from vsock_loadgen.answering.tls import Tls
    from vsock_loadgen.cluster.front_proxy import FrontProxy
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
@click.option(
    "--client-ca",
    type=INPUT,
    metavar="FILE",
    help="Refuse askers without a certificate of this CA (PEM) with 401.",
)
@click.option(
    "--client-name",
    "names",
    multiple=True,
    metavar="NAME",
    help="Accept this common name only; repeat it for several.",
)
@click.option(
    "--clients-from",
    type=click.Choice(["cluster"]),
    help="Accept only the API server: its CA and names are read from the cluster, and followed.",
)
@click.option("--asker", type=click.Choice(["embedded"]), help="Ask the fleet too, from another process.")
@sensor_options
@written_options
@click.option("--no-live", is_flag=True, help="Write lines of statistics, even to a terminal.")
def serve(
    given: Given,
    listen: str,
    tls_cert: Path | None,
    tls_key: Path | None,
    client_ca: Path | None,
    names: tuple[str, ...],
    clients_from: str | None,
    asker: str | None,
    settings: Settings,
    written: Written,
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
      vsock-loadgen serve --listen https://0.0.0.0:8443 --tls-cert tls.crt --tls-key tls.key --clients-from cluster
    """
    from vsock_loadgen.cli.refusing import require, require_linux, said_as

    require_linux("serve")
    from vsock_loadgen import app
    from vsock_loadgen.cli.terminal import streams

    require("serve", "aiohttp", "serve")
    from vsock_loadgen.modes.answering import Answering, Listening

    try:
        listening = Listening.of(listen)
    except ValueError as error:
        raise click.BadParameter(f"{listen!r}: {error}", param_hint="--listen") from error
    tls = _tls(listening.is_tls, tls_cert, tls_key, Clients(client_ca, names, clients_from is not None))
    if tls is not None and asker:
        raise click.UsageError("--asker embedded asks over http; expected --listen http://HOST:PORT (scrape asks over https)")
    loaded = given.load({**written.anew, **written.appended}, (tls_cert, tls_key, client_ca))
    where, outputs = streams(live=not no_live), written.outputs()
    with said_as(loaded.config.log_format, where.log):
        mode = Answering(listening, settings if asker else None, tls)
        sys.exit(app.run(loaded.config, where, outputs, mode=mode, warnings=loaded.warnings, ends_process=True))


def _tls(is_tls: bool, certificate: Path | None, key: Path | None, clients: Clients) -> Tls | None:
    """The TLS that options ask for. Raises UsageError if they do not fit each other."""
    from vsock_loadgen.answering.tls import Tls

    if not is_tls:
        if certificate or key or clients != Clients():
            raise click.UsageError("certificates are for TLS, expected --listen https://HOST:PORT with them")
        return None
    if certificate is None or key is None:
        raise click.UsageError("--listen https://... needs --tls-cert and --tls-key")
    return Tls(opened(certificate), opened(key), clients.reader(), is_followed=clients.in_cluster)


@dataclass(frozen=True, slots=True)
class Clients:
    """What options say about who may ask."""

    ca: Path | None = None
    names: tuple[str, ...] = ()
    in_cluster: bool = False

    def reader(self) -> Callable[[], FrontProxy] | None:
        """What reads who may ask; None: all may. Raises UsageError if options do not fit each other."""
        from vsock_loadgen.answering.tls import of_file
        from vsock_loadgen.cluster.front_proxy import read_front_proxy

        if self.in_cluster:
            if self.ca or self.names:
                raise click.UsageError("--clients-from cluster gives CA and names: expected neither --client-ca nor --client-name")
            return partial(read_front_proxy, os.environ)
        if self.names and self.ca is None:
            raise click.UsageError("--client-name needs --client-ca, which verifies whose name it is")
        return partial(of_file, opened(self.ca), self.names) if self.ca else None
