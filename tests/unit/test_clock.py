"""Times of day and dates in named zones."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.clock import seconds_until

HOUR = 3600


def at(text: str) -> int:
    """Milliseconds since 1970 of a time in UTC."""
    return round(datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("until", "zone", "now", "seconds"),
    [
        ("07:30", "UTC", "2026-01-31T06:00", 1.5 * HOUR),
        ("07:30", "UTC", "2026-01-31T08:00", 23.5 * HOUR),
        ("07:30", "UTC", "2026-01-31T07:30", 24 * HOUR),
        ("07:30", "UTC", "2026-01-31T07:29:59.500", 0.5),
        ("00:00", "UTC", "2026-12-31T23:59", 60),
        (" 07:30 ", "UTC", "2026-01-31T06:00", 1.5 * HOUR),
        ("07:30", "Europe/Berlin", "2026-01-31T06:00", 0.5 * HOUR),
        ("07:30", "Europe/Berlin", "2026-07-31T05:00", 0.5 * HOUR),
        ("07:30", "Asia/Kolkata", "2026-01-31T01:30", 0.5 * HOUR),
        ("01:00", "Pacific/Kiritimati", "2026-01-31T10:30", 0.5 * HOUR),
    ],
)
def test_the_next_time_of_day_in_a_zone(until: str, zone: str, now: str, seconds: float) -> None:
    assert seconds_until(until, zone, at(now)) == seconds


@pytest.mark.parametrize(
    ("until", "now", "seconds"),
    [
        # in Berlin clocks go from 02:00 to 03:00 on 2026-03-29, at 01:00 UTC
        ("07:30", "2026-03-28T22:00", 7.5 * HOUR),
        ("02:30", "2026-03-29T00:30", 1 * HOUR),  # there is no 02:30 that night: an hour later by the clock
        ("03:00", "2026-03-29T00:59", 60),
        # and from 03:00 to 02:00 on 2026-10-25, at 01:00 UTC
        ("07:30", "2026-10-24T22:00", 8.5 * HOUR),
        ("02:30", "2026-10-25T00:00", 0.5 * HOUR),
        ("02:15", "2026-10-25T00:30", 0.75 * HOUR),  # at 02:30 for the first time, 02:15 comes once more
        ("02:15", "2026-10-25T01:10", 300),
        ("02:15", "2026-10-25T01:30", 23.75 * HOUR),
    ],
)
def test_a_night_in_which_clocks_are_changed(until: str, now: str, seconds: float) -> None:
    assert seconds_until(until, "Europe/Berlin", at(now)) == seconds


@pytest.mark.parametrize(
    ("until", "zone", "now", "seconds"),
    [
        ("2026-01-31T07:30", "UTC", "2026-01-30T07:30", 24 * HOUR),
        ("2026-01-31 07:30", "UTC", "2026-01-30T07:30", 24 * HOUR),
        ("2026-01-31T07:30", "Europe/Berlin", "2026-01-31T06:00", 0.5 * HOUR),
        ("2026-01-31T07:30", "UTC", "2026-02-01T00:00", 0),
        ("2026-01-31T07:30:00+02:00", "America/New_York", "2026-01-31T05:00", 0.5 * HOUR),
        ("2026-01-31T07:30:00Z", "Asia/Tokyo", "2026-01-31T07:00", 0.5 * HOUR),
        ("2026-03-29T07:30", "Europe/Berlin", "2026-03-28T22:00", 7.5 * HOUR),
    ],
)
def test_a_date_and_time(until: str, zone: str, now: str, seconds: float) -> None:
    assert seconds_until(until, zone, at(now)) == seconds


@pytest.mark.parametrize(
    "until", ["soon", "", "  ", "7:30", "24:00", "12:60", "07:30:00.", "٠٧:٣٠", None, 730, True]
)
def test_what_is_no_time_is_refused_with_a_sentence(until: object) -> None:
    with pytest.raises(ValueError, match=r"is no time\. Write a time such as 07:30"):
        seconds_until(until, "UTC", 0)


@pytest.mark.parametrize(
    "zone", ["", "Mars/North", "../../etc/passwd", "/etc/passwd", "Europe", "a\0b", "é" * 300]
)
def test_a_zone_that_is_not_known_is_refused_with_a_sentence(zone: str) -> None:
    with pytest.raises(ValueError, match="is not known here"):
        seconds_until("07:30", zone, 0)


@given(
    st.times().map(lambda time: time.strftime("%H:%M")),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    st.integers(at("2020-01-01"), at("2036-12-31")),
)
def test_the_next_time_of_day_is_never_now_and_at_most_a_day_and_an_hour_away(
    until: str, zone: str, now: int
) -> None:
    assert 0 < seconds_until(until, zone, now) <= 25 * HOUR
