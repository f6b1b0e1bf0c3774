"""The page: drawn on the server, then kept alive by server-sent events that carry what changed."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from os import PathLike, stat_result
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from sandbox.changes import Change
from sandbox.screen import Reads, Screen, place_of
from sandbox.workspace import Workspace

HERE = Path(__file__).parent
HEARTBEAT_SECONDS = 15.0
COALESCING_SECONDS = 0.04  # changes that come together are drawn once

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Usage:
    """A line of the list that opens when somebody types a slash."""

    words: str
    hint: str
    about: str


# What the app's manifest would tell Slack about its command.
USAGES = (
    Usage("run", "[name] [key=value …]", "Start a workflow"),
    Usage("list", "", "Workflows you may run"),
    Usage("runs", "[name] [status:…]", "Runs, newest first"),
    Usage("show", "[number]", "Details of a run"),
    Usage("cancel", "[number]", "Stop a run"),
    Usage("help", "", "What the command can do"),
)


class _Static(StaticFiles):
    """Files the browser asks about each time, so that a new version is never mixed with an old one."""

    def file_response(
        self, full_path: str | PathLike[str], stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update(HEADERS | {"Cache-Control": "no-cache"})
        return response


def page_routes(workspace: Workspace, usages: Sequence[Usage] = USAGES) -> list[BaseRoute]:
    """`/`, `/page/stream` and `/page/static/...`. The page's script also needs the control API."""
    templates = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    reads = Reads(workspace)

    async def show(request: Request) -> Response:
        screen = Screen(workspace, reads, place_of(request.query_params, workspace))
        html = templates.get_template("page.html").render(
            screen=screen,
            place=screen.place,
            context=screen.context(),
            regions=screen.regions(),
            channel=workspace.channels[screen.place.channel],
            command=workspace.command,
            usages=usages,
        )
        return HTMLResponse(html, headers=HEADERS)

    async def stream(request: Request) -> Response:
        screen = Screen(workspace, reads, place_of(request.query_params, workspace))
        headers = HEADERS | {"X-Accel-Buffering": "no"}
        return StreamingResponse(_events(workspace, screen), media_type="text/event-stream", headers=headers)

    return [
        Route("/", show),
        Route("/page/stream", stream),
        Mount("/page/static", _Static(directory=HERE / "static")),
    ]


async def _events(workspace: Workspace, screen: Screen) -> AsyncIterator[str]:
    """Everything once, as a page that reconnects may have missed anything; from then on what changed."""
    async with workspace.subscribe() as queue:
        yield _event(screen)
        while True:
            try:
                change = await asyncio.wait_for(queue.get(), HEARTBEAT_SECONDS)
            except TimeoutError:
                yield ": still here\n\n"
                continue
            if _concerns(change, screen):
                await asyncio.sleep(COALESCING_SECONDS)
                while not queue.empty():
                    queue.get_nowait()
                yield _event(screen)


def _concerns(change: Change, screen: Screen) -> bool:
    return change.user in (None, screen.place.user)


def _event(screen: Screen) -> str:
    patches = screen.patches()
    return f"event: patches\ndata: {json.dumps(patches)}\n\n" if patches else ": nothing new\n\n"
