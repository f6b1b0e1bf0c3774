"""Small answers for the page's script: the emoji there are, and names to complete."""

import json
from collections.abc import Iterator, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.context import Sandbox
from sandbox.render.emoji import CHARACTERS
from sandbox.types import Json
from sandbox.workspace import Workspace


def data_routes(sandbox: Sandbox, headers: Mapping[str, str]) -> list[BaseRoute]:
    """`/page/emoji.json` and `/page/names.json?user=...`."""
    workspace = sandbox.workspace

    async def emoji(request: Request) -> Response:
        return _json(dict(CHARACTERS), headers)

    async def names(request: Request) -> Response:
        return _json({"names": list(_names(workspace, request.query_params.get("user", "")))}, headers)

    return [
        Route("/page/emoji.json", emoji),
        Route("/page/names.json", names),
    ]


def _json(value: Json, headers: Mapping[str, str]) -> Response:
    return Response(json.dumps(value), 200, dict(headers), "application/json")


def _names(workspace: Workspace, user: str) -> Iterator[Json]:
    """What can stand after `@` and `#`, as {sign, name, about}."""
    for person in (*workspace.people.values(), workspace.bot):
        if not person.is_deactivated:
            yield {"sign": "@", "name": person.name, "about": person.real_name}
    for group in workspace.groups.values():
        yield {"sign": "@", "name": group.handle, "about": group.name}
    told = {"here": "Notify every active member", "channel": "Notify everybody in this channel"}
    for name, about in told.items():
        yield {"sign": "@", "name": name, "about": about}
    for channel in workspace.channels_of(user):
        if channel.kind not in ("im", "mpim"):
            yield {"sign": "#", "name": channel.name, "about": channel.topic}
