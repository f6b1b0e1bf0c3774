"""Calls to Slack that answer a click or a command: started before our answer leaves, finished after it.

A listener awaits no call to Slack. What it wants shown (a modal, a private line) is started here as a task with a
strong reference; at shutdown all of them are waited for. A private line that cannot be shown in one place is shown
in another: nobody is left without an answer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientError
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook.async_client import AsyncWebhookClient

from blocks.types import Message
from bot.slack_client import SlackClient
from engine.core.errors import Problem

logger = logging.getLogger("handrail.replies")
DRAIN_SECONDS = 5.0
RESPONSE_SECONDS = 5
CALL_ERRORS = (SlackApiError, ClientError, TimeoutError, OSError)

Body = dict[str, Any]


@dataclass(slots=True)
class Replies:
    """What is said to one person, and the tasks that say it."""

    client: SlackClient
    response_urls: str = "https://hooks.slack.com/"
    """How every response_url begins; others are never called."""
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def start(self, reply: Coroutine[Any, Any, Any], what: str) -> None:
        """Let a call run on its own; a failure is logged with what it was for."""
        task = asyncio.create_task(_logged(reply, what))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def start_telling(self, body: Body, message: Message) -> None:
        """Show a message to the person who acted, and to nobody else."""
        self.start(self.tell(body, message), "private line")

    async def tell(self, body: Body, message: Message) -> None:
        """Where they acted: by a line of their own in the channel, else by the request's own address, which needs
        no membership, else in direct messages."""
        for say in (self._in_channel, self._by_response_url, self._in_direct_message):
            try:
                if await say(body, message):
                    return
            except CALL_ERRORS as error:
                logger.info("private_line_not_shown way=%s error=%r", say.__name__, error)
        logger.warning("private_line_lost user=%s text=%s", user_id_of(body), message.text)

    def start_replacing_original(self, body: Body, message: Message) -> None:
        """Put a message in place of the private one that was clicked in: only its response_url can."""
        self.start(self._replace_original(body, message), "replacement")

    async def drain(self) -> None:
        """Wait for what is under way, within DRAIN_SECONDS."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=DRAIN_SECONDS)

    async def _replace_original(self, body: Body, message: Message) -> None:
        if not await self._by_response_url(body, message, replace_original=True):
            await self.tell({**body, "response_url": None}, message)

    async def _in_channel(self, body: Body, message: Message) -> bool:
        channel = (body.get("channel") or {}).get("id") or body.get("channel_id")
        if channel is None:
            return False
        await self.client.chat_postEphemeral(
            channel=channel,
            user=user_id_of(body),
            text=message.text,
            blocks=message.blocks,
            thread_ts=_thread_of(body),
        )
        return True

    async def _by_response_url(self, body: Body, message: Message, *, replace_original: bool = False) -> bool:
        url = body.get("response_url")
        if not isinstance(url, str) or not url.startswith(self.response_urls):
            return False
        answer = await AsyncWebhookClient(url, timeout=RESPONSE_SECONDS).send(
            text=message.text,
            blocks=message.blocks,
            response_type="ephemeral",
            replace_original=replace_original,
        )
        return answer.status_code == 200

    async def _in_direct_message(self, body: Body, message: Message) -> bool:
        await self.client.chat_postMessage(channel=user_id_of(body), text=message.text, blocks=message.blocks)
        return True


def user_id_of(body: Body) -> str:
    """Who sent this request."""
    user_id: str = body["user_id"] if "user_id" in body else body["user"]["id"]
    return user_id


def _thread_of(body: Body) -> str | None:
    """The thread that was clicked in; a thread's first message, and a reply that stands in the channel too, are
    answered in the channel, where it is seen by those in the thread as well."""
    container = body.get("container") or {}
    is_broadcast = (body.get("message") or {}).get("subtype") == "thread_broadcast"
    thread_ts = container.get("thread_ts")
    is_in_channel = is_broadcast or thread_ts == container.get("message_ts")
    return thread_ts if isinstance(thread_ts, str) and not is_in_channel else None


async def _logged(reply: Coroutine[Any, Any, Any], what: str) -> None:
    try:
        await reply
    except (*CALL_ERRORS, Problem) as error:
        logger.warning("reply_failed what=%r error=%r", what, error)
    except Exception:
        logger.exception("reply_broke what=%r", what)
