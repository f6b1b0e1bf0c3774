"""What this process never does to Slack: call before the time, or with a token that was refused."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest
from slack_sdk.errors import SlackApiError

from bot.slack_client import ASK_AGAIN_SECONDS, SlackClient, error_code, is_ratelimited, retry_after
from tests.bot.conftest import TOKEN
from tests.support.sandbox_client import BOB, GENERAL, SandboxClient


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def talk(url: str, clock: Clock, words: Callable[[SlackClient], Awaitable[None]]) -> None:
    asyncio.run(_talk(url, clock, words))


async def _talk(url: str, clock: Clock, words: Callable[[SlackClient], Awaitable[None]]) -> None:
    await words(SlackClient(TOKEN, f"{url}/api/", clock))


async def refusal(call: Awaitable[object]) -> SlackApiError:
    with pytest.raises(SlackApiError) as caught:
        await call
    return caught.value


def test_a_method_that_asked_to_wait_is_left_alone_and_others_are_not(
    slack: SandboxClient, slack_url: str
) -> None:
    clock = Clock()

    async def words(client: SlackClient) -> None:
        slack.faults("users.info", "ratelimited:30")
        error = await refusal(client.users_info(user=BOB))
        assert retry_after(error) == 30
        clock.now += 29
        error = await refusal(client.users_info(user=BOB))
        assert (is_ratelimited(error), retry_after(error)) == (True, 2)
        assert (await client.chat_postMessage(channel=GENERAL, text="hi"))["ok"]
        clock.now += 2
        assert (await client.users_info(user=BOB))["ok"]

    talk(slack_url, clock, words)
    assert len(slack.calls("users.info")) == 2


@pytest.mark.parametrize("code", ["token_revoked", "invalid_auth", "account_inactive"])
def test_with_a_refused_token_nothing_is_called_until_slack_takes_it_again(
    slack: SandboxClient, slack_url: str, code: str
) -> None:
    clock = Clock()

    async def words(client: SlackClient) -> None:
        slack.faults("users.info", f"error:{code}")
        slack.faults("auth.test", f"error:{code}")
        assert error_code(await refusal(client.users_info(user=BOB))) == code
        assert client.problem is not None
        assert f"({code})" in client.problem
        assert error_code(await refusal(client.chat_postMessage(channel=GENERAL, text="hi"))) == code
        await client.ask_again()
        assert len(slack.calls()) == 1, "not at once"
        for _ in range(2):
            clock.now += ASK_AGAIN_SECONDS
            await client.ask_again()
        assert not client.problem
        assert (await client.users_info(user=BOB))["ok"]

    talk(slack_url, clock, words)
    assert slack.calls("chat.postMessage") == []
    assert len(slack.calls("auth.test")) == 2


def test_another_tokens_refusal_is_not_the_bots(slack: SandboxClient, slack_url: str) -> None:
    async def words(client: SlackClient) -> None:
        slack.faults("apps.connections.open", "error:invalid_auth")
        await refusal(client.apps_connections_open(app_token="xapp-x"))
        assert client.problem is None

    talk(slack_url, Clock(), words)


def test_an_answer_that_is_no_json_is_an_error_like_others(slack: SandboxClient, slack_url: str) -> None:
    async def words(client: SlackClient) -> None:
        slack.faults("users.info", "http:502")
        assert error_code(await refusal(client.users_info(user=BOB))) == ""

    talk(slack_url, Clock(), words)
