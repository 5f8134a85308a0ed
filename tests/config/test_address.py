"""The grammar of a target."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsock_loadgen.config.address import (
    VSOCK_CID_ANY,
    Address,
    EmbeddedAddress,
    TcpAddress,
    UnixAddress,
    VsockAddress,
    parse_address,
)

_hosts = st.sampled_from(["localhost", "127.0.0.1", "::1", "a.b-c"])
_addresses: st.SearchStrategy[Address] = st.one_of(
    st.just(EmbeddedAddress()),
    st.builds(UnixAddress, st.sampled_from(["/a", "/run/a b.sock"])),
    st.builds(TcpAddress, _hosts, st.integers(1, 65_535)),
    st.builds(VsockAddress, st.integers(0, 2**32 - 1), st.integers(1, 2**32 - 2)),
)


@given(_addresses)
def test_every_address_reads_back_from_its_text(address: Address) -> None:
    assert parse_address(str(address)) == address


def test_a_vsock_port_may_be_left_out() -> None:
    assert parse_address("vsock://any") == VsockAddress(VSOCK_CID_ANY, 818)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected embedded, unix"),
        ("Embedded", "expected embedded, unix"),
        ("http://x:1", "unknown scheme 'http'"),
        ("unix://relative", "expected an absolute path"),
        ("unix:///" + "a" * 107, "at most 107 bytes"),
        ("tcp://localhost", "expected tcp://HOST:PORT"),
        ("tcp://localhost:65536", "a TCP port is a number from 1 to 65535"),
        ("tcp://::1:80", "expected tcp://HOST:PORT"),
        ("vsock://host:1", "expected vsock://CID:PORT"),
        ("vsock://4294967296:1", "a CID is a number from 0 to 4294967295"),
        ("vsock://1:0", "a vsock port is a number from 1"),
    ],
)
def test_a_text_that_is_no_address_says_what_was_expected(text: str, message: str) -> None:
    with pytest.raises(ValueError) as raised:
        parse_address(text)
    assert message in str(raised.value)


@given(st.text(max_size=30) | st.from_regex(r"(unix|tcp|vsock)://[\w:.\[\]/]{0,12}", fullmatch=True))
def test_any_text_is_an_address_or_a_value_error(text: str) -> None:
    try:
        address = parse_address(text)
    except ValueError:
        return
    assert parse_address(str(address)) == address
