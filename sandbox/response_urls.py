"""The addresses an app may answer an interaction at, without a token."""

import logging
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.api.arguments import parse_json
from sandbox.api.endpoint import JsonResponse
from sandbox.context import Sandbox
from sandbox.errors import SlackError
from sandbox.replies import answer
from sandbox.types import Json

log = logging.getLogger(__name__)

_STATUS = {"expired_url": 404, "used_url": 404, "channel_is_archived": 410, "channel_not_found": 404}


def response_url_routes(sandbox: Sandbox) -> list[BaseRoute]:
    async def endpoint(request: Request) -> Response:
        try:
            use(sandbox, request.path_params["secret"], _message(request, await request.body()))
        except SlackError as error:
            log.info("response_url_refused error=%s", error.error)
            refusal: Json = {"ok": False, "error": error.error, **error.extra}
            return JsonResponse(refusal, _STATUS.get(error.error, 400))
        return PlainTextResponse("ok")

    path = "/{kind:str}/{team:str}/{number:int}/{secret:str}"
    return [
        Route(path.replace("{kind:str}", kind), endpoint, methods=["POST"])
        for kind in ("commands", "actions")
    ]


def use(sandbox: Sandbox, secret: str, message: Json) -> None:
    """Answer once; a refused answer does not count as a use."""
    url = sandbox.response_urls.find(secret)
    channel = sandbox.workspace.channels.get(url.channel)
    if channel is None:
        raise SlackError("channel_not_found")
    if channel.is_archived:
        raise SlackError("channel_is_archived")
    answer(sandbox, url, message)
    url.uses += 1


def _message(request: Request, body: bytes) -> Json:
    """A JSON object, or a form with one in its field `payload`."""
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        body = parse_qs(body.decode("utf-8", "replace")).get("payload", [""])[0].encode()
    try:
        message = parse_json(body)
    except ValueError as error:
        raise SlackError("invalid_payload") from error
    if not isinstance(message, dict):
        raise SlackError("invalid_payload")
    return message
