"""Results of fleets that were asked, beside each other and beside those of fleets that sent: what differs is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from comparison_example import grouped_sides, sound_run
from run_example import histogram_of
from vsock_loadgen.errors import ConfigError
from vsock_loadgen.measures.askings import Asked
from vsock_loadgen.plan.polling import Settings
from vsock_loadgen.results.conditions import judge_conditions, parse_condition
from vsock_loadgen.results.known import Known
from vsock_loadgen.results.merging import merge_results
from vsock_loadgen.results.result import Named, Result
from vsock_loadgen.text.comparison_markdown import comparison_markdown
from vsock_loadgen.text.comparison_text import comparison_text
from vsock_loadgen.units import HOUR, SECOND

OWN = Settings()


def asked_run(asker: Settings | None = OWN, age_seconds: int = 4, known_after_seconds: int | None = 2) -> Result:
    """A run whose reports were all taken at one age."""
    made = sound_run()
    counts = replace(made.counts, asked={Asked.WHOLE: made.counts.delivered})
    known = Known(
        listen="http://127.0.0.1:1",
        asker=asker.document() if asker else None,
        vms=4,
        known_vms=4,
        known_after_ns=None if known_after_seconds is None else known_after_seconds * SECOND,
        ages=histogram_of(age_seconds * SECOND),
    )
    return replace(made, counts=counts, asked=known, confirmation="receipt")


def test_a_run_that_sent_and_one_that_was_asked_are_two_things_and_that_is_said() -> None:
    comparison = grouped_sides(sound_run(), asked_run())
    assert (comparison.same_mode, comparison.same_plan) == (False, True)
    assert {each.key: each.values for each in comparison.differences} == {"mode": ("push", "pull")}
    for text in (comparison_text(comparison, width=200), comparison_markdown(comparison)):
        assert "reports were sent (push) or asked for (pull)" in text
    assert comparison.to_json()["same_mode"] is False


def test_what_only_an_asker_has_has_rows_of_its_own_which_are_no_times_that_never_ended() -> None:
    rows = {row.metric.name: row for row in grouped_sides(sound_run(), asked_run(age_seconds=5)).rows}
    for name, value in (("known_after", 2.0), ("age_when_taken.p99", 5.0)):
        assert rows[name].baseline.middle is None
        assert rows[name].changes[0].after.middle == pytest.approx(value, rel=1e-3)
        assert rows[name].changes[0].difference is None
    assert rows["askings_per_second"].changes[0].after.middle == pytest.approx(sound_run().counts.delivered / 20)
    assert not any(row.metric.of_asked for row in grouped_sides(sound_run(), sound_run()).rows)
    unknown = grouped_sides(asked_run(), asked_run(known_after_seconds=None))
    assert unknown.row(next(row.metric for row in unknown.rows if row.metric.name == "known_after")).changes[0].difference is None


def test_conditions_may_be_about_them() -> None:
    comparison = grouped_sides(asked_run(), asked_run(age_seconds=5))
    judged = judge_conditions(
        [parse_condition("age_when_taken.p99 > +10%"), parse_condition("askings_per_second < -10%")], comparison
    )
    assert [each.failed for each in judged] == [True, False]


def test_askers_with_other_settings_are_told_apart_setting_by_setting() -> None:
    comparison = grouped_sides(asked_run(), asked_run(replace(OWN, poll_ns=HOUR)))
    assert (comparison.same_mode, comparison.same_asker) == (True, False)
    assert {each.key: each.values for each in comparison.differences} == {"asker.poll_interval_seconds": (14_400.0, 3_600.0)}
    assert "The askers' settings differ" in comparison_text(comparison, width=120)
    assert not grouped_sides(asked_run(), asked_run(None)).same_asker
    same = grouped_sides(asked_run(), asked_run())
    assert same.same_asker
    assert "settings differ" not in comparison_text(same, width=120)


def test_results_of_an_older_release_which_name_no_asker_are_read() -> None:
    known = asked_run().asked
    assert known is not None
    document = known.to_json()
    assert Known.read(document) == known
    del document["asker"]
    assert Known.read(document).asker is None


def test_they_are_not_added_up() -> None:
    with pytest.raises(ConfigError, match="one process answers") as caught:
        merge_results([Named("a.json", asked_run()), Named("b.json", asked_run())])
    assert [problem.where for problem in caught.value.problems] == ["a.json", "b.json"]
