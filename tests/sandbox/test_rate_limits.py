"""Rate limits: how many calls of each tier pass, how long the next must wait, and what it is told."""

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from sandbox.config import LimitMode
from sandbox.rate_limits import SPECIAL, TIER_2, TIER_3, Limited, RateLimiter
from tests.sandbox.conftest import TOKEN, MovableClock
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


def test_slacks_own_client_waits_as_long_as_it_is_told(sandbox: SandboxClient, slack: WebClient) -> None:
    patient = WebClient(
        TOKEN, base_url=slack.base_url, retry_handlers=[RateLimitErrorRetryHandler(max_retry_count=2)]
    )
    for number in range(6):
        assert patient.chat_postMessage(channel=GENERAL, text=f"number {number}")["ok"]
    assert [call["status"] for call in sandbox.calls("chat.postMessage")] == [200] * 5 + [429, 200]
    assert len(sandbox.messages(GENERAL)) == 6


def test_posting_too_much_in_the_whole_workspace_has_a_word_of_its_own() -> None:
    limiter = RateLimiter(StoppedClock(), "real")
    assert all(limiter.check("chat.postMessage", SPECIAL, f"C{number}") is None for number in range(SPECIAL))
    assert limiter.check("chat.postMessage", SPECIAL, "C999") == Limited("rate_limited", 1)


def test_one_methods_limit_leaves_the_others_alone() -> None:
    limiter = RateLimiter(StoppedClock(), "real")
    passing(limiter, "chat.update", TIER_3)
    assert limiter.check("chat.update", TIER_3) == Limited("ratelimited", 2)
    assert limiter.check("chat.delete", TIER_3) is None


def test_the_budget_says_what_is_left_the_scarcest_first() -> None:
    clock = StoppedClock()
    limiter = RateLimiter(clock, "real")
    for _ in range(5):
        limiter.take("chat.postMessage", SPECIAL, GENERAL)
    limiter.take("users.list", TIER_2)
    first, second, third = limiter.budget()
    assert first == {
        "method": "chat.postMessage",
        "channel": GENERAL,
        "tier": "Per channel",
        "per_minute": 60,
        "burst": 5,
        "left": 0,
        "next_in": 1.0,
        "full_in": 5.0,
    }
    assert (second["method"], second["tier"], second["left"], second["full_in"]) == (
        "users.list",
        "Tier 2",
        19,
        3.0,
    )
    assert (third["method"], third["channel"], third["left"]) == ("chat.postMessage", None, 295)
    clock.time += 2
    assert limiter.budget()[0]["left"] == 2


def test_reading_the_budget_costs_nothing(sandbox: SandboxClient, slack: WebClient) -> None:
    slack.chat_postMessage(channel=GENERAL, text="one")
    for _ in range(10):
        rows = {row["channel"]: row for row in sandbox.budget() if row["method"] == "chat.postMessage"}
    assert rows[GENERAL]["left"] in (4, 5)
    sandbox.limits("off")
    slack.chat_postMessage(channel=GENERAL, text="two")
    assert sandbox.budget() == []


def test_a_commercial_app_reads_history_once_a_minute_and_little_of_it(
    sandbox: SandboxClient, slack: WebClient, clock: MovableClock
) -> None:
    for number in range(16):
        sandbox.post("U0BOB", str(number))
    sandbox.limits("real", commercial=True)
    page = slack.conversations_history(channel=GENERAL, limit=100)
    assert (len(page["messages"]), page["has_more"]) == (15, True)
    with pytest.raises(SlackApiError, match="ratelimited") as caught:
        slack.conversations_history(channel=GENERAL)
    assert caught.value.response.headers["Retry-After"] == "60"
    assert slack.conversations_info(channel=GENERAL)["ok"]
    clock.skip(60)
    assert slack.conversations_history(channel=GENERAL)["ok"]
    sandbox.limits("real")
    assert len(slack.conversations_history(channel=GENERAL, limit=100)["messages"]) == 16
