"""Slack's limits, kept by counting tokens."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.buckets import Bucket, Buckets, Lane
from store.surfaces import Surface, SurfaceKind, SurfaceState


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


def surface(
    *, view_id: str | None = None, ts: str | None = None, channel: str = "C1", doubt: bool = False
) -> Surface:
    return Surface(
        id="s",
        team_id="T1",
        run_id="r",
        kind=SurfaceKind.ROOT,
        state=SurfaceState.NEW,
        channel_id=channel,
        ts=ts,
        thread_ts=None,
        view_id=view_id,
        user_id=None,
        place=None,
        approval_id=None,
        question_id=None,
        step_id=None,
        nonce="n",
        drawn_version=0,
        drawn_hash=None,
        redraws=0,
        due_at=0,
        tries=0,
        last_error=None,
        created_at=0,
        attended_at=0,
        posted_at=None,
        doubt_at=1 if doubt else None,
        closed_at=None,
    )


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def use_up(lane: Lane, *, is_urgent: bool) -> int:
    """How often the lane may be taken at once."""
    count = 0
    while lane.is_free(is_urgent=is_urgent):
        lane.take()
        count += 1
    return count


def test_progress_leaves_room_for_what_is_urgent() -> None:
    buckets = Buckets(Clock())
    lane = buckets.lane(surface(ts="1.1"))

    assert use_up(lane, is_urgent=False) == 6
    assert use_up(lane, is_urgent=True) == 4


def test_a_channel_takes_few_posts_at_once_and_other_channels_do_not_wait_for_it() -> None:
    buckets = Buckets(Clock())

    assert use_up(buckets.lane(surface(channel="C1")), is_urgent=True) == 3
    assert use_up(buckets.lane(surface(channel="C2")), is_urgent=True) == 3


def test_posts_together_keep_within_what_a_workspace_may_send() -> None:
    buckets = Buckets(Clock())

    taken = sum(use_up(buckets.lane(surface(channel=f"C{n}")), is_urgent=True) for n in range(30))

    assert taken == 20


def test_retry_after_closes_a_method_for_all_its_channels_and_no_other() -> None:
    clock = Clock()
    buckets = Buckets(clock)

    buckets.lane(surface(channel="C1")).block(30)

    assert not buckets.lane(surface(channel="C2")).is_free(is_urgent=True)
    assert buckets.lane(surface(ts="1.1")).is_free(is_urgent=True)
    assert buckets.lane(surface(view_id="V1")).is_free(is_urgent=True)
    clock.now = 30.0
    assert buckets.lane(surface(channel="C2")).is_free(is_urgent=True)


def test_what_was_not_needed_is_given_back() -> None:
    lane = Buckets(Clock()).lane(surface())

    for _ in range(10):
        lane.take()
        lane.give_back()

    assert use_up(lane, is_urgent=True) == 3


def test_a_message_that_may_stand_already_needs_a_look_too() -> None:
    buckets = Buckets(Clock())
    assert use_up(buckets.look_lane(), is_urgent=True) == 10

    assert not buckets.lane(surface(doubt=True)).is_free(is_urgent=True)
    assert buckets.lane(surface()).is_free(is_urgent=True)


def test_in_no_minute_more_is_sent_than_slack_lets_through() -> None:
    buckets = Buckets(Clock())

    for bucket, limit in (
        (buckets.update, 50),
        (buckets.view, 100),
        (buckets.look, 50),
        (buckets.posts, 200),
    ):
        assert bucket.burst + 60 * bucket.per_second <= limit
