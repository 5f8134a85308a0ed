"""A user's own catalogue: what rpm prints and CSV are read, and every mistake is named with its file and line."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsock_loadgen.errors import ConfigError
from vsock_loadgen.payloads.catalogue import CataloguePackage
from vsock_loadgen.payloads.catalogue_file import RPM_COMMAND, read_catalogue

BASH = "bash\t(none)\t5.1.8\t9.el9\tx86_64\tbash-5.1.8-9.el9.src.rpm\t(none)"
NODE = "nodejs\t1\t18.19.0\t1.module+el9\tx86_64\tnodejs-18.19.0-1.module+el9.src.rpm\tnodejs:18:9030020231213:rhel9"
KEY = "gpg-pubkey\t(none)\t5a6340b3\t6229229e\t(none)\t(none)\t(none)"

Read = Callable[[str | bytes], tuple[CataloguePackage, ...]]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Reads a text as the file rpms.txt of the current directory."""
    monkeypatch.chdir(tmp_path)

    def run(text: str | bytes) -> tuple[CataloguePackage, ...]:
        path = Path("rpms.txt")
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_catalogue(path)

    return run


def problems(read: Read, text: str | bytes) -> list[str]:
    """The problems of a text that is no catalogue, as lines."""
    with pytest.raises(ConfigError) as raised:
        read(text)
    return [str(problem) for problem in raised.value.problems]


def test_a_line_of_rpm_is_a_package_and_a_key_is_none(read: Read) -> None:
    assert read(f"{BASH}\n{KEY}\n\n{NODE}\n") == (
        CataloguePackage("bash", "5.1.8-9.el9", "bash", "5.1.8-9.el9", "x86_64", "baseos", ""),
        CataloguePackage(
            "nodejs",
            "1:18.19.0-1.module+el9",
            "nodejs",
            "18.19.0-1.module+el9",
            "x86_64",
            "appstream",
            "nodejs:18",
        ),
    )


def test_an_rpm_that_knows_no_modules_prints_a_field_less(read: Read) -> None:
    assert read(BASH.rpartition("\t")[0]) == read(BASH)


def test_csv_needs_name_version_and_release_and_takes_columns_in_any_order(read: Read) -> None:
    assert read("release,Name,version\n9.el9,bash,5.1.8\n") == read(BASH)
    (package,) = read("name,version,release,repository,arch,epoch,module,source_rpm\nx,1,2.el9,baseos,noarch,3,m:1,y-1-2.src.rpm\n")
    assert package == CataloguePackage("x", "3:1-2.el9", "y", "1-2", "noarch", "baseos", "m:1")


def test_a_package_that_nobody_knows_is_of_appstream_and_its_own_source(read: Read) -> None:
    (package,) = read("name,version,release\nacme-agent,1.0,1\n")
    assert (package.repository, package.source_name, package.arch) == ("appstream", "acme-agent", "x86_64")


def test_plain_output_of_rpm_is_refused_with_the_command_that_gives_the_right_one(read: Read) -> None:
    (problem,) = problems(read, "bash-5.1.8-9.el9.x86_64\n")
    assert problem == (
        "rpms.txt:1: packageCatalog: found 'bash-5.1.8-9.el9.x86_64' without name, version, release, "
        f"expected the output of {RPM_COMMAND}, or CSV with a header such as name,version,release"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "rpms.txt: packageCatalog: the file is empty, expected the output of rpm -qa"),
        (" \n\n", "rpms.txt: packageCatalog: the file is empty"),
        (KEY, "rpms.txt: packageCatalog: found no package, expected at least one"),
        (f"{BASH}\nbash\t5.1\n", "rpms.txt:2: packageCatalog: found 2 fields, expected the 7 of rpm -qa"),
        (b"a,\xff\n", "rpms.txt:1: packageCatalog: found byte 0xFF, expected UTF-8"),
        ("name,version,release\nx,1\n", "rpms.txt:2: packageCatalog: found 2 fields, expected 3, as many as in line 1"),
        ('name,version,release\n"x,1,2\n', "rpms.txt:2: packageCatalog: not valid CSV: "),
        ("name,version,release,size\n", "rpms.txt:1: packageCatalog: found the column 'size', expected arch, epoch, "),
        ("name,name,version,release\n", "rpms.txt:1: packageCatalog: found a column twice in 'name,name,version,release'"),
        (BASH.replace("(none)", "one", 1), "rpms.txt:1: epoch: found 'one', expected a whole number or (none)"),
        (BASH.replace("5.1.8\t", "5 1\t"), "rpms.txt:1: version: found '5 1', expected the version of a package"),
        (BASH.replace(".src.rpm", ""), "rpms.txt:1: source_rpm: found 'bash-5.1.8-9.el9', expected a name such as "),
    ],
)
def test_a_mistake_is_named_with_file_and_line(read: Read, text: str | bytes, expected: str) -> None:
    (problem,) = problems(read, text)
    assert problem.startswith(expected)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError) as raised:
        read_catalogue(Path("/nowhere/rpms.txt"))
    assert str(raised.value) == "/nowhere/rpms.txt: packageCatalog: cannot be read: No such file or directory"


def test_many_mistakes_are_named_up_to_a_number_that_is_said(read: Read) -> None:
    found = problems(read, "name,version,release\n" + "x y,1,1\n" * 25)
    assert len(found) == 11
    assert found[0].startswith("rpms.txt:2: name: found 'x y'")
    assert found[-1] == "rpms.txt: ... and 15 more"


@given(st.text(max_size=200))
def test_any_text_is_a_catalogue_or_a_config_error(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any-rpms.txt"
    path.write_text(text, encoding="utf-8", errors="replace")
    with suppress(ConfigError):
        assert read_catalogue(path)


def test_the_command_that_is_documented_is_the_one_that_errors_name() -> None:
    document = Path(__file__).resolve().parents[2] / "docs" / "config.md"
    assert f"{RPM_COMMAND} > rpms.txt" in document.read_text()
