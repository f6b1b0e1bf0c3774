"""Slack's asynchronous client works against the sandbox as the synchronous one does."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import ClientPayloadError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.sandbox.conftest import TOKEN
from tests.sandbox.fake_app import FakeApp
from tests.sandbox.views import actions, button, modal, section
from tests.support.sandbox_client import ADA, BOB, GENERAL, SandboxClient


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """That client obeys proxy variables even for this machine."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


def run(url: str, talk: Callable[[AsyncWebClient], Awaitable[Any]]) -> Any:
    async def with_client() -> Any:
        return await talk(AsyncWebClient(TOKEN, base_url=url + "/api/", team_id="T0001", retry_handlers=[]))

    return asyncio.run(with_client())


def test_it_reads_posts_and_updates(sandbox: SandboxClient, sandbox_url: str) -> None:
    async def talk(slack: AsyncWebClient) -> None:
        assert (await slack.auth_test())["bot_id"] == "B0BOT"
        assert (await slack.users_info(user=BOB))["user"]["name"] == "bob"
        posted = await slack.chat_postMessage(channel=GENERAL, text="a", blocks=[section("a")])
        await slack.chat_update(channel=GENERAL, ts=posted["ts"], text="b", blocks=[section("b")])
        told = await slack.conversations_history(channel=GENERAL, limit=5, include_all_metadata=True)
        assert [message["text"] for message in told["messages"]] == ["b"]

    run(sandbox_url, talk)
    assert [call["method"] for call in sandbox.calls()][:2] == ["auth.test", "users.info"]


def test_it_opens_and_updates_views(sandbox: SandboxClient, sandbox_url: str, app: FakeApp) -> None:
    sandbox.command(ADA, "/workflow run")

    async def talk(slack: AsyncWebClient) -> None:
        opened = await slack.views_open(trigger_id=app.last("command")["trigger_id"], view=modal())
        await slack.views_update(view_id=opened["view"]["id"], view=modal(actions("a", button("go"))))

    run(sandbox_url, talk)
    sandbox.wait_for_view(ADA, action_id="go")


def test_it_raises_slacks_errors(sandbox: SandboxClient, sandbox_url: str) -> None:
    async def talk(slack: AsyncWebClient) -> str:
        with pytest.raises(SlackApiError) as caught:
            await slack.chat_postMessage(channel="C404", text="x")
        return str(caught.value.response["error"])

    assert run(sandbox_url, talk) == "channel_not_found"


def test_a_lost_reply_reaches_it_as_an_error_although_the_message_is_there(
    sandbox: SandboxClient, sandbox_url: str
) -> None:
    sandbox.faults("chat.postMessage", "lost_reply")

    async def talk(slack: AsyncWebClient) -> None:
        with pytest.raises(ClientPayloadError):
            await slack.chat_postMessage(channel=GENERAL, text="once")

    run(sandbox_url, talk)
    assert [message["text"] for message in sandbox.messages(GENERAL)] == ["once"]
    assert sandbox.calls("chat.postMessage")[0]["is_lost"] is True
