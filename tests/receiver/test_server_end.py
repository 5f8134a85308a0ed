"""What a receiver makes of connections that are open when it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from fake_reports import encode_text
from receiver.driven_receiver import stand
from vsock_loadgen.config.address import UnixAddress
from vsock_loadgen.receiver.behaviour import Behaviour

PACED = Behaviour(read_bytes_per_second=200)  # ten bytes, then a rest


def test_a_report_that_was_read_to_its_last_byte_counts_though_nobody_looked_for_its_end(tmp_path: Path) -> None:
    """Its sender sees a clean end, and takes it for delivered."""
    with stand(UnixAddress(str(tmp_path / "relay.sock")), PACED) as stood:
        client = stood.client(encode_text(7, 500, 10), ends=True)
        stood.turn()
        assert stood.receiver.receipt().reports == 0
        stood.receiver.close()
        assert client.recv(1) == b""
        assert stood.receiver.receipt().reports == 1


def test_a_report_that_was_read_in_part_is_unfinished_and_its_sender_sees_it_break_off(tmp_path: Path) -> None:
    with stand(UnixAddress(str(tmp_path / "relay.sock")), PACED) as stood:
        client = stood.client(encode_text(7, 500, 11), ends=True)
        stood.turn()
        stood.receiver.close()
        with pytest.raises(ConnectionResetError):
            client.recv(1)
        receipt = stood.receiver.receipt()
        assert (receipt.reports, receipt.unfinished) == (0, 1)
