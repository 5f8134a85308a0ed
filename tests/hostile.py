"""Texts that want more than to be read, and documents that are full of them."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from run_example import failed_result, group_of
from vsock_loadgen.results.groups import GroupResults, SeenGroup
from vsock_loadgen.results.measured import PhaseResult
from vsock_loadgen.results.reconciliation import Reconciliation
from vsock_loadgen.results.result import Result
from vsock_loadgen.results.thresholds import JudgedThreshold

TERMINAL = "\x1b[2J\x1b]0;title\x07\x9b31m[bold]x[/] [/red]\r\n\u202etxt\u2028\x00\x7f"
"""Clears a screen, sets a window's title, is rich's markup, begins a line anew, and turns the direction of writing."""

MARKUP = "</script><script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\"><b>&amp;{{script}}"
"""Is a page's markup, in text, in an attribute and inside a script."""


def result_with_everything() -> Result:
    """A result in which nothing that may be there is missing."""
    made = failed_result()
    accounts = made.counts, made.times
    sizes = [group_of(f"{size}", size, size, *accounts, seen=SeenGroup(1, 1, 2)) for size in (500, 1_000, 1_500, 2_000)]
    intervals = [group_of(f"{seconds}s", seconds, seconds, *accounts) for seconds in (30, 60, 300)]
    profiles = [group_of(name, None, None, *accounts) for name in ("web", "db")]
    return replace(
        made,
        groups=GroupResults(tuple(sizes), tuple(intervals), tuple(profiles)),
        generator={"workers": 1, "worker_cpu_seconds": [1.0], "parent_cpu_seconds": 0.5, "share_of_machine": 0.1, "note": "none"},
        config=dict(made.config) | {"target": "unix:///run/x", "duration": "20s", "lagLimit": "50ms"},
        phases=(PhaseResult("ramp", made.counts, made.times),),
        thresholds=(JudgedThreshold("response_time.p99 < 1s", None, "seconds", passed=False),),
        warnings=("nodes have changed",),
        reconciliation=Reconciliation.of("http://relay/", made.counts, None, "http://relay/: cannot be read"),
        receiver={"vms_by_packages": {"500": 2}, "not_seen": {"report_interval": "a reason"}, "note": "none"},
    )


def poisoned(text: str) -> dict[str, Any]:
    """The document of a result from elsewhere: wherever a reader takes any text, and in every key of what it does not look into,
    stands this one."""
    document: dict[str, Any] = json.loads(json.dumps(result_with_everything().to_json()))
    for path in list(_texts(document)):
        changed = copy.deepcopy(document)
        _put(changed, path, text)
        try:
            Result.read(changed)
        except ValueError:
            continue
        document = changed
    for part in ("config", "environment", "generator", "receiver"):
        document[part][text] = {text: text}
    return document


def _texts(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where the texts stand."""
    if isinstance(value, str):
        yield path
    elif isinstance(value, (dict, list)):
        for key, item in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _texts(item, (*path, key))


def _put(document: Any, path: tuple[str | int, ...], text: str) -> None:
    for key in path[:-1]:
        document = document[key]
    document[path[-1]] = text
