"""`vsock-loadgen receive`: the stand-in relay by itself."""

from __future__ import annotations

import json
from typing import Literal

import click

from vsock_loadgen import app
from vsock_loadgen.cli.configuring import streams
from vsock_loadgen.cli.durations import DURATION
from vsock_loadgen.config.address import Address, EmbeddedAddress, VsockAddress, parse_address
from vsock_loadgen.receiver.behaviour import MOST_BYTES, Behaviour
from vsock_loadgen.report.receipt_text import receipt_text
from vsock_loadgen.units import format_duration


class AddressType(click.ParamType[Address]):
    """An address to listen on."""

    name = "address"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Address:
        """The address of a text."""
        try:
            address = parse_address(str(value))
        except ValueError as error:
            self.fail(f"{value!r}: {error}", param, ctx)
        if isinstance(address, EmbeddedAddress):
            self.fail("'embedded' is a target of run; expected unix:///PATH, tcp://HOST:PORT or vsock://any:PORT", param, ctx)
        return address


class StallType(click.ParamType[tuple[int, int]]):
    """`START+LENGTH`: two durations."""

    name = "stall"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """(start, length) in nanoseconds."""
        start, plus, length = str(value).partition("+")
        if not plus:
            self.fail(f"{value!r}: expected START+LENGTH, as in 10s+5s", param, ctx)
        return DURATION.convert(start, param, ctx), DURATION.convert(length, param, ctx)


class CheckedCidType(click.ParamType[int | Literal["peer"]]):
    """A CID, or the word peer."""

    name = "cid"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int | Literal["peer"]:
        """The CID as a number, or the word."""
        text = str(value)
        if text == "peer":
            return "peer"
        if not text.isascii() or not text.isdecimal() or int(text) >= 2**32:
            self.fail(f"{text!r}: expected peer, or a CID from 0 to {2**32 - 1:,}", param, ctx)
        return int(text)


@click.command(short_help="Stand in for the relay: read, verify and count.")
@click.argument("address", type=AddressType(), default="vsock://any:818")
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--duration", "duration_ns", type=DURATION, metavar="DURATION", help="Stop by itself after so long.")
@click.option(
    "--close-delay", type=DURATION, default=0, metavar="DURATION", help="Wait so long before closing a connection that was read."
)
@click.option("--read-rate", type=click.IntRange(1), metavar="BYTES", help="Read each connection at so many bytes a second.")
@click.option(
    "--close-after", type=click.IntRange(0), metavar="BYTES", help="Close each connection after so many bytes; 0 at once."
)
@click.option("--reset", is_flag=True, help="With --close-after: close with data unread, so that the sender sees a reset.")
@click.option("--refuse-after", type=click.IntRange(0), metavar="N", help="Accept N connections, then let the backlog fill.")
@click.option(
    "--stall", type=StallType(), metavar="START+LENGTH", help="Do nothing for LENGTH, from START after the first connection."
)
@click.option("--max-connections", type=click.IntRange(1), metavar="N", help="Handle N connections at once; the relay has 50.")
@click.option(
    "--handler-wait",
    type=DURATION,
    default=0,
    metavar="DURATION",
    help="With --max-connections: close a connection unread after waiting so long; the relay has 5s.",
)
@click.option(
    "--max-bytes",
    type=click.IntRange(1),
    default=MOST_BYTES,
    show_default=True,
    metavar="BYTES",
    help="Reject reports that are larger.",
)
@click.option(
    "--read-deadline",
    type=DURATION,
    default=0,
    metavar="DURATION",
    help="Reject a report that takes longer to read; the relay has 10s.",
)
@click.option(
    "--check-cid",
    type=CheckedCidType(),
    metavar="peer|CID",
    help="Throw away a report that does not carry this CID, or that of its connection (peer, vsock only), as the relay does.",
)
@click.option(
    "--max-reports-per-minute",
    type=click.FloatRange(0, min_open=True),
    metavar="N",
    help="Throw away what a VM sends beyond N reports a minute; the relay has 1.",
)
@click.option(
    "--metrics-port",
    type=click.IntRange(1, 65_535),
    metavar="PORT",
    help="Serve the relay's own counters on http://127.0.0.1:PORT/metrics.",
)
def receive(
    address: Address,
    output: str,
    duration_ns: int | None,
    close_delay: int,
    read_rate: int | None,
    close_after: int | None,
    reset: bool,
    refuse_after: int | None,
    stall: tuple[int, int] | None,
    max_connections: int | None,
    handler_wait: int,
    max_bytes: int,
    read_deadline: int,
    check_cid: int | Literal["peer"] | None,
    max_reports_per_minute: float | None,
    metrics_port: int | None,
) -> None:
    """Stand in for the relay on ADDRESS: read every report to its end, decode it, count it by CID, and print a summary when stopped
    (Ctrl-C or SIGTERM). On request it misbehaves.

    ADDRESS is unix:///PATH, tcp://HOST:PORT or vsock://any:PORT [default: vsock://any:818].

    \b
    Examples:
      vsock-loadgen receive unix:///tmp/relay.sock
      vsock-loadgen receive tcp://127.0.0.1:9000 --format json --stall 10s+5s
      vsock-loadgen receive unix:///tmp/relay.sock --metrics-port 9091 --max-reports-per-minute 1
    """
    if check_cid == "peer" and not isinstance(address, VsockAddress):
        raise click.UsageError(f"--check-cid peer: a connection on {address} has no CID, expected one to check instead, such as 3")
    try:
        behaviour = Behaviour(
            close_delay_ns=close_delay,
            read_bytes_per_second=read_rate or 0,
            close_after_bytes=close_after,
            reset=reset,
            refuse_after=refuse_after,
            stall=stall,
            most_connections=max_connections or 0,
            wait_for_handler_ns=handler_wait,
            most_bytes=max_bytes,
            read_deadline_ns=read_deadline,
            checked_cid=check_cid,
            most_reports_a_minute=max_reports_per_minute or 0.0,
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    until = f" for {format_duration(duration_ns)}" if duration_ns else ""

    def listening(bound: Address, metrics: str | None) -> None:
        if metrics:
            click.echo(f"counters at {metrics}", err=True)
        click.echo(f"listening on {bound}{until}", err=True)

    receipt = app.receive(address, behaviour, duration_ns, listening, metrics_port=metrics_port)
    if output == "json":
        click.echo(json.dumps(receipt.to_json(), indent=1))
    else:
        terminal = streams()
        click.echo(receipt_text(receipt, width=terminal.width, color=terminal.color), nl=False, color=terminal.color)
