"""A row for each report: as many as the accounts have, in a file that can be read whatever becomes of its disk."""

from __future__ import annotations

import csv
import errno
import gzip
import os
import threading
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.test_sender import World, peers
from fake_network import Peer
from fake_schedule import schedule
from fleet_example import EXAMPLE, plan_of
from vsock_loadgen.engine import samples as module
from vsock_loadgen.engine.ledger import Book, new_books
from vsock_loadgen.engine.loads import Load, loads_of
from vsock_loadgen.engine.sampled_sender import SampledSender
from vsock_loadgen.engine.samples import MOST_BATCHES, ROWS_OF_A_BATCH, SampleFile, Samples, append, is_sampled
from vsock_loadgen.outputs import open_emptied
from vsock_loadgen.units import MILLISECOND, SECOND

PLAN = plan_of(EXAMPLE)
LOAD = loads_of(PLAN, PLAN.nodes[0], None)[0]
BOOKS = new_books(LOAD.cells.books)
PATIENCE_SECONDS = 60


class Recorder:
    """Keeps what a sender enters."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, str, int, int | None, int | None]] = []

    def enter(
        self, position: int, book: Book, outcome: str, due_ns: int, started_ns: int | None, ended_ns: int | None, size: int
    ) -> None:
        self.rows.append((position, outcome, due_ns, started_ns, ended_ns))


@given(
    intervals=st.lists(st.integers(5, 400), min_size=1, max_size=5),
    script=st.lists(peers, min_size=1, max_size=12),
    abandons=st.booleans(),
)
def test_there_is_a_row_for_each_due_report_with_what_became_of_it(
    intervals: list[int], script: list[Peer], abandons: bool
) -> None:
    recorder = Recorder()
    world = World(
        schedule([interval * MILLISECOND for interval in intervals]),
        lambda number: script[number % len(script)],
        sender=SampledSender,
    )
    assert isinstance(world.sender, SampledSender)
    world.sender.write_to(recorder)
    while world.clock() < SECOND // 2:
        world.sender.step(SECOND // 2)
    if abandons:
        world.sender.stop(SECOND // 2)
        world.sender.abandon()
    else:
        world.run(SECOND // 2)
    counts, seen = world.counts, Counter(outcome for _, outcome, *_ in recorder.rows)
    assert sum(seen.values()) == counts.due
    assert (seen["delivered"], seen["skipped"], seen["unfinished"]) == (counts.delivered, counts.skipped, counts.unfinished)
    assert {failure: seen[failure] for failure in counts.failures} == dict(counts.failures)
    assert len({(position, due_ns) for position, _, due_ns, *_ in recorder.rows}) == counts.due, "none stands there twice"
    for _, outcome, due_ns, started_ns, ended_ns in recorder.rows:
        assert started_ns is None or started_ns >= due_ns
        assert ended_ns is None or (started_ns is not None and ended_ns >= started_ns)
        assert outcome != "delivered" or ended_ns is not None


@given(vms=st.integers(1, 500), share=st.fractions(Fraction(1, 1_000), 1), first=st.integers(0, 500))
def test_a_share_of_the_vms_is_exact_and_the_same_however_the_fleet_is_divided(vms: int, share: Fraction, first: int) -> None:
    wanted = [is_sampled(index, share) for index in range(vms)]
    assert sum(wanted) == -(-vms * share.numerator // share.denominator)
    assert [is_sampled(index, share) for index in range(min(first, vms), vms)] == wanted[min(first, vms) :]
    assert all(is_sampled(index, Fraction(1)) for index in range(vms))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "samples.csv.gz"


@pytest.fixture
def file(path: Path) -> Iterator[SampleFile]:
    with SampleFile(open_emptied(path), Fraction(1), LOAD.cells, workers=2) as opened:
        yield opened


def begun(file: SampleFile, worker: int = 0, load: Load = LOAD) -> Samples:
    made = Samples(file, worker, load, BOOKS)
    made.begin(zero_ns=5 * SECOND, zero_wall_ns=1_700_000_000 * SECOND)
    return made


def entered(samples: Samples, reports: int) -> None:
    for number in range(reports):
        due_ns = 5 * SECOND + number
        samples.enter(number % 200, BOOKS[0], "delivered", due_ns, due_ns + MILLISECOND, due_ns + 3 * MILLISECOND, 4_000)


def rows_of(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt") as text:
        return list(csv.DictReader(text))


def test_a_row_says_which_vm_when_and_what_became_of_its_report(file: SampleFile, path: Path) -> None:
    samples = begun(file)
    samples.enter(7, BOOKS[0], "delivered", 6 * SECOND, 6 * SECOND + 250_000, 7 * SECOND, 4_000)
    samples.enter(8, BOOKS[0], "skipped", 8 * SECOND, None, None, 0)
    samples.close()
    one, two = rows_of(path)
    assert (one["vm"], one["due"], one["started"], one["ended"]) == (
        "7",
        "1700000001.000000",
        "1700000001.000250",
        "1700000002.000000",
    )
    assert (one["outcome"], one["bytes"], one["packages"]) == ("delivered", "4000", str(LOAD.packages[7]))
    assert one["packages_group"] in LOAD.cells.groups["packages"]
    assert (two["vm"], two["started"], two["ended"], two["outcome"]) == ("8", "", "", "skipped")


def test_several_workers_write_to_one_file(file: SampleFile, path: Path) -> None:
    workers = [begun(file, number) for number in range(2)]
    for samples in workers:
        entered(samples, 2 * ROWS_OF_A_BATCH + 1)
    for samples in workers:
        samples.close()
    assert len(rows_of(path)) == 2 * (2 * ROWS_OF_A_BATCH + 1)
    assert (file.sampled().rows, file.sampled().lost) == (2 * (2 * ROWS_OF_A_BATCH + 1), 0)


def test_the_file_can_be_read_before_the_run_is_over(file: SampleFile, path: Path) -> None:
    samples = begun(file)
    assert rows_of(path) == []
    entered(samples, 10)
    samples.close()
    assert len(rows_of(path)) == 10


def test_only_the_share_is_written(path: Path) -> None:
    with SampleFile(open_emptied(path), Fraction(1, 100), LOAD.cells, workers=1) as file:
        samples = begun(file)
        entered(samples, 400)
        samples.close()
    assert {row["vm"] for row in rows_of(path)} == {str(index) for index in range(200) if is_sampled(index, Fraction(1, 100))}


def test_a_batch_that_a_full_disk_has_cut_is_taken_back_and_counted(
    file: SampleFile, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, calls = os.write, iter(range(100))

    def full(descriptor: int, data: memoryview) -> int:
        number = next(calls)
        if number == 1:
            return write(descriptor, data[: len(data) // 2])
        if number == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", full)
    samples = begun(file)
    entered(samples, 3 * ROWS_OF_A_BATCH)
    samples.close()
    assert len(rows_of(path)) == 2 * ROWS_OF_A_BATCH, "and there was room again"
    sampled = file.sampled()
    assert (sampled.rows, sampled.lost, sampled.reason) == (2 * ROWS_OF_A_BATCH, ROWS_OF_A_BATCH, "No space left on device")


def test_a_device_that_is_full_is_an_error() -> None:
    descriptor = os.open("/dev/full", os.O_WRONLY)
    with pytest.raises(OSError, match="No space left"):
        append(descriptor, "row\n")
    os.close(descriptor)


def test_the_sender_does_not_wait_for_a_slow_disk_and_what_does_not_fit_is_counted(
    file: SampleFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    awake, beginning = threading.Event(), threading.Event()

    def slow(descriptor: int, text: str) -> None:
        beginning.set()
        assert awake.wait(PATIENCE_SECONDS)
        append(descriptor, text)

    monkeypatch.setattr(module, "append", slow)
    samples = begun(file)
    entered(samples, ROWS_OF_A_BATCH)
    assert beginning.wait(PATIENCE_SECONDS)
    entered(samples, (MOST_BATCHES + 3) * ROWS_OF_A_BATCH)
    awake.set()
    samples.close()
    sampled = file.sampled()
    assert (sampled.rows, sampled.lost) == ((MOST_BATCHES + 1) * ROWS_OF_A_BATCH, 3 * ROWS_OF_A_BATCH)
    assert "slow" in str(sampled)
