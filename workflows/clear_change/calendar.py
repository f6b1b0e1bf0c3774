"""Whether a day lies in a freeze: the function of a `python` step."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

CALENDAR = Path(__file__).with_name("calendar.toml")


@dataclass
class Found:
    """What the step's result looks like: a dataclass becomes a mapping, a date its text."""

    is_frozen: bool
    name: str | None = None
    until: date | None = None


def look_up(day: date, calendar: Path = CALENDAR) -> Found:
    for entry in tomllib.loads(calendar.read_text(encoding="utf-8"))["freeze"]:
        for first, last in around(day, entry["first"], entry["last"]):
            if first <= day <= last:
                print(
                    f"{day} lies in {entry['name']}, {first} to {last}"
                )  # a print is output, never the result
                return Found(True, entry["name"], last)
    print(f"{day} is free")
    return Found(False)


def around(day: date, first: str, last: str) -> Iterator[tuple[date, date]]:
    """The freezes that begin in the year before the day and in its own; they may go beyond the end of a year."""
    ends_later = last < first
    for year in (day.year - 1, day.year):
        yield date.fromisoformat(f"{year}-{first}"), date.fromisoformat(f"{year + ends_later}-{last}")
