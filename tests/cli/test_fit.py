"""`vsock-loadgen fit` as users run it: data in, a block that loads out."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from command import TIMEOUT_SECONDS, command_line, environment, vsock_loadgen
from vsock_loadgen.config.load import load
from vsock_loadgen.distributions.buckets import Buckets
from vsock_loadgen.distributions.quantiles import Quantiles
from vsock_loadgen.units import SECOND


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Measured intervals around three values, as a column of CSV."""
    draw = random.Random(5)
    path = tmp_path / "vms.csv"
    rows = (f"vm{number},{draw.choice((30, 60, 300)) + draw.uniform(-0.5, 0.5):.3f}\n" for number in range(900))
    path.write_text("vm,interval\n" + "".join(rows))
    return path


def test_what_goes_to_standard_output_is_a_block_to_paste(table: Path, tmp_path: Path) -> None:
    done = vsock_loadgen("fit", table, "--kind", "intervals", "--column", "interval")
    assert done.returncode == 0, done.stderr
    config = tmp_path / "fleet.yaml"
    config.write_text("loadgen:\n  vmCount: 10\n" + done.stdout)
    intervals = load(config, environment={}, strict=True).config.report_interval
    assert isinstance(intervals, Buckets)
    seconds = [float(bucket.value.configured_mean) / SECOND for bucket in intervals.buckets]
    assert seconds == [pytest.approx(30, rel=0.02), pytest.approx(60, rel=0.02), pytest.approx(300, rel=0.02)]
    assert "900 values" in done.stderr
    assert "KS distance" in done.stderr


def test_standard_input_and_quantiles(tmp_path: Path) -> None:
    done = subprocess.run(
        command_line("fit", "-", "--kind", "packages", "--form", "quantiles"),
        env=environment(),
        input="".join(f"{number}\n" for number in range(100, 501)),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=True,
    )
    config = tmp_path / "fleet.yaml"
    config.write_text("loadgen:\n" + done.stdout)
    assert load(config, environment={}, strict=True).config.packages == Quantiles(((0, 100), (50, 300), (100, 500)))  # type: ignore[arg-type]


def test_too_few_buckets_are_warned_of(tmp_path: Path) -> None:
    path = tmp_path / "counts.txt"
    path.write_text("".join(f"{number}\n" for number in range(1, 1_000)))
    done = vsock_loadgen("fit", path, "--kind", "packages", "--max-buckets", "2")
    assert done.returncode == 0
    assert "warning: no block of 2 is within 2%" in done.stderr


def test_one_value_is_one_bucket(tmp_path: Path) -> None:
    path = tmp_path / "counts.txt"
    path.write_text("700\n")
    done = vsock_loadgen("fit", path, "--kind", "packages")
    assert done.stdout == "  packages:\n    buckets:\n      - {percent: 100, value: 700}\n"


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        (b"5\nfive\n", ("--kind", "packages"), "counts.txt:2: found 'five', expected a whole number of packages from 1 to 100,000"),
        (b"\xff\xfe\n", ("--kind", "packages"), "counts.txt:1: found byte 0xFF, expected UTF-8"),
        (
            b"0.5\n3\n",
            ("--kind", "intervals", "--form", "quantiles"),
            "counts.txt: 1 intervals are below 1s, which quantiles cannot have; expected --form percentile",
        ),
    ],
)
def test_bad_data_is_one_message_and_exit_code_2(tmp_path: Path, text: bytes, arguments: tuple[str, ...], message: str) -> None:
    path = tmp_path / "counts.txt"
    path.write_bytes(text)
    done = vsock_loadgen("fit", path, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"{tmp_path}/{message}\n"


def test_a_file_that_is_not_there_is_exit_code_2(tmp_path: Path) -> None:
    done = vsock_loadgen("fit", tmp_path / "none.txt", "--kind", "packages")
    assert (done.returncode, done.stderr) == (2, f"{tmp_path}/none.txt: cannot be read: No such file or directory\n")
