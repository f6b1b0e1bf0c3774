"""The developers' panel: what passes between Slack and the app, live, beside the switches that make trouble."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from sandbox.config import DEFAULT_SCOPES
from sandbox.context import Sandbox
from sandbox.control_developer import switches, time_line
from sandbox.control_http import refusal
from sandbox.errors import ControlError
from sandbox.page import HEADERS, HEARTBEAT_SECONDS, HERE
from sandbox.registration import description
from sandbox.time_line import Filter, read_filter
from sandbox.types import Json

LOOK_SECONDS = 1.0  # budgets refill all the time


def developer_routes(sandbox: Sandbox) -> list[BaseRoute]:
    """`/developer` and `/developer/stream`. The page's script also needs /page/static and the control API."""
    templates = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    async def show(request: Request) -> Response:
        html = templates.get_template("developer.html").render(channels=sandbox.workspace.channels.values())
        return HTMLResponse(html, headers=HEADERS)

    async def stream(request: Request) -> Response:
        try:
            wanted = read_filter(request.query_params)
        except ControlError as error:
            return refusal(error)
        headers = HEADERS | {"X-Accel-Buffering": "no"}
        return StreamingResponse(_events(sandbox, wanted), media_type="text/event-stream", headers=headers)

    return [Route("/developer", show), Route("/developer/stream", stream)]


class _Board:
    """What the panel shows; `changed` gives the parts that are not as they were the last time."""

    def __init__(self, sandbox: Sandbox, wanted: Filter) -> None:
        self._sandbox = sandbox
        self._wanted = wanted
        self._shown: Json = {}
        self._revision: Any = None

    def changed(self) -> Json:
        sandbox = self._sandbox
        now: Json = {
            "switches": switches(sandbox),
            "budget": sandbox.limiter.budget(),
            "app": installed_app(sandbox),
            **self._time_line(),
        }
        fresh = {name: part for name, part in now.items() if self._shown.get(name) != part}
        self._shown |= now
        return fresh

    def _time_line(self) -> Json:
        """Drawn up again only when one of the logs has changed."""
        logs = (self._sandbox.calls.rows(), self._sandbox.delivery.rows())
        revision = [(len(rows), rows[-1]["number"] if rows else 0) for rows in logs]
        if revision == self._revision:
            return {}
        self._revision = revision
        line = time_line(self._sandbox)
        return {"entries": line.entries(self._wanted), "kinds": line.kinds(), "total": sum(map(len, logs))}


def installed_app(sandbox: Sandbox) -> Json:
    """What a developer needs to let the app connect, and the scopes there are to choose from."""
    app = description(sandbox)
    names = ("bot_token", "app_token", "signing_secret", "client_id", "client_secret", "api_url")
    addresses = {app["events_url"], app["actions_url"], app["options_url"]}
    addresses |= {command["url"] for command in app["commands"]}
    return {
        "name": app["name"],
        "credentials": {f"SLACK_{name.upper()}": app[name] for name in names},
        "addresses": sorted(address for address in addresses if address is not None),
        "socket_mode": app["socket_mode"],
        "scopes": sorted({*DEFAULT_SCOPES, *sandbox.manifest.bot_scopes, *sandbox.scopes}),
    }


async def _events(sandbox: Sandbox, wanted: Filter) -> AsyncIterator[str]:
    """Everything once; from then on what changed."""
    board = _Board(sandbox, wanted)
    calls, requests, changes = (
        sandbox.calls.feed.subscribe(),
        sandbox.delivery.log.feed.subscribe(),
        sandbox.workspace.subscribe(),
    )
    async with calls as first, requests as second, changes as third:
        quiet = 0.0
        while True:
            fresh = board.changed()
            quiet = 0.0 if fresh else quiet + LOOK_SECONDS
            if fresh:
                yield f"event: board\ndata: {json.dumps(fresh)}\n\n"
            elif quiet >= HEARTBEAT_SECONDS:
                quiet = 0.0
                yield ": still here\n\n"
            await _wait([first, second, third], LOOK_SECONDS)


async def _wait(queues: Sequence[asyncio.Queue[Any]], seconds: float) -> None:
    """Until one of the queues has something, or the time is up; then all of them are empty."""
    getting = [asyncio.ensure_future(queue.get()) for queue in queues]
    try:
        await asyncio.wait(getting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in getting:
            task.cancel()
        await asyncio.gather(*getting, return_exceptions=True)
    for queue in queues:
        while not queue.empty():
            queue.get_nowait()
