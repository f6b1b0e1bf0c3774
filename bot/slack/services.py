"""What every Slack handler is given: the engine, Slack's client, look-ups, replies."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.identity import Identity
from bot.slack.replies import Replies
from engine.advance import Engine
from engine.core.permission import Principal
from engine.core.picture import RunPicture
from store import reading

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Services:
    """`opens_page` says that run pages can be linked; `mint_link` makes a page link for one person."""

    engine: Engine
    client: AsyncWebClient
    identity: Identity
    replies: Replies
    mint_link: Callable[[Principal, str], str]

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run one of the engine's or the store's functions in a thread."""
        return await asyncio.to_thread(functools.partial(function, *args, **kwargs))

    async def principal(self, body: dict[str, Any]) -> Principal:
        return await self.identity.principal_of(body)

    async def picture(self, run_id: str) -> RunPicture | None:
        """The run as it is now."""
        return await self.call(read_picture, self.engine, run_id)


def read_picture(engine: Engine, run_id: str, *, with_facts: bool = False) -> RunPicture | None:
    with engine.database.read() as c:
        return reading.run_picture(c, run_id, with_facts=with_facts)
