"""What is written of a soak: its section of a page, its picture, its table of samples."""

from __future__ import annotations

import csv
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from soak.checks import checks
from soak.curves import draw, panels_of, round_up, thinned
from soak.page import BEGIN_MARK, END_MARK, into_page, section
from soak.receivers import Counted
from soak.samples import header, read_samples, row
from soak.visitors import totals_of

from soak_example import asked, evidence, samples

SVG = "{http://www.w3.org/2000/svg}"


def test_the_section_has_every_check_and_says_how_to_get_it() -> None:
    made = evidence(counted=Counted(90, 100, 3))
    text = section(made, checks(made))
    assert "python -m soak --vm-count 200 --duration 10m --seed 1" in text
    assert all(check.claim in text for check in checks(made))
    assert "| NO" in text
    assert "broken off" not in text


def test_the_section_of_a_fleet_that_is_asked_has_askers_and_their_faults() -> None:
    text = section(asked(), checks(asked()))
    assert "python -m soak --asked --vm-count 200" in text
    assert "| nack | 1 |" in text
    assert "receive" not in text.split("| fault |")[0].replace("receipt", "")
    assert "soak-asked.svg" in text


def test_a_soak_that_was_broken_off_says_so() -> None:
    made = evidence(interrupted=True)
    assert "incomplete" in section(made, checks(made))


def test_a_section_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN_MARK}\nafter\n")
    for text in ("first", "second"):
        into_page(page, text)
    assert page.read_text() == f"before\n{BEGIN_MARK}\n\nsecond\n{END_MARK}\nafter\n"


def test_a_page_without_a_mark_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing")
    with pytest.raises(ValueError, match="expected <!-- soak -->"):
        into_page(page, "section")
    assert page.read_text() == "nothing"


def test_the_picture_is_whole_and_small_and_draws_every_curve_and_fault() -> None:
    made = evidence()
    picture = draw(made)
    tree = ElementTree.fromstring(picture)
    curves = [path for path in tree.iter(f"{SVG}path") if path.get("class", "").startswith("curve")]
    panels = panels_of(made)
    assert len(curves) == sum(len(panel.curves) for panel in panels) == 10
    assert len(list(tree.iter(f"{SVG}rect"))) == len(panels) * len(made.injected)
    assert "prefers-color-scheme: dark" in picture
    assert len(picture) < 60_000


@given(st.floats(0, 1e12))
def test_an_axis_ends_at_a_round_number_that_no_value_passes(value: float) -> None:
    top = round_up(value)
    assert value <= top
    assert top <= 2.5 * value * (1 + 1e-9) or value <= 1e-6
    assert f"{top:.3e}"[:5] in ("1.000", "2.000", "5.000")


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=1_000))
def test_thinned_curves_keep_their_peaks(values: list[float]) -> None:
    points = thinned([(float(at), value) for at, value in enumerate(values)], max, most=50)
    assert len(points) <= 50
    assert points[0][0] == 0
    assert max(value for _, value in points) == max(values)


def test_samples_are_read_as_they_were_written(tmp_path: Path) -> None:
    names = ["parent", "worker 0", "receiver"]
    file = tmp_path / "samples.csv"
    with file.open("w", newline="") as text:
        csv.writer(text).writerows([header(names), *[row(each, names) for each in samples()]])
    assert list(read_samples(file)) == samples()


def test_the_accounts_are_read_from_the_metrics() -> None:
    text = """# HELP vsock_loadgen_reports_due_total Reports
vsock_loadgen_reports_due_total 10.0
vsock_loadgen_requests_total{result="success"} 5.0
vsock_loadgen_requests_total{result="context"} 1.0
vsock_loadgen_requests_total{result="dial"} 3.0
vsock_loadgen_failures_total{class="connect"} 1.0
vsock_loadgen_failures_total{class="reset"} 2.0
vsock_loadgen_reports_skipped_total 1.0
vsock_loadgen_bytes_total 1.5e+06
"""
    assert totals_of(text) == {"due": 10, "delivered": 5, "failed": 3, "skipped": 1, "unfinished": 1, "bytes": 1_500_000}
