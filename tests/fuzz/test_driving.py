"""The harness itself: a short session finds nothing where nothing is wrong, and finds what is."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest
from fuzz.driving import Session
from fuzz.registry import PITFALL, TARGETS, Target

from command import TIMEOUT_SECONDS
from fuzz import __main__ as command
from fuzz import driving

pytest.importorskip("atheris", reason="is there for x86_64 only")


def test_a_session_executes_its_inputs_and_keeps_what_is_new_outside_the_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driving, "_PATIENCE_SECONDS", 2 * TIMEOUT_SECONDS)  # a busy machine may take minutes to instrument it all
    target = TARGETS["report_bytes"]
    before = sorted(target.seeds.iterdir())
    for seed in count(7):  # a second is enough for something new, unless the machine does much else
        session = driving.fuzz(target, 1, seed=seed, work=tmp_path)
        assert session.is_clean, session.end_of_log
        assert session.inputs >= len(before)
        if session.new_entries:
            break
    assert session.new_entries == len(list((tmp_path / "report_bytes" / "corpus").iterdir())) > 0
    assert sorted(target.seeds.iterdir()) == before


def test_a_broken_promise_is_a_finding_with_its_input(tmp_path: Path) -> None:
    session = driving.fuzz(PITFALL, TIMEOUT_SECONDS, seed=7, work=tmp_path)
    assert not session.is_clean
    (found,) = session.findings
    assert len(found.read_bytes()) > 3
    assert "an input is short" in session.end_of_log


def test_the_command_says_for_each_target_what_came_of_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def found_nothing(target: Target, seconds: int, *, seed: int) -> Session:
        return Session(target.name, seconds, 1_000 + seed, 3, ())

    monkeypatch.setattr(command, "fuzz", found_nothing)
    assert command.main(["--seconds", "0", "--seed", "7", "--target", "grammars", "--target", "catalogue"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["target", "grammars", "catalogue", "2,014"]


def test_the_command_fails_where_something_was_found(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    found = Session("grammars", 1, 5, 0, (Path("build/fuzz/grammars/findings/crash-1"),), "an input is short")
    monkeypatch.setattr(command, "fuzz", lambda *_, **__: found)
    assert command.main(["--target", "grammars"]) == 1
    assert "crash-1" in capsys.readouterr().err


def test_without_a_fuzzer_the_command_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(command, "find_spec", lambda name: None)
    assert command.main(["--target", "grammars"]) == 2
    assert "atheris is not installed" in capsys.readouterr().err
