"""Dates, times and moments as values hold them: "2026-01-31", "07:30", "2026-01-31T07:30:00Z"."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

EARLIEST = "1970-01-01T00:00:00Z"
LATEST = "2286-11-20T17:46:39Z"
"""The last moment that Slack's picker can hold: the largest number of ten digits, in seconds since 1970."""

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?) ?(Z|z|[+-][0-9]{2}:?[0-9]{2})?",
    re.ASCII,
)


def is_date(text: str) -> bool:
    try:
        return _DATE.fullmatch(text) is not None and bool(date.fromisoformat(text))
    except ValueError:
        return False


def read_time(text: str) -> str | None:
    """ "7:30" as "07:30"; None for what is no time of a day."""
    match = _TIME.fullmatch(text)
    return f"{match[1]:0>2}:{match[2]}" if match else None


def read_moment(text: str) -> str | None:
    """A date with a time, in UTC and to the second; None for what is none. Without an offset it is UTC."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        return None
    try:
        moment = datetime.fromisoformat(f"{match[1]}T{match[2]}{(match[3] or 'Z').upper()}")
        return written(moment)
    except (ValueError, OverflowError):  # there is no such day, or it leaves the calendar in UTC
        return None


def written(moment: datetime) -> str:
    """A moment (with its zone) as values hold it."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def to_epoch(text: str) -> int | None:
    """Seconds since 1970 of a moment; None for what is none."""
    moment = read_moment(text)
    return int(datetime.fromisoformat(moment).timestamp()) if moment else None


def from_epoch(seconds: int) -> str:
    """The moment of seconds since 1970. ValueError for what is outside of the calendar."""
    try:
        return written(datetime.fromtimestamp(seconds, UTC))
    except (OverflowError, OSError) as error:
        raise ValueError(f"{seconds} seconds are outside of the calendar.") from error
