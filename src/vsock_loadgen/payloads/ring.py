"""All packages that reports are windows of, laid end to end once."""

from __future__ import annotations

import random
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice

from vsock_loadgen.payloads.catalogue import CataloguePackage
from vsock_loadgen.payloads.fragments import fragments, prelude


@dataclass(frozen=True, slots=True, eq=False)
class Ring:
    """A prelude and then package fragments, end to end in one read-only view.

    `ends[n]` is the offset in bytes after the nth fragment, `ends[0]` that after the prelude: the fragments m+1 to n are
    `view[ends[m] : ends[n]]`.
    """

    view: memoryview
    ends: array[int]

    @classmethod
    def build(cls, packages: Sequence[CataloguePackage], length: int) -> Ring:
        """A ring of `length` fragments: the packages in turn, repeated with new ids."""
        content = bytearray(prelude())
        ends = array("Q", [len(content)])
        for fragment in fragments(islice(cycle(packages), length)):
            content += fragment
            ends.append(len(content))
        return cls(memoryview(content).toreadonly(), ends)


def shuffled(catalogue: Sequence[CataloguePackage], seed: int) -> list[CataloguePackage]:
    """The catalogue in the seed's order: the argsort of a random number per entry, the same on every Python version."""
    stream = random.Random(f"{seed}/catalogue")  # noqa: S311 (to be repeated, not to be secret)
    keys = [stream.random() for _ in catalogue]
    return [catalogue[place] for place in sorted(range(len(catalogue)), key=keys.__getitem__)]
