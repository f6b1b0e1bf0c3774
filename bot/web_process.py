"""What lives in the web process from its start to its end: Slack's client, Bolt, the projector, hints."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial

from starlette.routing import BaseRoute

from bot.hints import Hints
from bot.projector import Projector
from bot.settings import SLACK_API_URL, Settings
from bot.slack.app import build_app, dispatch, warm_up
from bot.slack.identity import Identity
from bot.slack.repeats import Repeats
from bot.slack.replies import Replies
from bot.slack.services import Services
from bot.slack_client import SlackClient
from bot.web.app import Dispatch
from bot.web.auth import mint_link
from bot.web.health import Part
from bot.web.pages import page_routes
from engine.advance import Engine
from engine.core.errors import Problem
from store.migrate import require_current

logger = logging.getLogger("handrail.web")

SLACK_RESPONSE_URLS = "https://hooks.slack.com/"


class WebProcess:
    """Built outside of the event loop, alive inside `running`. `redis_problem` says what is wrong with Redis."""

    def __init__(self, settings: Settings, engine: Engine, hints: Hints) -> None:
        self.team_id: str | None = None
        self.is_closing: Callable[[], bool] = lambda: False
        """Whether the server was told to stop: streams end then, so that it can."""
        self._settings = settings
        self._engine = engine
        self._hints = hints
        self._client = SlackClient(settings.slack_bot_token.get_secret_value(), settings.slack_api_url)
        self._identity = Identity(self._client)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Dispatch]:
        """Know who we are at Slack before the first request, then project until the end."""
        authorized = await warm_up(self._client)
        self.team_id = str(authorized.team_id)
        replies = Replies(self._client, self._response_urls())
        public_url = self._settings.public_url
        link = partial(mint_link, self._engine, public_url=public_url)
        projector = Projector(self._engine, self._client, self.team_id, secrets.token_hex(8), public_url)
        services = Services(
            self._engine,
            self._client,
            self._identity,
            replies,
            link,
            projector.wake,
            projector.buckets,
            self._hints,
        )
        app = build_app(services, authorized)
        self._hints.wake = projector.wake
        beside = [
            asyncio.create_task(projector.run()),
            asyncio.create_task(self._hints.listen(self._settings.redis)),
        ]
        answer = Repeats(partial(dispatch, app))
        try:
            async with self._socket_mode(answer):
                yield answer
        finally:
            await replies.drain()
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)

    @asynccontextmanager
    async def _socket_mode(self, answer: Dispatch) -> AsyncIterator[None]:
        """Receive requests over a connection of our own too, when an app token is set."""
        app_token = self._settings.slack_app_token.get_secret_value()
        if not app_token:
            yield
            return
        from bot.slack.socket_mode import connected

        async with connected(app_token, self._client, answer):
            yield

    def page_routes(self) -> Sequence[BaseRoute]:
        return page_routes(
            self._engine,
            people=self._identity,
            public_url=self._settings.public_url,
            team_id=lambda: self.team_id,
            hints=self._hints,
            is_closing=lambda: self.is_closing(),
        )

    def parts(self) -> Mapping[str, Part]:
        """What `/readyz` reports on, beside Redis."""
        return {
            "slack": Part(self._slack_problem),
            "database": Part(self._database_problem),
            "workflows": Part(self._workflow_problem, required=False),
        }

    def _slack_problem(self) -> str | None:
        if self.team_id is None:
            return "Slack has not answered yet."
        return self._client.problem

    def _database_problem(self) -> str | None:
        try:
            require_current(self._engine.database)
        except Problem as problem:
            return problem.sentence
        return None

    def _workflow_problem(self) -> str | None:
        mistakes = self._engine.registry.mistakes()
        if not mistakes:
            return None
        return f"{len(mistakes)} mistakes in workflow files; `handrail validate` lists them. First: {mistakes[0]}"

    def _response_urls(self) -> str:
        """Only Slack's own response addresses are ever called; those of a sandbox are the sandbox's."""
        if self._settings.slack_api_url == SLACK_API_URL:
            return SLACK_RESPONSE_URLS
        return self._settings.slack_api_url.removesuffix("api/")
