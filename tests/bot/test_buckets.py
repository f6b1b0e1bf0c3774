"""Slack's limits, kept by counting tokens."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.buckets import Bucket


def test_a_burst_goes_at_once_and_the_next_waits() -> None:
    bucket = Bucket(burst=2, per_second=0.5)
    for _ in range(2):
        assert bucket.wait(0.0) == 0
        bucket.take(0.0)

    assert bucket.wait(0.0) == 2.0


def test_what_matters_less_leaves_a_reserve() -> None:
    bucket = Bucket(burst=2, per_second=1)
    bucket.take(0.0)

    assert bucket.wait(0.0, reserve=1) == 1.0
    assert bucket.wait(0.0) == 0.0


def test_nothing_goes_before_retry_after_has_passed() -> None:
    bucket = Bucket(burst=10, per_second=10)
    bucket.block(until=30.0)

    assert bucket.wait(29.0) == 1.0
    assert bucket.wait(30.0) == 0.0


@given(st.lists(st.floats(0, 5), min_size=1, max_size=200))
def test_in_any_minute_no_more_goes_than_the_burst_and_the_rate_allow(pauses: list[float]) -> None:
    bucket = Bucket(burst=5, per_second=0.75)
    now, sent = 0.0, []
    for pause in pauses:
        now += pause
        if bucket.wait(now) == 0:
            bucket.take(now)
            sent.append(now)

    for start in sent:
        assert sum(start <= at < start + 60 for at in sent) <= 5 + 0.75 * 60 + 1
