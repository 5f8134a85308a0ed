"""All packages that reports are windows of, laid end to end once, in a file without a name: the kernel can send parts of a file
without copying them."""

from __future__ import annotations

import mmap
import os
import random
import tempfile
import weakref
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, cycle, islice

from vsock_loadgen.payloads.catalogue import CataloguePackage
from vsock_loadgen.payloads.fragments import fragments, prelude


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Ring:
    """A prelude and then package fragments, end to end in a `file` (a descriptor that lasts as long as the ring) and in a read-only
    view of it.

    `ends[n]` is the offset in bytes after the nth fragment, `ends[0]` that after the prelude: the fragments m+1 to n are
    `view[ends[m] : ends[n]]`.
    """

    view: memoryview
    ends: array[int]
    file: int

    @classmethod
    def build(cls, packages: Sequence[CataloguePackage], length: int) -> Ring:
        """A ring of `length` fragments: the packages in turn, repeated with new ids."""
        file, ends = _memory_file(), array("Q")
        with os.fdopen(file, "wb", closefd=False) as content:
            for part in chain([prelude()], fragments(islice(cycle(packages), length))):
                content.write(part)
                ends.append(len(part) + (ends[-1] if ends else 0))
        ring = cls(memoryview(mmap.mmap(file, ends[-1], access=mmap.ACCESS_READ)), ends, file)
        weakref.finalize(ring, os.close, file)
        return ring


def _memory_file() -> int:
    """An empty file without a name, in memory if the system has such files."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("reports")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def shuffled(catalogue: Sequence[CataloguePackage], seed: int) -> list[CataloguePackage]:
    """The catalogue in the seed's order: the argsort of a random number per entry, the same on every Python version."""
    stream = random.Random(f"{seed}/catalogue")  # noqa: S311 (to be repeated, not to be secret)
    keys = [stream.random() for _ in catalogue]
    return [catalogue[place] for place in sorted(range(len(catalogue)), key=keys.__getitem__)]
