"""Calls to Slack that answer a click or a command: started before our answer leaves, finished after it.

A listener awaits no call to Slack. What it wants shown (a modal, a private line) is started here as a task with a
strong reference; at shutdown all of them are waited for.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from blocks.types import Message

logger = logging.getLogger("handrail.replies")
DRAIN_SECONDS = 5.0
REPLY_ERRORS = (SlackApiError, ClientError, TimeoutError, OSError)


@dataclass(slots=True)
class Replies:
    """`client` has no retry handlers and a short time-out: a late modal is no modal."""

    client: AsyncWebClient
    response_urls: str = "https://hooks.slack.com/"
    """How every response_url begins; others are never called."""
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def start(self, reply: Coroutine[Any, Any, Any], what: str) -> None:
        """Let a call run on its own; a failure is logged with what it was for."""
        task = asyncio.create_task(_logged(reply, what))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def say_privately(self, body: dict[str, Any], message: Message) -> None:
        """Show a message to the person who clicked, and to nobody else: in the channel they clicked in."""
        channel = (body.get("channel") or {}).get("id") or body.get("channel_id")
        if channel is None:
            logger.info("private_reply_without_channel text=%s", message.text)
            return
        thread_ts = (body.get("container") or {}).get("thread_ts")
        self.start(
            self.client.chat_postEphemeral(
                channel=channel,
                user=_user_id(body),
                text=message.text,
                blocks=message.blocks,
                thread_ts=thread_ts,
            ),
            "private line",
        )

    def replace_original(self, body: dict[str, Any], message: Message) -> None:
        """Put a message in place of the private one that was clicked in: only its response_url can."""
        url = body.get("response_url")
        if not isinstance(url, str) or not url.startswith(self.response_urls):
            logger.warning("response_url_refused")
            return
        webhook = AsyncWebhookClient(url, timeout=5)
        self.start(
            webhook.send(text=message.text, blocks=message.blocks, replace_original=True), "replacement"
        )

    async def drain(self) -> None:
        """Wait for what is under way, within DRAIN_SECONDS."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=DRAIN_SECONDS)


def _user_id(body: dict[str, Any]) -> str:
    user_id: str = body["user_id"] if "user_id" in body else body["user"]["id"]
    return user_id


async def _logged(reply: Coroutine[Any, Any, Any], what: str) -> None:
    try:
        await reply
    except REPLY_ERRORS as error:
        logger.warning("reply_failed what=%r error=%r", what, error)
