"""Rate limits: how many calls of each tier pass, how long the next must wait, and what it is told."""

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.config import LimitMode
from sandbox.rate_limits import SPECIAL, TIER_2, TIER_3, RateLimiter
from tests.sandbox.conftest import MovableClock
from tests.support.sandbox_client import GENERAL, OPS, SandboxClient


class StoppedClock:
    """A clock that only a test moves."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time


def passing(limiter: RateLimiter, method: str, per_minute: int, channel: str | None = None) -> int:
    """How many calls pass at one moment."""
    count = 0
    while limiter.take(method, per_minute, channel) is None:
        count += 1
    return count


def test_a_tier_lets_a_minutes_worth_pass_at_once() -> None:
    limiter = RateLimiter(StoppedClock(), "real")
    assert passing(limiter, "chat.update", TIER_3) == 50
    assert passing(limiter, "users.list", TIER_2) == 20


def test_posts_to_one_channel_pass_one_a_second_after_a_small_burst() -> None:
    clock = StoppedClock()
    limiter = RateLimiter(clock, "real")
    assert passing(limiter, "chat.postMessage", SPECIAL, GENERAL) == 5
    assert passing(limiter, "chat.postMessage", SPECIAL, OPS) == 5
    clock.time += 2
    assert passing(limiter, "chat.postMessage", SPECIAL, GENERAL) == 2


def test_strict_limits_allow_hardly_any_burst() -> None:
    limiter = RateLimiter(StoppedClock(), "strict")
    assert passing(limiter, "chat.postMessage", SPECIAL, GENERAL) == 1
    assert passing(limiter, "chat.update", TIER_3) == 5


@pytest.mark.parametrize(("mode", "seconds"), [("real", 2), ("strict", 2)])
def test_the_wait_is_the_time_until_one_call_passes(mode: LimitMode, seconds: int) -> None:
    clock = StoppedClock()
    limiter = RateLimiter(clock, mode)
    passing(limiter, "chat.update", TIER_3)
    assert limiter.take("chat.update", TIER_3) == seconds  # 60 / 50 of a second, rounded up
    clock.time += seconds
    assert limiter.take("chat.update", TIER_3) is None


def test_a_refused_post_costs_the_other_channels_nothing() -> None:
    limiter = RateLimiter(StoppedClock(), "real")
    passing(limiter, "chat.postMessage", SPECIAL, GENERAL)
    for _ in range(1000):
        limiter.take("chat.postMessage", SPECIAL, GENERAL)
    assert passing(limiter, "chat.postMessage", SPECIAL, OPS) == 5


def test_switched_off_everything_passes() -> None:
    limiter = RateLimiter(StoppedClock(), "off")
    assert all(limiter.take("users.list", TIER_2) is None for _ in range(1000))


def test_the_app_is_told_429_and_when_to_come_back(
    sandbox: SandboxClient, slack: WebClient, clock: MovableClock
) -> None:
    for _ in range(5):
        slack.chat_postMessage(channel=GENERAL, text="again")
    with pytest.raises(SlackApiError) as caught:
        slack.chat_postMessage(channel=GENERAL, text="too much")
    response = caught.value.response
    assert response.status_code == 429
    assert response.data == {"ok": False, "error": "ratelimited"}
    assert response.headers["Retry-After"] == "1"
    assert slack.chat_postMessage(channel=OPS, text="elsewhere")["ok"]
    clock.skip(1)
    assert slack.chat_postMessage(channel=GENERAL, text="later")["ok"]
    sandbox.limits("off")
    assert all(slack.chat_postMessage(channel=GENERAL, text="free")["ok"] for _ in range(10))
