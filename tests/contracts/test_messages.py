"""The wording of what is said about mistakes. Tests of the config check what is said; this file alone pins how."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from contracts.goldens import check_golden_sections
from contracts.internals import command, variables, write_results, write_searches

WRONG_CONFIGS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "wrong_configs.json").read_text(encoding="utf-8"))
GENERATED = {
    "a number of ten thousand digits": f"loadgen:\n  seed: {'9' * 10_000}\n",
    "too many values": f"loadgen:\n  packages: [{'1,' * 10_100}]\n",
    "a gigantic line": f"loadgen:\n  vmCount: {'a' * 70_000}\n",
    "a gigantic file": "#" * 1_100_000,
}
THRESHOLDS = (
    *("", "response_time.p99", "response_time.p99 < 500", "response_time.p100 < 1s", "respose_time.p99 < 1s", "lag.p99 == 1s"),
    *("failed_percent < 1s", "failed_percent < 101", "reports_per_second > -1", "phase.spike.lag.p99 < 1s", "phase..lag.p99 < 1s"),
    *("lag.p99 < 1d", "failed_percent < x", "lag.p99 < 1s and lag.max < 2s", "a" * 200 + " < 1s", "reports_per_second > 1/s"),
)
CONDITIONS = (
    *("", "response_time.p99", "respose_time.p99 > +1%", "response_time.p99 == +1%", "response_time.p99 > 10%", "lag.p99 > +-10ms"),
    *("failed_percent > +5ms", "reports_per_second > +x", "failed_percent.melted > 0", "a" * 200 + " > +1%", "lag.p99 > +5"),
    *("holds < 10%", "holds < -10", "holds < +-1%", "holds == -10%", "holds"),
)
TARGETS = (
    *("Embedded", "http://x:1", "unix://relative", "unix:///" + "a" * 107, "tcp://localhost", "tcp://localhost:65536"),
    *("tcp://::1:80", "vsock://host:1", "vsock://4294967296:1", "vsock://1:0", "vsock://any:818", "vsock://-1:818"),
)
STARTS = ("2026-11-23T08:00:00", "2026-13-23T08:00:00Z", "2026-11-23 08:00:00Z", "soon", "1700000000", "2026-11-23T08:00:00+25:00")
COMMANDS = (
    ("frobnicate",),
    ("plan", "--vms"),
    ("plan", "--service-time", "200"),
    ("plan", "--nodes", "0"),
    ("plan", "--config", "none.yaml"),
    ("plan", "--config", "."),
    ("plan", "--set", "nonsense"),
    ("plan", "--package-catalog", "none.csv"),
    ("plan", "--specific-package", "acme-agent"),
    ("run", "--target", "embedded", "--node-index", "3", "--node-count", "2"),
    ("run", "--target", "unix:///nowhere/relay.sock"),
    ("run", "--target", "tcp://127.0.0.1:1"),
    ("run", "--target", "embedded", "--start-at", "2020-01-01T00:00:00Z", "--duration", "1s"),
    ("run", "--target", "unix:///nowhere/relay.sock", "--reconcile", "http://${NOBODY_SET_THIS}/"),
    ("receive", "embedded"),
    ("receive", "unix://relative"),
    ("receive", "unix:///nowhere/relay.sock"),
    ("receive", "unix:///nowhere/relay.sock", "--close-delay", "5"),
    ("receive", "unix:///nowhere/relay.sock", "--close-delay", "50ms,100ms"),
    ("receive", "unix:///nowhere/relay.sock", "--close-delay", "50ms@10s,100ms@60s"),
    ("receive", "unix:///nowhere/relay.sock", "--close-delay", "50ms,100@60s"),
    ("receive", "unix:///nowhere/relay.sock", "--close-delay", "50ms,100ms@60s,20ms@30s"),
    ("receive", "unix:///nowhere/relay.sock", "--stall", "5s"),
    ("receive", "unix:///nowhere/relay.sock", "--reset"),
    ("receive", "unix:///nowhere/relay.sock", "--handler-wait", "1s"),
    ("receive", "unix:///nowhere/relay.sock", "--check-cid", "peer"),
    ("receive", "unix:///nowhere/relay.sock", "--check-cid", "4294967296"),
    ("report", "none.json"),
    ("report", "sound.json", "-o", "no/folder.html"),
    ("report", "sound.json", "--table", "groups"),
    ("report", "found.json", "--format", "junit"),
    ("run", "--target", "embedded", "--repeat", "2"),
    (
        "run",
        "--target",
        "embedded",
        "--repeat",
        "2",
        "--duration",
        "1s",
        "--start-at",
        "2020-01-01T00:00:00Z",
        "--after-run",
        "wait",
    ),
    ("run", "--target", "embedded", "--repeat", "2", "--duration", "1s", "--html", "-"),
    ("run", "--target", "embedded", "--push-gateway", "ftp://somewhere"),
    ("run", "--target", "embedded", "--push-gateway", "http://${NOBODY_SET_THIS}/"),
    ("compare",),
    ("compare", "sound.json"),
    ("compare", "none.json", "nothing.json"),
    ("compare", "sound.json", "slower.json", "-o", "sum.json"),
    ("compare", "--merge"),
    ("compare", "--merge", "sound.json", "--fail-if", "lag.p99 > +1%"),
    ("compare", "--merge", "sound.json", "-o", "./sound.json"),
    ("compare", "--merge", "sound.json", "-o", "no/folder.json"),
    ("compare", "--merge", "sound.json", "sound.json"),
    ("compare", "--merge", "sound.json", "late.json"),
    ("compare", "found.json", "sound.json", "late.json"),
    ("compare", "--baseline", "found.json", "slower-target.json"),
    ("compare", "--merge", "found.json", "slower-target.json"),
    ("compare", "found.json", "slower-target.json", "--fail-if", "lag.p99 > +1%"),
    ("compare", "sound.json", "slower.json", "--fail-if", "holds < -10%"),
    ("compare", "found.json", "wrong-search.json"),
    ("report", "wrong-search.json"),
    ("report", "found.json", "-o", "no/folder.html"),
    ("fit", "none.txt", "--kind", "packages"),
    ("fit", "sound.json"),
    ("init", "sound.json"),
)
MEASUREMENTS = {
    "zero": ("5\n0\n", "packages"),
    "decimals": ("5.5\n", "packages"),
    "other digits": ("\u0665\n", "packages"),
    "a table without a column": ("5\n5,6\n", "packages"),
    "no unit that Go knows": ("5d\n", "intervals"),
    "no time": ("60\n0\n", "intervals"),
    "no such heading": ("name,packages\na,5\n", "packages", "--column", "count"),
    "a heading twice": ("a,a\n1,2\n", "packages", "--column", "a"),
    "no such column": ("a,b\n1,2\n", "packages", "--column", "4"),
    "a short row": ("a,b\n1,2\n3\n", "packages", "--column", "b"),
    "a quote without an end": ('a,b\n1,"2\n', "packages", "--column", "b"),
    "nothing": ("# only this\n", "packages"),
    "a heading alone": ("packages\n", "packages", "--column", "packages"),
    "short intervals as quantiles": ("0.5\n3\n", "intervals", "--form", "quantiles"),
}
BASH = "bash\t(none)\t5.1.8\t9.el9\tx86_64\tbash-5.1.8-9.el9.src.rpm\t(none)"
CATALOGUES = {
    "plain output of rpm": "bash-5.1.8-9.el9.x86_64\n",
    "an empty file": "",
    "a key alone": "gpg-pubkey\t(none)\t5a6340b3\t6229229e\t(none)\t(none)\t(none)",
    "a field short": f"{BASH}\nbash\t5.1\n",
    "a short row of CSV": "name,version,release\nx,1\n",
    "an unknown repository": "name,version,release,repository\nx,1,2,epel\n",
    "no name": "name,version,release\n,1,2\n",
    "a heading twice": "name,name,version,release\nx,y,1,2\n",
}
WRONG_VALUES: dict[str, object] = {
    "schema": "vsock-loadgen/plan/v1",
    "complete": "yes",
    "totals": [],
    "totals.due": 8,
    "totals.failed": 1,
    "failures": {"melted": 2},
    "elapsed_seconds": "4 s",
    "started_at": "yesterday",
    "confirmation": "sure",
    "verdict.status": "fine",
    "verdict.exit_code": 5,
    "histograms.lag.counts": ["16"],
    "histograms.lag.subbucket_bits": 11,
    "histograms.response_time.counts": [[1, 3]],
    "config": {"duration": "soon"},
    "config.thresholds": ["p99 < 1s"],
    "plan.nodes": {},
    "generator.workers": 0.5,
    "slice": {"node_index": None},
    "phases.0.totals.due": 9,
    "thresholds": ["p99 < 5"],
    "warnings": [5],
    "receiver": 5,
    "environment": None,
}


def _plan(text: str | bytes, *flags: str, environment: dict[str, str] | None = None) -> str:
    """What is said about a config called loadgen.yaml."""
    Path("loadgen.yaml").write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape"))
    done = command("plan", "--config", "loadgen.yaml", *flags, environment=environment)
    return f"exit {done.exit_code}\n{done.stderr}"


def test_about_a_config() -> None:
    said = {
        wrong["name"]: _plan(wrong["text"], *wrong.get("flags", []), environment=wrong.get("environment"))
        for wrong in WRONG_CONFIGS
    }
    said |= {name: _plan(text) for name, text in GENERATED.items()}
    check_golden_sections("messages/configs.txt", said)


def test_about_every_variable_at_once() -> None:
    said = {}
    for value in ("?!", "-1", "1e99", "true", "[]", "{a: 1}", "5s"):
        environment = dict.fromkeys(variables(), value) | {"LOADGEN_CONFIG": "loadgen.yaml"}
        said[value] = _plan("loadgen:\n", environment=environment)
    check_golden_sections("messages/variables.txt", said)


def test_about_flags() -> None:
    said = {f"--threshold {text!r}": _plan("loadgen:\n", "--threshold", text) for text in THRESHOLDS}
    said |= {f"--target {text!r}": _plan("loadgen:\n", "--target", text) for text in TARGETS}
    said |= {f"--start-at {text!r}": _plan("loadgen:\n", "--start-at", text) for text in STARTS}
    check_golden_sections("messages/flags.txt", said)


def test_about_commands() -> None:
    write_results()
    write_searches()
    Path("wrong-search.json").write_text('{"schema": "vsock-loadgen/capacity/v1", "started_at": "today"}', encoding="utf-8")
    said = {" ".join(arguments): str(command(*arguments)) for arguments in COMMANDS}
    said |= {f"--fail-if {text!r}": str(command("compare", "a.json", "b.json", "--fail-if", text)) for text in CONDITIONS}
    check_golden_sections("messages/commands.txt", said)


def test_about_measurements() -> None:
    said = {}
    for name, (text, kind, *flags) in MEASUREMENTS.items():
        said[name] = str(command("fit", "-", "--kind", kind, *flags, stdin=text))
    check_golden_sections("messages/measurements.txt", said)


def test_about_catalogues() -> None:
    said = {}
    for name, text in CATALOGUES.items():
        Path("rpms.txt").write_text(text, encoding="utf-8")
        said[name] = _plan("loadgen:\n", "--package-catalog", "rpms.txt")
    check_golden_sections("messages/catalogues.txt", said)


def test_about_results() -> None:
    write_results()
    whole = Path("eventful.json").read_text(encoding="utf-8")
    said = {}
    for path, value in WRONG_VALUES.items():
        document = json.loads(whole)
        *parents, last = path.split(".")
        place: Any = document
        for key in parents:
            place = place[int(key)] if isinstance(place, list) else place[key]
        place[last] = value
        Path("wrong.json").write_text(json.dumps(document), encoding="utf-8")
        said[f"{path}: {json.dumps(value)}"] = str(command("compare", "--merge", "wrong.json", "--format", "json")).partition("{")[
            0
        ]
    for name, text in (("empty", ""), ("no JSON", "{"), ("a list", "[]"), ("not finite", '{"a": NaN}'), ("deep", "[" * 100_000)):
        Path("wrong.json").write_text(text, encoding="utf-8")
        said[name] = str(command("report", "wrong.json"))
    check_golden_sections("messages/results.txt", said)
