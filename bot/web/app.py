"""The web process: Slack's requests, the pages, health; and the projector running beside them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from slack_bolt import BoltResponse
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from bot.gate import Gate, Stopped
from bot.slack.parse import SlackRequest

Dispatch = Callable[[SlackRequest], Awaitable[BoltResponse]]
Lifespan = Callable[[], AbstractAsyncContextManager[Dispatch]]


@dataclass(slots=True)
class SlackEndpoint:
    """`POST /slack/events`: the gate, then Bolt. `dispatch` is there once the application has started."""

    gate: Gate
    team_id: Callable[[], str | None]
    dispatch: Dispatch | None = None
    refused: dict[int, int] = field(default_factory=dict)

    async def handle(self, request: Request) -> Response:
        try:
            admitted = await self.gate.admit(request)
        except Stopped as stop:
            self.refused[stop.status] = self.refused.get(stop.status, 0) + 1
            return Response(stop.reason, stop.status, media_type="text/plain")
        if admitted.kind == "url_verification":
            return Response(str(admitted.body.get("challenge", ""))[:255], media_type="text/plain")
        team = self.team_id()
        if team is not None and admitted.team_id is not None and admitted.team_id != team:
            return Response("this app serves another workspace", 403, media_type="text/plain")
        assert self.dispatch is not None, "requests come after start-up"
        return _response(await self.dispatch(admitted))


def _response(answer: BoltResponse) -> Response:
    headers = {name: values[0] for name, values in answer.headers.items() if name == "content-type"}
    return Response(answer.body, answer.status, headers)


def create_app(
    endpoint: SlackEndpoint | None,
    lifespan: Lifespan,
    pages: Sequence[BaseRoute],
    health: Sequence[BaseRoute],
    hosts: Sequence[str],
) -> Starlette:
    """`lifespan` starts what the web process needs and gives back how requests are dispatched. Without an
    `endpoint`, requests come by Socket Mode alone. Pages answer to these `hosts` only: another name that points
    here is somebody's trick."""

    @asynccontextmanager
    async def run(app: Starlette) -> AsyncIterator[Mapping[str, Any]]:
        async with lifespan() as dispatch:
            if endpoint is not None:
                endpoint.dispatch = dispatch
            yield {}

    slack = [Route("/slack/events", endpoint.handle, methods=["POST"])] if endpoint else []
    guard = Middleware(TrustedHostMiddleware, allowed_hosts=[*hosts], www_redirect=False)
    return Starlette(
        routes=[*slack, *health, Mount("", routes=[*pages], middleware=[guard])],
        lifespan=run,
    )
