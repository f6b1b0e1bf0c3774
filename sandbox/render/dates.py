"""Times as people read them, in the viewer's zone; also Slack's `<!date>` tokens."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from sandbox.render.context import Context

_TOKEN = re.compile(r"\{(\w+)\}")


def moment(ts: str | int | float, context: Context) -> datetime:
    """The instant of a Slack ts or of epoch seconds, in the viewer's zone."""
    return datetime.fromtimestamp(float(ts), UTC).astimezone(context.zone)


def clock_time(at: datetime) -> str:
    return f"{at.hour % 12 or 12}:{at:%M} {'AM' if at.hour < 12 else 'PM'}"


def full_time(at: datetime) -> str:
    return f"{_long(at)} at {clock_time(at)}"


def day_name(at: datetime, now: datetime) -> str:
    """The words on a day divider."""
    near = _near(at, now)
    if near:
        return near.capitalize()
    return f"{at:%A}, {at:%B} {_ordinal(at.day)}" + ("" if at.year == now.year else f", {at.year}")


def ago(at: datetime, now: datetime) -> str:
    seconds = max(0, int((now - at).total_seconds()))
    if seconds < 60:
        return "just now"
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"


def expand(template: str, epoch: float, context: Context) -> str:
    """Fill in tokens such as `{date_short_pretty}`; unknown ones stay as they are."""
    at, now = moment(epoch, context), context.now.astimezone(context.zone)

    def fill(match: re.Match[str]) -> str:
        form = _FORMS.get(match[1])
        if form is None:
            return match[0]
        words = form(at, now)
        return words[:1].upper() + words[1:] if match.start() == 0 else words

    return _TOKEN.sub(fill, template)


def _ordinal(day: int) -> str:
    suffix = "th" if 11 <= day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{suffix}"


def _near(at: datetime, now: datetime) -> str | None:
    today: date = now.astimezone(at.tzinfo).date()
    return {today: "today", today - timedelta(1): "yesterday", today + timedelta(1): "tomorrow"}.get(
        at.date()
    )


def _date(at: datetime) -> str:
    return f"{at:%B} {_ordinal(at.day)}, {at.year}"


def _short(at: datetime) -> str:
    return f"{at:%b} {at.day}, {at.year}"


def _long(at: datetime) -> str:
    return f"{at:%A}, {_date(at)}"


_FORMS: dict[str, Callable[[datetime, datetime], str]] = {
    "date_num": lambda at, now: f"{at:%Y-%m-%d}",
    "date_slash": lambda at, now: f"{at:%m/%d/%Y}",
    "date": lambda at, now: _date(at),
    "date_pretty": lambda at, now: _near(at, now) or _date(at),
    "date_short": lambda at, now: _short(at),
    "date_short_pretty": lambda at, now: _near(at, now) or _short(at),
    "date_long": lambda at, now: _long(at),
    "date_long_full": lambda at, now: f"{at:%A}, {at:%B} {at.day}, {at.year}",
    "date_long_pretty": lambda at, now: _near(at, now) or _long(at),
    "day_divider_pretty": day_name,
    "time": lambda at, now: clock_time(at),
    "time_secs": lambda at, now: f"{at.hour % 12 or 12}:{at:%M:%S} {'AM' if at.hour < 12 else 'PM'}",
    "ago": ago,
}
