"""The page: drawn on the server, then kept alive by server-sent events that carry what changed."""

import asyncio
import json
from collections.abc import AsyncIterator
from os import PathLike, stat_result
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from sandbox.changes import Change
from sandbox.context import Sandbox
from sandbox.page_data import data_routes
from sandbox.page_place import place_of
from sandbox.render.home import tabs
from sandbox.render.toolbar import message_menu
from sandbox.screen import Screen
from sandbox.suggestions import suggestions
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


class _Static(StaticFiles):
    """Files the browser asks about each time, so that a new version is never mixed with an old one."""

    def file_response(
        self, full_path: str | PathLike[str], stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update(HEADERS | {"Cache-Control": "no-cache"})
        return response


def page_routes(sandbox: Sandbox) -> list[BaseRoute]:
    """`/`, `/page/stream` and `/page/static/...`. The page's script also needs the control API."""
    workspace, reads = sandbox.workspace, sandbox.reads
    templates = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def screen_of(request: Request) -> Screen:
        place = place_of(request.query_params, workspace)
        return Screen(workspace, reads, place, lambda: sandbox.manifest)

    async def show(request: Request) -> Response:
        screen = screen_of(request)
        place, context = screen.place, screen.context()
        reads.moved(place.user, place.channel if place.show == "" else "", place.thread)
        html = templates.get_template("page.html").render(
            screen=screen,
            place=place,
            context=context,
            regions=screen.regions(),
            channel=workspace.channels[place.channel],
            suggestions=suggestions(sandbox.manifest),
            manifest=sandbox.manifest,
            app=workspace.bot,
            people=workspace.people,
            message_menu=message_menu(sandbox.manifest.shortcuts, workspace.bot.real_name),
            tabs=tabs(sandbox.manifest, place.show, place.channel, context) if screen.is_with_app() else None,
        )
        return HTMLResponse(html, headers=HEADERS)

    async def stream(request: Request) -> Response:
        screen = screen_of(request)
        headers = HEADERS | {"X-Accel-Buffering": "no"}
        return StreamingResponse(_events(workspace, screen), media_type="text/event-stream", headers=headers)

    return [
        Route("/", show),
        Route("/page/stream", stream),
        *data_routes(sandbox, HEADERS),
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
                changes = [change]
                while not queue.empty():
                    changes.append(queue.get_nowait())
                if any(each.kind == "app" for each in changes):
                    yield "event: installed\ndata: {}\n\n"  # another app: its commands are in no region
                yield _event(screen)


def _concerns(change: Change, screen: Screen) -> bool:
    return change.user in (None, screen.place.user)


def _event(screen: Screen) -> str:
    patches = screen.patches()
    return f"event: patches\ndata: {json.dumps(patches)}\n\n" if patches else ": nothing new\n\n"
