"""The ring holds the packages in turn, and its table says where each ends."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from itertools import pairwise
from unittest.mock import Mock

import pytest

from vsock_loadgen.payloads.catalogue import builtin, specific
from vsock_loadgen.payloads.fragments import prelude
from vsock_loadgen.payloads.proto import scanner_v4_pb2 as v4
from vsock_loadgen.payloads.ring import NO_FILE, Ring, shuffled


def test_a_ring_longer_than_the_catalogue_repeats_it_with_new_ids() -> None:
    packages = [specific(name, builtin()) for name in ("bash", "sed", "grep")]
    ring = Ring.build(packages, 7)
    found = []
    for start, end in pairwise(ring.ends):
        (package,) = v4.Contents.FromString(bytes(ring.view[start:end])).packages.values()
        found.append((package.id, package.name))
    assert found == [("1", "bash"), ("2", "sed"), ("3", "grep"), ("4", "bash"), ("5", "sed"), ("6", "grep"), ("7", "bash")]


def test_the_table_begins_after_the_prelude_and_ends_with_the_ring() -> None:
    ring = Ring.build(builtin(), 20)
    assert bytes(ring.view[: ring.ends[0]]) == prelude()
    assert ring.ends[20] == len(ring.view)
    assert len(ring.ends) == 21


def test_a_ring_is_the_content_of_its_file() -> None:
    ring = Ring.build(builtin(), 20)
    assert os.pread(ring.file, len(ring.view) + 1, 0) == bytes(ring.view)


def test_the_file_lasts_as_long_as_the_ring() -> None:
    ring = Ring.build(builtin(), 1)
    file, before = ring.file, os.fstat(ring.file)
    del ring
    with suppress(OSError):  # else the number is another file's by now
        assert not os.path.samestat(before, os.fstat(file))


@pytest.mark.parametrize("fault", [AttributeError(), OSError(errno.ENOSYS, "not implemented")])
def test_a_ring_without_a_file_holds_the_same(fault: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = bytes(Ring.build(builtin(), 20).view)
    monkeypatch.setattr(os, "memfd_create", Mock(side_effect=fault))
    ring = Ring.build(builtin(), 20)
    assert (bytes(ring.view), ring.file) == (expected, NO_FILE)
    assert ring.view.readonly


def test_nobody_can_write_into_the_ring() -> None:
    assert Ring.build(builtin(), 1).view.readonly


def test_the_order_is_a_permutation_that_the_seed_alone_decides() -> None:
    assert shuffled(builtin(), 7) == shuffled(builtin(), 7) != shuffled(builtin(), 8)
    assert set(shuffled(builtin(), 7)) == set(builtin())


def test_the_order_is_the_same_on_every_python_version() -> None:
    assert shuffled("abcdefghij", 0) == list("fcjeibgdha")  # type: ignore[arg-type, comparison-overlap]  # any sequence will do
