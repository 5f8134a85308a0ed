"""`vsock-loadgen receive`: the stand-in relay by itself."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import click

from vsock_loadgen.cli.durations import DURATION
from vsock_loadgen.cli.outputs import check_files, output_option, put_out
from vsock_loadgen.cli.verb import Verb
from vsock_loadgen.config.address import Address, EmbeddedAddress, VsockAddress, parse_address
from vsock_loadgen.receiver.behaviour import Behaviour, Knob, knobs
from vsock_loadgen.receiver.delays import Delays
from vsock_loadgen.units import format_duration

_AS_IN = ", as in 50ms,100ms@60s"


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


class DelaysType(click.ParamType[Delays]):
    """`DELAY`, or `DELAY,DELAY@TIME` with as many more as wanted."""

    name = "delays"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Delays:
        """The delays of a text."""
        first, *later = str(value).split(",")
        if "@" in first:
            self.fail(f"{first!r} has a time, expected the delay from the start first{_AS_IN}", param, ctx)
        first_ns = DURATION.convert(first, param, ctx)
        steps = tuple(self._step(each, param, ctx) for each in later)
        try:
            return Delays(first_ns, steps)
        except ValueError as error:
            self.fail(f"{error}{_AS_IN}", param, ctx)

    def _step(self, text: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        delay, at, time = text.partition("@")
        if not at:
            self.fail(f"{text!r} has no time, expected DELAY@TIME{_AS_IN}", param, ctx)
        return DURATION.convert(time, param, ctx), DURATION.convert(delay, param, ctx)


class CheckedCidType(click.ParamType[int | Literal["peer"]]):
    """A CID, or the word peer."""

    name = "cid"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int | Literal["peer"]:
        """The CID as a number, or `peer`."""
        text = str(value)
        if text == "peer":
            return "peer"
        if not text.isascii() or not text.isdecimal() or int(text) >= 2**32:
            self.fail(f"{text!r}: expected peer, or a CID from 0 to {2**32 - 1:,}", param, ctx)
        return int(text)


_FORMS: dict[str, Callable[[Knob], dict[str, Any]]] = {
    "yes": lambda _: {"is_flag": True, "default": None},
    "duration": lambda _: {"type": DURATION, "metavar": "DURATION"},
    "delays": lambda _: {"type": DelaysType(), "metavar": "DELAY[,...]"},
    "stall": lambda _: {"type": StallType(), "metavar": "START+LENGTH"},
    "cid": lambda _: {"type": CheckedCidType(), "metavar": "peer|CID"},
    "rate": lambda _: {"type": click.FloatRange(0, min_open=True), "metavar": "N"},
    "count": lambda knob: {"type": click.IntRange(knob.least), "metavar": knob.metavar},
}


def _behaving(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command an option for every fault it can inject; it is called with `behaviour: Behaviour` in their place."""

    @functools.wraps(command)
    def called(**given: Any) -> None:
        asked = {name: value for name in knobs() if (value := given.pop(name)) is not None}
        try:
            behaviour = Behaviour(**asked)
        except ValueError as error:
            raise click.UsageError(str(error)) from error
        command(behaviour=behaviour, **given)

    for name, knob in reversed(knobs().items()):
        default = {"default": knob.shown, "show_default": knob.shown is not None}
        called = click.option(knob.flag, name, help=knob.says, **default | _FORMS[knob.form](knob))(called)
    return called


@click.command(cls=Verb)
@click.argument("address", type=AddressType(), default="vsock://any:818")
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--duration", "duration_ns", type=DURATION, metavar="DURATION", help="Stop after DURATION.")
@_behaving
@click.option(
    "--metrics-port",
    type=click.IntRange(1, 65_535),
    metavar="PORT",
    help="Serve the relay's own counters on http://127.0.0.1:PORT/metrics.",
)
@output_option("Write the summary there instead of to stdout.")
def receive(
    address: Address,
    output: str,
    duration_ns: int | None,
    behaviour: Behaviour,
    metrics_port: int | None,
    to: Path | None,
) -> None:
    """Stand in for the relay on ADDRESS: read, decode and count every report by CID. A summary is printed when it is stopped
    (Ctrl-C or SIGTERM). Options inject faults.

    ADDRESS is unix:///PATH, tcp://HOST:PORT or vsock://any:PORT [default: vsock://any:818].

    \b
    Examples:
      vsock-loadgen receive unix:///tmp/relay.sock
      vsock-loadgen receive tcp://127.0.0.1:9000 --format json --stall 10s+5s
      vsock-loadgen receive unix:///tmp/relay.sock --metrics-port 9091 --max-reports-per-minute 1
    """
    if behaviour.checked_cid == "peer" and not isinstance(address, VsockAddress):
        raise click.UsageError(f"--check-cid peer: a connection on {address} has no CID; expected one to check instead, such as 3")
    check_files({"--output": to})
    until = f" for {format_duration(duration_ns)}" if duration_ns else ""

    def listening(bound: Address, metrics: str | None) -> None:
        if metrics:
            click.echo(f"counters at {metrics}", err=True)
        click.echo(f"listening on {bound}{until}", err=True)

    from vsock_loadgen.cli.refusing import require_linux

    require_linux("receive")
    from vsock_loadgen import receiving

    receipt = receiving.receive(address, behaviour, duration_ns, listening, metrics_port=metrics_port)
    if output == "json":
        put_out(json.dumps(receipt.to_json(), indent=1) + "\n", to)
        return
    from vsock_loadgen.cli.terminal import streams
    from vsock_loadgen.text.receipt_text import receipt_text

    terminal = streams()
    put_out(receipt_text(receipt, width=terminal.width, color=terminal.color), to, color=terminal.color)
