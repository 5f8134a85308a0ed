"""The result file is replaced in one go, and what is no file is written to as it is."""

from __future__ import annotations

import json
import os
import stat
import threading
from pathlib import Path

import pytest

from run_example import failed_result
from unprivileged import NOBODY
from vsock_loadgen.outputs import is_stream
from vsock_loadgen.results.files import result_document, write_result

RESULT = failed_result()
DOCUMENT = result_document(RESULT)


def test_the_document_is_json_with_a_newline_at_its_end() -> None:
    assert json.loads(DOCUMENT)["schema"] == "vsock-loadgen/result/v1"
    assert DOCUMENT.endswith("}\n")


@pytest.mark.parametrize("before", [None, "something older"])
def test_a_file_holds_the_whole_document_and_is_private(tmp_path: Path, before: str | None) -> None:
    path = tmp_path / "result.json"
    if before is not None:
        path.write_text(before)
    write_result(RESULT, path)
    assert path.read_text() == DOCUMENT
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_reader_that_has_the_old_file_open_keeps_it_whole(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text("older")
    with path.open() as reading:
        write_result(RESULT, path)
        assert reading.read() == "older"


def test_the_old_content_stays_and_nothing_is_left_behind_when_writing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "result.json"
    path.write_text("older")

    def full(_self: Path, _target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_result(RESULT, path)
    assert path.read_text() == "older"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_does_not_exist_and_a_folder_in_the_files_place_are_os_errors(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_result(RESULT, tmp_path / "missing" / "result.json")
    with pytest.raises(IsADirectoryError):
        write_result(RESULT, tmp_path)


def test_a_link_stays_a_link_and_the_file_behind_it_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    behind, link = tmp_path / "elsewhere" / "run-1.json", tmp_path / "latest.json"
    behind.write_text("older")
    link.symlink_to(behind)
    write_result(RESULT, link)
    assert link.is_symlink()
    assert behind.read_text() == DOCUMENT


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can put a file of another user into a folder")
@pytest.mark.parametrize("hops", [1, 2])
@pytest.mark.parametrize("kind", ["link", "fifo"])
def test_a_link_or_pipe_that_another_user_has_put_into_a_folder_for_everybody_is_a_trap(
    tmp_path: Path, kind: str, hops: int
) -> None:
    shared, mine = tmp_path / "shared", tmp_path / "mine"
    shared.mkdir()
    shared.chmod(0o1777)
    mine.write_text("mine")
    path = trap = shared / "result.json"
    if kind == "link":
        trap.symlink_to(mine)
    else:
        os.mkfifo(trap)
    os.lchown(trap, NOBODY, NOBODY)
    if hops == 2:
        path = tmp_path / "latest.json"
        path.symlink_to(trap)
    with pytest.raises(PermissionError, match="another user has put a link, pipe or device there"):
        write_result(RESULT, path)
    assert mine.read_text() == "mine"


def test_a_link_of_ones_own_in_a_folder_for_everybody_is_followed(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    (tmp_path / "latest.json").symlink_to(tmp_path / "run.json")
    write_result(RESULT, tmp_path / "latest.json")
    assert (tmp_path / "run.json").read_text() == DOCUMENT


def test_links_in_a_circle_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        write_result(RESULT, tmp_path / "a")


def test_a_fifo_gets_the_document(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(path.read_text()))
    reader.start()
    write_result(RESULT, path)
    reader.join()
    assert read == [DOCUMENT]
    assert path.is_fifo()


def test_the_name_of_a_descriptor_that_leads_to_a_file_is_written_through_and_never_replaced(tmp_path: Path) -> None:
    """As with `--result /dev/stdout > file`: what the file holds already stays in front, and what is written next goes behind."""
    path = tmp_path / "stdout"
    with path.open("w") as stream:
        stream.write("Verdict: passed\n")
        stream.flush()
        write_result(RESULT, Path(f"/dev/fd/{stream.fileno()}"))
        stream.write("Accounts\n")
    assert path.read_text() == "Verdict: passed\n" + DOCUMENT + "Accounts\n"


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/dev/stdout", True), ("/dev/null", True), ("/dev/fd/63", True), ("/dev/mine/result.json", False), ("result.json", False)],
)
def test_only_names_of_devices_and_descriptors_are_streams(path: str, expected: bool) -> None:
    assert is_stream(Path(path)) is expected
