"""The config file out of the keys that there are, with values that are right, nearly right, or odd."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial

from fuzz.confinement import confined
from fuzz.draws import Draws
from fuzz.promises import hold_config
from vsock_loadgen.config.load import Override
from vsock_loadgen.config.schema import scalar_keys
from vsock_loadgen.distributions import KINDS
from vsock_loadgen.distributions.buckets import Buckets
from vsock_loadgen.distributions.quantity import PACKAGES, REPORT_INTERVAL, Quantity
from vsock_loadgen.grammar.block import Key


class Raw(str):
    """A scalar that stands in the file as it is, without quotes."""

    __slots__ = ()


Made = dict[str, object]
ODD: tuple[object, ...] = (
    None, True, False, "", [], {}, [{}], 0, -1, 1, 5, 100, 10**6, 10**15, -(2**63), 2**63, 10**30, "5", "5%", "99.9%", "0s",
    "1ns", "1ms",
    "1s", "999ms", "5m", "8760h", "8760h0m0.000000001s", "2562047h47m16.854775807s", "2562047h47m16.854775808s", "-1s", ".5s",
    "1.s", "auto",
    "none", "embedded", "unix:///s", "tcp://[::1]:9", "tcp://h:65535", "vsock://any:818", "vsock://3", "2026-11-23T08:00:00Z",
    "2026-11-23T08:00:00.123456789-23:59", "1970-01-01T00:00:00+23:59", "http://${A}:1/m", "response_time.p99 < 5ms", "\u202egpj",
    "\ufeff",
    "\u2028", Raw("1e999999"), Raw("1e-30"), Raw("0.000000000000001"), Raw("99.99999999999999"), Raw("33.3333333333333"),
    Raw("0x10"), Raw("010"),
    Raw("1_000"), Raw("1:30"), Raw(".inf"), Raw(".nan"), Raw("9" * 41), Raw("+5"), Raw("5."), Raw("1e2"), Raw("~"),
    Raw("!!str 5"), Raw("&a 5"),
    Raw("*a"), Raw("yes"), Raw("2026-11-23"), Raw("? x"), Raw("!!int five"), Raw("!!binary aGk="),
)  # fmt: skip
_INTERVALS = ("1ms", "1s", "30s", "1m", "7m3s", "1h", "8760h", "1.000000001s", "999.999ms")
_NAMES = ("a", "b", "up", "hold", "x" * 63, "a.b-c_d")
_SPLITS = ((100,), (70, 30), (50, 30, 20), (70, 20, 8, 2), (99.999999999999, 0.000000000001), (33.3, 33.3, 33.4), (1,) * 100)
_MOST_DEPTH = 4


def check(data: bytes) -> None:
    """A config of these blocks, and of flags and variables on top of it, loads and plans, or every mistake is named."""
    draws = Draws(data)
    section = _section(draws)
    keys = scalar_keys()
    overrides = [_override(draws) for _ in range(draws.number(2))]
    environment = {draws.pick(keys).environment: str(_odd(draws)).replace("\0", "") for _ in range(draws.number(2))}
    with confined() as folder:
        hold_config(folder / "loadgen.yaml", written({"loadgen": section}).encode(), overrides, environment)


def written(value: object) -> str:
    """A value in YAML's flow style, a key or an item a line."""
    if isinstance(value, Raw):
        return value
    if isinstance(value, dict):
        return "{" + ",\n".join(f"{json.dumps(key)}: {written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",\n".join(map(written, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _odd(draws: Draws) -> object:
    return draws.pick(ODD)


def _override(draws: Draws) -> Override:
    paths = (
        "packages",
        "packages.buckets[0].percent",
        "profiles[0].reportInterval",
        "phases[1]",
        "phases[0].vms.to",
        "thresholds[0]",
    )
    return Override(
        "--set", draws.pick((*paths, "limits.descriptors", "reportInterval.p99.9", "", "a..b", "packages[9]")), written(_odd(draws))
    )


def _section(draws: Draws) -> Made:
    made: Made = {}
    for _ in range(draws.number(12)):
        if draws.is_over:
            break
        key = draws.pick(tuple(_KEYS))
        made[key] = _KEYS[key](draws) if draws.number(7) else _odd(draws)
    return made


def _spoiled(draws: Draws, block: Made) -> Made:
    """The block; now and then with an odd value, with a key too many or with one too few."""
    for key in list(block):
        match draws.number(31):
            case 31:
                block[key] = _odd(draws)
            case 30:
                del block[key]
            case 29:
                block[draws.pick(("percent", "value", "distribution", "min", "p50", "buckets", "type", "url"))] = _odd(draws)
    return block


def _count(draws: Draws) -> object:
    return draws.pick((1, 2, 7, 50, 100_000, Raw("3"))) if draws.flag() else draws.number(100_001)


def _packages(draws: Draws, depth: int = 0) -> object:
    return _distribution(draws, depth, PACKAGES, _count, (1, 2, 500, 700, 2_500, 100_000))


def _intervals(draws: Draws, depth: int = 0) -> object:
    return _distribution(draws, depth, REPORT_INTERVAL, lambda draws: draws.pick(_INTERVALS), _INTERVALS[1:6])


def _distribution(
    draws: Draws, depth: int, quantity: Quantity, value: Callable[[Draws], object], likely: tuple[object, ...]
) -> object:
    kind = draws.pick(KINDS)
    if kind is Buckets and depth < _MOST_DEPTH:
        return {"buckets": [_bucket(draws, share, depth, quantity, value, likely) for share in draws.pick(_SPLITS)]}
    block = kind.example(quantity)
    if not isinstance(block, dict) or kind is Buckets:
        return value(draws)
    return _spoiled(draws, {key: draws.pick(likely) if draws.flag() else example for key, example in block.items()})


def _bucket(
    draws: Draws, share: float, depth: int, quantity: Quantity, value: Callable[[Draws], object], likely: tuple[object, ...]
) -> Made:
    below = draws.number(3) == 3
    made: Made = {"percent": share, "value": value(draws)}
    if below:
        made = {"percent": share, "distribution": _distribution(draws, depth + 1, quantity, value, likely)}
    return _spoiled(draws, made | _timing(draws)) if draws.flag() else made


def _timing(draws: Draws) -> Made:
    made: Made = {}
    if draws.flag():
        made["synchronized"] = draws.flag()
    if draws.flag():
        made["offset"] = draws.pick(("0s", "1s", "59m", "8760h"))
    if draws.flag():
        made["jitter"] = draws.pick((0, 1, "5%", 99.99))
    return made


def _profiles(draws: Draws) -> object:
    profiles = []
    for number, share in enumerate(draws.pick(_SPLITS)):
        made: Made = {"name": f"{draws.pick(_NAMES)[:60]}{number}", "percent": share}
        if draws.flag():
            made["packages"] = _packages(draws, _MOST_DEPTH - 2)
        if draws.flag():
            made["reportInterval"] = _intervals(draws, _MOST_DEPTH - 2)
        if draws.flag():
            made["packageSets"] = draws.pick(("shared", "perVM"))
        profiles.append(_spoiled(draws, made | _timing(draws)))
    return profiles


def _phases(draws: Draws) -> object:
    def level(values: tuple[object, ...]) -> object:
        return {"from": draws.pick(values), "to": draws.pick(values)} if draws.flag() else draws.pick(values)

    return [
        _spoiled(
            draws,
            {
                "name": draws.pick(_NAMES) if draws.flag() else f"p{number}",
                "duration": draws.pick(("1ms", "1s", "10m", "8760h")),
                "rate": level((1, 0, 2, 0.001, 10_000)),
                "vms": level((100, 0, "5%", 50, 0.0001)),
            },
        )
        for number in range(1 + draws.number(5))
    ]


def _thresholds(draws: Draws) -> object:
    figures = (
        "response_time.p99",
        "service_time.p99.9",
        "lag.max",
        "failed_percent",
        "reports_per_second",
        "phase.up.response_time.p50",
        "x",
    )
    limits = ("500ms", "0s", "1%", "100", "0.000000000000001", "-5", "1e3")
    return [
        f"{draws.pick(figures)} {draws.pick(('<', '<=', '>', '>=', '=='))} {draws.pick(limits)}" for _ in range(draws.number(4))
    ]


def _limits(draws: Draws) -> object:
    keys = ("maxReportBytes", "reportsPerMinutePerVm", "clusterReportsPerSecond", "vmsPerNode", "descriptors")
    return {draws.pick(keys): draws.pick(("auto", "none", 1, 0.3, 10**9, 2**40, 0)) for _ in range(draws.number(5))}


def _discovered(draws: Draws) -> object:
    keys = ("detectedOs", "osVersion", "activationStatus", "dnfMetadataStatus")
    return {
        draws.pick(keys): draws.pick(("RHEL", "UNKNOWN", "9.4", 9.4, "ACTIVE", "AVAILABLE", None)) for _ in range(draws.number(4))
    }


_BLOCKS: dict[str, Callable[[Draws], object]] = {
    "vmCount": lambda draws: draws.pick((1, 2, 3, 7, 40, 197, 20_001, 100_000, 0)),
    "packages": _packages,
    "reportInterval": _intervals,
    "profiles": _profiles,
    "phases": _phases,
    "thresholds": _thresholds,
    "limits": _limits,
    "discoveredData": _discovered,
    "reconcile": lambda draws: draws.pick(("", None, "http://h:1/m", {"url": "http://${A}/m"}, {"url": None}, "https://[::1]:9/m")),
    "duration": lambda draws: draws.pick(("", "0s", "1ms", "1h", "24h", "8760h", "876000h")),
    "timeScale": lambda draws: draws.pick((1, 10, 0.01, 1_000_000, 3)),
    "startAt": lambda draws: draws.pick(("", "2026-11-23T08:00:00Z", "1970-01-01T00:00:00Z", "2200-12-31T23:59:59.999999999Z")),
    "jitter": lambda draws: draws.pick((0, 5, "5%", 99.99)),
    "nodeCount": lambda draws: draws.pick(("auto", 1, 2, 7, 10_000)),
    "nodeIndex": lambda draws: draws.pick(("auto", 0, 1, 9_999)),
    "workers": lambda draws: draws.pick(("auto", 1, 256)),
    "repeatPhases": Draws.flag,
    "abortOnFail": Draws.flag,
    "numRepositories": _count,
}


def _plain(key: Key, draws: Draws) -> object:
    """What a scalar key may well have."""
    return draws.pick((*getattr(key.takes.scalar, "options", ()), key.as_written))


_KEYS: dict[str, Callable[[Draws], object]] = {
    **{key.name: partial(_plain, key) for key in scalar_keys()},
    **_BLOCKS,
    "vmcount": _odd,
}
