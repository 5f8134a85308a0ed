"""The keys about content and limits: blocks with defaults of their own, strict, and the same again when they are shown."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from config.conftest import Complain, Load
from vsock_loadgen.config.blocks import DiscoveredData, Limits
from vsock_loadgen.config.load import Override


def test_limits_are_numbers_none_or_auto(load_text: Load) -> None:
    text = "loadgen:\n  limits: {maxReportBytes: none, clusterReportsPerSecond: 2.5, vmsPerNode: auto, descriptors: 1024}\n"
    loaded = load_text(text)
    assert loaded.config.limits == Limits(None, "auto", Fraction(5, 2), "auto", 1024)
    assert loaded.config.effective["limits"] == {
        "maxReportBytes": "none",
        "reportsPerMinutePerVm": "auto",
        "clusterReportsPerSecond": 2.5,
        "vmsPerNode": "auto",
        "descriptors": 1024,
    }


def test_a_key_of_a_block_can_be_set_on_the_command_line(load_text: Load) -> None:
    overrides = [
        Override("--set", "limits.maxReportBytes", "none"),
        Override("--set", "discoveredData.osVersion", "9.10"),
        Override("--set", "reportFormat", "vmReport"),
    ]
    config = load_text("loadgen: {}", overrides=overrides).config
    assert (config.limits.max_report_bytes, config.discovered_data.os_version) == (None, "9.10")


def test_what_is_not_given_in_a_block_has_its_default(load_text: Load) -> None:
    loaded = load_text("loadgen:\n  reportFormat: vmReport\n  discoveredData: {activationStatus: INACTIVE}\n")
    assert loaded.config.discovered_data == DiscoveredData(activation_status="INACTIVE")
    assert loaded.warnings == ()


def test_discovered_data_has_no_effect_in_a_format_that_has_no_room_for_it(load_text: Load) -> None:
    (warned,) = load_text("loadgen:\n  discoveredData: {osVersion: '8.9'}\n").warnings
    assert str(warned) == "loadgen.yaml:2: discoveredData: has no effect: reportFormat indexReport has no room for it"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("limits: {maxReportByte: 5}", "limits.maxReportByte: unknown key; did you mean maxReportBytes?"),
        (
            "limits: {descriptors: 0}",
            "limits.descriptors: found 0, expected auto, none or a whole number from 1 to 1,073,741,824",
        ),
        (
            "limits: {clusterReportsPerSecond: 0}",
            "limits.clusterReportsPerSecond: found 0, expected auto, none or a number above 0 and at most 1,000,000,000",
        ),
        ("limits: 5", "limits: found 5, expected a block of keys"),
        ("discoveredData: {detectedOs: Fedora}", "discoveredData.detectedOs: found 'Fedora', expected RHEL or UNKNOWN"),
        ("cids: mine", "cids: found 'mine', expected assigned or own"),
    ],
)
def test_a_mistake_in_a_block_is_named_with_its_line(complaints: Complain, text: str, message: str) -> None:
    assert complaints(f"loadgen:\n  {text}\n") == [f"loadgen.yaml:2: {message}"]


def test_a_version_without_quotes_is_a_number_and_refused(complaints: Complain) -> None:
    (problem,) = complaints("loadgen:\n  discoveredData: {osVersion: 9.10}\n")
    assert problem.startswith('loadgen.yaml:2: discoveredData.osVersion: found 9.10, expected a version in quotes, such as "9.4"')


def test_a_catalogue_in_a_file_is_relative_to_that_file_and_from_a_flag_to_the_working_directory(
    load_text: Load, tmp_path: Path
) -> None:
    written = "loadgen: {packageCatalog: lists/rpms.txt}"
    assert load_text(written).config.package_catalog == str(tmp_path / "lists" / "rpms.txt")
    flag = [Override("--package-catalog", "packageCatalog", "rpms.txt")]
    assert load_text(written, overrides=flag).config.package_catalog == str(tmp_path / "rpms.txt")
    assert load_text("loadgen: {packageCatalog: /srv/rpms.txt}").config.package_catalog == "/srv/rpms.txt"
    assert load_text("loadgen: {}").config.package_catalog is None
