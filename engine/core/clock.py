"""Times of day and dates in named zones, counted from a given now."""

from __future__ import annotations

import datetime
import re
import zoneinfo

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)

UNTIL_HINT = "Write a time such as 07:30, or a date and time such as 2026-01-31T07:30."


def seconds_until(until: object, zone: str, now_ms: int) -> float:
    """Seconds from now until the next "07:30" in the zone, or until a date and time; 0 when that is over. A date
    and time may carry its own offset. ValueError holds a sentence."""
    now = datetime.datetime.fromtimestamp(now_ms / 1000, _zone(zone))
    if not isinstance(until, str) or not until.strip():
        raise ValueError(f"'{str(until)[:40]}' is no time. {UNTIL_HINT}")
    match = _TIME.fullmatch(until.strip())
    then = _next_time(now, int(match[1]), int(match[2])) if match else _date_and_time(until.strip(), now)
    return max(0.0, then.timestamp() - now.timestamp())


def _zone(name: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"The time zone '{name[:40]}' is not known here. Write a name such as Europe/Berlin."
        ) from None


def _next_time(now: datetime.datetime, hour: int, minute: int) -> datetime.datetime:
    today = now.replace(hour=hour, minute=minute, second=0, microsecond=0, fold=0)
    # where clocks are set back, a time comes twice in a night; datetimes of one zone compare by the clock's face
    for then in (today, today.replace(fold=1)):
        if then.timestamp() > now.timestamp():
            return then
    return today + datetime.timedelta(days=1)


def _date_and_time(text: str, now: datetime.datetime) -> datetime.datetime:
    try:
        then = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"'{text[:40]}' is no time. {UNTIL_HINT}") from None
    return then if then.tzinfo else then.replace(tzinfo=now.tzinfo)
