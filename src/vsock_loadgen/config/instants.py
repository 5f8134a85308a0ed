"""The grammar of an instant: RFC 3339 with its offset from UTC, exact to the nanosecond."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from vsock_loadgen.grammar.leaves import ParsedText
from vsock_loadgen.units import MINUTE, SECOND

EXAMPLE = "2026-11-23T08:00:00Z"
_PATTERN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
_FORM = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1970, 2200  # nanoseconds since the epoch, in 64 bits with a sign, end in 2262


def parse_instant(text: str) -> int:
    """Nanoseconds since the epoch of an instant as RFC 3339 has it (`2026-11-23T08:00:00+01:00`), the offset required.

    Leap seconds are refused: wall clocks of machines do not show them. Raises ValueError with a sentence that names what is wrong.
    """
    parts = _FORM.fullmatch(text)
    if parts is None:
        raise ValueError(f"expected an instant with its offset from UTC, such as {EXAMPLE}")
    *clock, fraction, sign, hours, minutes = parts.groups()
    if hours is not None and (int(hours) > 23 or int(minutes) > 59):
        raise ValueError(f"the offset {sign}{hours}:{minutes} does not exist, expected one such as +01:00")
    offset_ns = (int(hours) * 60 + int(minutes)) * MINUTE if hours else 0
    try:
        since = datetime(*map(int, clock), tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)  # type: ignore[misc, arg-type]
    except ValueError as error:
        raise ValueError(f"no such instant ({error}), expected one such as {EXAMPLE}") from None
    whole_ns = (since.days * 86_400 + since.seconds) * SECOND
    instant_ns = whole_ns + int((fraction or "").ljust(9, "0")) - (-offset_ns if sign == "-" else offset_ns)
    if instant_ns < 0 or int(clock[0]) > _LAST_YEAR:
        raise ValueError(f"expected an instant from {_FIRST_YEAR} to {_LAST_YEAR}")
    return instant_ns


def format_instant(instant_ns: int) -> str:
    """The instant in UTC, as short as it can be exact."""
    seconds, rest_ns = divmod(instant_ns, SECOND)
    whole = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    return whole + (f".{rest_ns:09d}".rstrip("0") if rest_ns else "") + "Z"


INSTANT = ParsedText(
    f"an instant with its offset from UTC, such as {EXAMPLE}",
    parse_instant,
    {"type": ["string", "null"], "pattern": f"^({_PATTERN})?$"},
    format_instant,
)
"""An instant as written in a config, read as nanoseconds since the epoch."""
