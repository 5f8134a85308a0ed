"""Several runs of one config: how much they differ."""

from __future__ import annotations

from comparison_example import HOSTILE, grouped_run, late_run, sound_run
from vsock_loadgen.results.result import Named
from vsock_loadgen.text.spread_text import spread_document, spread_markdown, spread_rows, spread_text

RUNS = [Named(f"r-{number}.json", sound_run(milliseconds)) for number, milliseconds in enumerate((20, 26, 21))]


def test_a_row_has_the_median_the_ends_and_what_lies_between_them() -> None:
    rows = {name: cells for name, *cells in spread_rows(RUNS)}
    assert rows["response_time.p99"] == ["21.0 ms", "20.0 ms", "26.0 ms", "6.00 ms"]
    assert rows["failed_percent"] == ["0 %", "0 %", "0 %", "0 %"]


def test_a_time_that_one_run_did_not_deliver_is_longer_than_any() -> None:
    rows = {name: cells for name, *cells in spread_rows([RUNS[0], Named("lost.json", grouped_run(failed=100))])}
    assert rows["response_time.p99"] == ["not delivered", "20.0 ms", "not delivered", "not delivered"]


def test_text_and_markdown_name_every_run_and_figure() -> None:
    runs = [*RUNS, Named(HOSTILE, late_run())]
    for text in (spread_text(runs, width=120), spread_markdown(runs)):
        assert all(run.name in text.replace("\\", "") for run in runs)
        assert all(name in text for name, *_ in spread_rows(runs))
    assert "## Load test: 4 runs, passed, invalid\n" in spread_markdown(runs)


def test_the_log_has_the_same_figures_as_numbers() -> None:
    figure = spread_document(RUNS)["lag.p99"]
    assert figure == {"values": [0.001, 0.001, 0.001], "median": 0.001, "spread": 0.0}
