"""The clients' own handlers for trouble: too many calls, a server's error, a connection that breaks off."""

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
    AsyncServerErrorRetryHandler,
)
from slack_sdk.http_retry.builtin_handlers import (
    ConnectionErrorRetryHandler,
    RateLimitErrorRetryHandler,
    ServerErrorRetryHandler,
)
from slack_sdk.http_retry.handler import RetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.app import create_app
from sandbox.config import SandboxConfig
from tests.sandbox.conftest import TOKEN
from tests.sandbox.fake_app import SECRET
from tests.support.sandbox_client import GENERAL, SandboxClient
from tests.support.served import address_of, reserved, served

# What posts a message with one of the SDK's handlers, or with none: (url, kind of trouble) -> the answer.
Post = Callable[[str, str], Any]

SYNC: dict[str, Callable[[], list[RetryHandler]]] = {
    "none": list,
    "limit": lambda: [RateLimitErrorRetryHandler(max_retry_count=1)],
    "server": lambda: [ServerErrorRetryHandler(max_retry_count=1)],
    "connection": lambda: [ConnectionErrorRetryHandler(max_retry_count=1)],
}
ASYNC: dict[str, Callable[[], list[AsyncRetryHandler]]] = {
    "none": list,
    "limit": lambda: [AsyncRateLimitErrorRetryHandler(max_retry_count=1)],
    "server": lambda: [AsyncServerErrorRetryHandler(max_retry_count=1)],
    "connection": lambda: [AsyncConnectionErrorRetryHandler(max_retry_count=1)],
}


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


def by_sync(url: str, trouble: str) -> Any:
    client = WebClient(TOKEN, base_url=url + "/api/", retry_handlers=SYNC[trouble]())
    return client.chat_postMessage(channel=GENERAL, text="once").data


def by_async(url: str, trouble: str) -> Any:
    async def talk() -> Any:
        client = AsyncWebClient(TOKEN, base_url=url + "/api/", retry_handlers=ASYNC[trouble]())
        return (await client.chat_postMessage(channel=GENERAL, text="once")).data

    return asyncio.run(talk())


@pytest.fixture(params=[by_sync, by_async], ids=["sync", "async"])
def post(request: pytest.FixtureRequest) -> Post:
    way: Post = request.param
    return way


def statuses(sandbox: SandboxClient) -> list[int]:
    return [row["status"] for row in sandbox.calls("chat.postMessage")]


def test_a_call_too_many_is_repeated_after_the_time_that_was_told(sandbox: SandboxClient, post: Post) -> None:
    sandbox.faults("chat.postMessage", "ratelimited:1")
    assert post(sandbox.base_url, "limit")["ok"] is True
    first, second = sandbox.calls("chat.postMessage")
    assert (first["status"], second["status"]) == (429, 200)
    assert first["answer_headers"]["Retry-After"] == "1"
    assert second["at"] - first["at"] >= 1
    assert len(sandbox.messages(GENERAL)) == 1


def test_the_real_limit_of_a_channel_meets_the_same_handler(sandbox: SandboxClient, post: Post) -> None:
    while 429 not in statuses(sandbox):
        with suppress(SlackApiError):
            post(sandbox.base_url, "none")
    refused = sandbox.calls("chat.postMessage")[-1]
    assert refused["answer"]["error"] == "ratelimited"
    assert int(refused["answer_headers"]["Retry-After"]) >= 1
    assert post(sandbox.base_url, "limit")["ok"] is True


def test_a_servers_error_is_repeated(sandbox: SandboxClient, post: Post) -> None:
    sandbox.faults("chat.postMessage", "http:503")
    assert post(sandbox.base_url, "server")["ok"] is True
    assert statuses(sandbox) == [503, 200]


def test_without_a_handler_nothing_is_repeated(sandbox: SandboxClient, post: Post) -> None:
    sandbox.faults("chat.postMessage", "ratelimited:1")
    with pytest.raises(SlackApiError) as caught:
        post(sandbox.base_url, "none")
    assert (caught.value.response["error"], caught.value.response.status_code) == ("ratelimited", 429)
    assert statuses(sandbox) == [429]


def test_a_connection_that_breaks_off_is_tried_again(post: Post) -> None:
    listener = reserved()
    url = address_of(listener)
    with ThreadPoolExecutor(1) as pool:
        posted = pool.submit(post, url, "connection")
        listener.settimeout(10)
        connection, _ = listener.accept()
        reset_by_peer(connection)
        listener.settimeout(None)
        config = SandboxConfig(None, TOKEN, SECRET, public_url=url)
        with served(lambda base_url: create_app(config), listener), SandboxClient(url) as sandbox:
            assert posted.result(10)["ok"] is True
            assert [message["text"] for message in sandbox.messages(GENERAL)] == ["once"]


def reset_by_peer(connection: socket.socket) -> None:
    """Go away without a word, as a server does that falls over."""
    with connection:
        connection.recv(1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
