"""What every Slack handler is given: the engine, Slack's client, look-ups, replies."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

from bot.buckets import Buckets
from bot.hints import Hints
from bot.slack.identity import Identity
from bot.slack.open_forms import OpenForms
from bot.slack.replies import Replies
from bot.slack_client import SlackClient
from engine.advance import Engine
from engine.core.errors import NotFound, Problem
from engine.core.permission import Principal
from engine.core.picture import RunPicture
from engine.pictures import look_at_run

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Services:
    """`mint_link` makes a page link for one person; `wake` lets the projector look at once; `buckets` count the
    calls of one workspace; `hints` tell what changed; `forms` are those before people."""

    engine: Engine
    client: SlackClient
    identity: Identity
    replies: Replies
    mint_link: Callable[[Principal, str], str]
    wake: Callable[[], None] = lambda: None
    buckets: Buckets = field(default_factory=Buckets)
    hints: Hints = field(default_factory=Hints)
    forms: OpenForms = field(default_factory=OpenForms)

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run one of the engine's or the store's functions in a thread."""
        return await asyncio.to_thread(functools.partial(function, *args, **kwargs))

    async def principal(self, body: dict[str, Any]) -> Principal:
        """Who asks. Raises Problem while Slack refuses our token: nobody can be looked up, nothing be shown."""
        if self.client.problem is not None:
            raise Problem(
                "Handrail cannot work in this workspace at the moment: Slack refuses its token. Nothing was "
                "changed. An admin has to install the app again; `/readyz` of Handrail says more."
            )
        return await self.identity.principal_of(body)

    async def picture(self, run_id: str) -> RunPicture:
        """The run as it is now. Raises NotFound."""
        picture = await self.call(read_picture, self.engine, run_id)
        if picture is None:
            raise NotFound("This run no longer exists. `/workflow runs` shows the last ones.")
        return picture


def read_picture(engine: Engine, run_id: str) -> RunPicture | None:
    return look_at_run(engine, run_id, with_expected=True)
