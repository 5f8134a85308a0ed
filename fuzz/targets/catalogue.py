"""A user's catalogue of packages: the output of `rpm -qa`, or CSV."""

from __future__ import annotations

from fuzz.confinement import confined
from fuzz.oracle import hold, hold_problems
from vsock_loadgen.errors import ConfigError
from vsock_loadgen.payloads.catalogue_file import read_catalogue
from vsock_loadgen.payloads.decode import decode
from vsock_loadgen.payloads.reports import ReportFactory

_MOST_PACKAGES = 50


def check(data: bytes) -> None:
    """Reports can be made of a catalogue that is read, and of one that is not every mistake is named with its line."""
    with confined() as folder:
        file = folder / "rpms.csv"
        file.write_bytes(data)
        try:
            packages = read_catalogue(file)
        except ConfigError as error:
            hold_problems(error.problems, str(file), data.count(b"\n") + 1)
            return
    hold(0 < len(packages) <= data.count(b"\n") + 1, "a package is a line", packages)
    largest = min(len(packages), _MOST_PACKAGES)
    factory = ReportFactory.build(largest=largest, report_format="vmReport", package_sets="shared", seed=0, catalogue=packages)
    hold(decode(b"".join(factory.buffers(0, 3, largest))).packages == largest, "a report has the packages that it should")
