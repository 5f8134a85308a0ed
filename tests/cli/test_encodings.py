"""Whatever a terminal can encode, every verb shows whole tables in it by one rule, without question marks."""

from __future__ import annotations

import io
import sys
import unicodedata
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from command import EXAMPLES
from vsock_loadgen.cli.main import _Output
from vsock_loadgen.cli.verbs import verbs
from vsock_loadgen.printable import encodable

GOLDEN = Path(__file__).parent.parent / "golden" / "contracts" / "results"
CASES: dict[str, list[str | Path]] = {
    "plan": ["plan", "-c", EXAMPLES / "fleet-200.yaml", "--metrics-port", "0"],
    "plan --format json": ["plan", "-c", EXAMPLES / "fleet-200.yaml", "--format", "json"],
    "fit": ["fit", "MEASURED", "--kind", "packages"],
    "compare": ["compare", GOLDEN / "sound.json", GOLDEN / "slower.json"],
    "compare as Markdown": ["compare", GOLDEN / "sound.json", GOLDEN / "slower.json", "--format", "markdown"],
    "merge": ["compare", "--merge", GOLDEN / "sound.json"],
    "report": ["report", GOLDEN / "sound.json", "-o", "PAGE"],
    "receive": ["receive", "--duration", "10ms", "SOCKET"],
    "init": ["init"],
    "schema": ["schema"],
    "run --help": ["run", "--help"],
}
ENCODINGS = ("ascii", "ANSI_X3.4-1968", "latin-1", "cp437", "utf-8")


def shown(case: str, encoding: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What a verb writes to standard output and error, as a terminal with this encoding reads it."""
    (folder / "measured").write_text("\n".join(str(100 + number % 37) for number in range(200)))
    named = {"MEASURED": str(folder / "measured"), "PAGE": str(folder / "page.html"), "SOCKET": f"unix://{folder}/s"}
    written = b""
    with (folder / "out").open("w+b") as out, (folder / "err").open("w+b") as err:
        before = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        with monkeypatch.context() as patched:
            for name, file in (("stdout", out), ("stderr", err)):
                patched.setattr(sys, name, _Output(file.fileno(), name, before, line_buffering=True))
            arguments = [named.get(str(each), str(each)) for each in CASES[case]]
            with suppress(SystemExit):  # a verdict is an exit code
                verbs.main(arguments, standalone_mode=False)
            sys.stdout.flush()
        for file in (out, err):
            file.seek(0)
            written += file.read()
    return written.decode(encoding)


@pytest.mark.parametrize("case", CASES)
def test_a_verb_writes_the_same_lines_in_any_encoding(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = shown(case, "utf-8", tmp_path, monkeypatch)
    for encoding in ENCODINGS:
        text = shown(case, encoding, tmp_path, monkeypatch)
        assert text == encodable(whole, encoding)
        assert text.count("?") == whole.count("?")


@given(st.text(), st.sampled_from(ENCODINGS))
def test_what_stands_in_for_a_character_is_in_the_encoding_and_a_text_that_is_there_stays(text: str, encoding: str) -> None:
    made = encodable(text, encoding)
    made.encode(encoding)
    assert encodable(made, encoding) == made
    assert made.count("?") <= unicodedata.normalize("NFKD", text).count("?")
    if text.isascii():
        assert made == text


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_chart_is_drawn_in_one_kind_of_characters(encoding: str) -> None:
    """cp437 has the full block and none of its parts: half of each would be no chart."""
    assert encodable("██▍ ─", encoding) == ("██▍ ─" if encoding == "utf-8" else "##- -")


def test_what_has_no_likeness_can_still_be_told() -> None:
    assert encodable("größe 漢", "ascii") == r"gro\xdfe \u6f22"
    assert encodable("größe 漢", "latin-1") == r"größe \u6f22"


def test_tables_keep_their_columns() -> None:
    drawn = "▁▂▃▄▅▆▇█▏▎▍▌▋▊▉░─━│┃…±✕✓✗é"
    for character in drawn:
        assert len(encodable(character, "ascii")) == cell_len(character)
