"""The addresses an app may answer an interaction at, without a token."""

import asyncio
import logging
import time
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.api.arguments import parse_json
from sandbox.api.endpoint import JsonResponse, LostReply
from sandbox.call_log import sent_by
from sandbox.context import Sandbox
from sandbox.errors import SlackError
from sandbox.faults import Fault
from sandbox.replies import answer
from sandbox.types import Json

log = logging.getLogger(__name__)

METHOD = "response_url"
_STATUS = {"expired_url": 404, "used_url": 404, "channel_is_archived": 410, "channel_not_found": 404}


def response_url_routes(sandbox: Sandbox) -> list[BaseRoute]:
    async def endpoint(request: Request) -> Response:
        return await _Use(sandbox, request).answer()

    path = "/{kind:str}/{team:str}/{number:int}/{secret:str}"
    return [
        Route(path.replace("{kind:str}", kind), endpoint, methods=["POST"])
        for kind in ("commands", "actions")
    ]


class _Use:
    """One answer of the app, which is logged like a call of the method `response_url`."""

    def __init__(self, sandbox: Sandbox, request: Request) -> None:
        self._sandbox = sandbox
        self._request = request
        self._message: Json = {}
        self._is_ordered = False
        self._started = sandbox.clock.now()
        self._began = time.monotonic()

    async def answer(self) -> Response:
        body = await self._request.body()
        fault = self._sandbox.faults.take(METHOD)
        wait = self._sandbox.pace.answers + (fault.number if fault and fault.mode == "slow" else 0.0)
        if wait:
            await asyncio.sleep(wait)
        if fault is not None and fault.mode in ("error", "http", "ratelimited"):
            return self._fail(fault)
        try:
            self._message = _message(self._request, body)
            use(self._sandbox, self._request.path_params["secret"], self._message)
        except SlackError as error:
            log.info("response_url_refused error=%s", error.error)
            refusal: Json = {"ok": False, "error": error.error, **error.extra}
            return self._refuse(refusal, _STATUS.get(error.error, 400))
        is_lost = fault is not None and fault.mode == "lost_reply"
        self._log({"ok": True}, 200, is_lost=is_lost)
        return LostReply() if is_lost else PlainTextResponse("ok")

    def _fail(self, fault: Fault) -> Response:
        """Refuse as ordered, without doing anything."""
        self._is_ordered = True
        if fault.mode == "http":
            return self._refuse({"ok": False}, int(fault.value))
        if fault.mode == "ratelimited":
            return self._refuse({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": fault.value})
        return self._refuse({"ok": False, "error": fault.value}, _STATUS.get(fault.value, 400))

    def _refuse(self, refusal: Json, status: int, headers: dict[str, str] | None = None) -> Response:
        self._log(refusal, status, headers=headers)
        return JsonResponse(refusal, status, headers)

    def _log(
        self, answer: Json, status: int, *, is_lost: bool = False, headers: dict[str, str] | None = None
    ) -> None:
        url = self._sandbox.response_urls.known(self._request.path_params["secret"])
        self._sandbox.calls.add(
            {
                "method": METHOD,
                "arguments": self._message,
                "at": self._started,
                "status": status,
                "answer": answer,
                "is_lost": is_lost,
                "is_ordered": self._is_ordered,
                "seconds": round(time.monotonic() - self._began, 4),
                "answer_headers": headers or {},
                "response_url": str(self._request.url),
                "uses": url.uses if url is not None else None,
                **sent_by(self._request),
            }
        )


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
