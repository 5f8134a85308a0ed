"""All packages that reports are windows of, laid end to end once, in a file without a name if possible: the kernel can send parts
of a file without copying them."""

from __future__ import annotations

import mmap
import os
import random
import weakref
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice

from vsock_loadgen.payloads.catalogue import CataloguePackage
from vsock_loadgen.payloads.fragments import fragments, prelude

NO_FILE = -1


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Ring:
    """A prelude and then package fragments, end to end in a read-only view: that of a `file`, a descriptor that lasts as long as
    the ring, if it is not NO_FILE.

    `ends[n]` is the offset in bytes after the nth fragment, `ends[0]` that after the prelude: the fragments m+1 to n are
    `view[ends[m] : ends[n]]`.
    """

    view: memoryview
    ends: array[int]
    file: int

    @classmethod
    def build(cls, packages: Sequence[CataloguePackage], length: int) -> Ring:
        """A ring of `length` fragments: the packages in turn, repeated with new ids."""
        content = bytearray(prelude())
        ends = array("Q", [len(content)])
        for fragment in fragments(islice(cycle(packages), length)):
            content += fragment
            ends.append(len(content))
        file = _file_of(content)
        if file == NO_FILE:
            return cls(memoryview(content).toreadonly(), ends, file)
        ring = cls(memoryview(mmap.mmap(file, len(content), access=mmap.ACCESS_READ)), ends, file)
        weakref.finalize(ring, os.close, file)
        return ring


def _file_of(content: bytearray) -> int:
    """A file without a name, in memory; NO_FILE if the system has no such files, or does not let this one grow so large."""
    try:
        file = os.memfd_create("reports")
    except (AttributeError, OSError):
        return NO_FILE
    try:
        with os.fdopen(file, "wb", closefd=False) as written:
            written.write(content)
    except OSError:
        os.close(file)
        return NO_FILE
    return file


def shuffled(catalogue: Sequence[CataloguePackage], seed: int) -> list[CataloguePackage]:
    """The catalogue in the seed's order: the argsort of a random number per entry, the same on every Python version."""
    stream = random.Random(f"{seed}/catalogue")  # noqa: S311 (to be repeated, not to be secret)
    keys = [stream.random() for _ in catalogue]
    return [catalogue[place] for place in sorted(range(len(catalogue)), key=keys.__getitem__)]
