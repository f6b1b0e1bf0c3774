"""The one address of all methods: /api/<method>. Every answer is Slack's JSON, every call is logged."""

import asyncio
import json
import logging
import time
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from sandbox.access import Grant
from sandbox.api import (
    apps,
    assistant,
    auth,
    authorizations,
    bookmarks,
    chat,
    conversations_changing,
    conversations_members,
    conversations_reading,
    files,
    functions,
    oauth,
    pins,
    reactions,
    scheduled,
    streams,
    unfurls,
    usergroups,
    users,
    users_profile,
    validate,
    views,
)
from sandbox.api.arguments import Arguments, Received, receive
from sandbox.api.call import Call, Method
from sandbox.call_log import sent_by
from sandbox.context import Sandbox
from sandbox.errors import SlackError
from sandbox.faults import Fault
from sandbox.tokens import new_id
from sandbox.types import Json

log = logging.getLogger(__name__)

METHODS: Mapping[str, Method] = {
    **apps.METHODS,
    **assistant.METHODS,
    **auth.METHODS,
    **authorizations.METHODS,
    **bookmarks.METHODS,
    **chat.METHODS,
    **conversations_changing.METHODS,
    **conversations_members.METHODS,
    **conversations_reading.METHODS,
    **files.METHODS,
    **functions.METHODS,
    **oauth.METHODS,
    **pins.METHODS,
    **reactions.METHODS,
    **scheduled.METHODS,
    **streams.METHODS,
    **unfurls.METHODS,
    **usergroups.METHODS,
    **users.METHODS,
    **users_profile.METHODS,
    **validate.METHODS,
    **views.METHODS,
}


class JsonResponse(Response):
    """JSON in plain ASCII, so that no character of any text can make the answer impossible."""

    media_type = "application/json"

    def render(self, content: Json) -> bytes:
        return json.dumps(content).encode()


class LostReply(Response):
    """The connection breaks off after the headers: the call was done, and the app never hears of it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})


def api_routes(sandbox: Sandbox) -> list[BaseRoute]:
    async def endpoint(request: Request) -> Response:
        return await _Exchange(sandbox, request.path_params["method"]).answer(request)

    return [Route("/api/{method}", endpoint, methods=["GET", "POST"])]


class _Exchange:
    """One request and its answer."""

    def __init__(self, sandbox: Sandbox, name: str) -> None:
        self._sandbox = sandbox
        self._name = name
        self._method = METHODS.get(name)
        self._received = Received({}, None)
        self._grant: Grant | None = None
        self._sent: Json = {}
        self._is_ordered = False
        self._began = time.monotonic()

    async def answer(self, request: Request) -> Response:
        started = self._sandbox.clock.now()
        self._sent = sent_by(request)
        try:
            self._received = await receive(request)
        except SlackError as error:
            return self._respond(started, _refusal(error))
        fault = self._sandbox.faults.take(self._name)
        wait = self._sandbox.pace.answers + (fault.number if fault and fault.mode == "slow" else 0.0)
        if wait:
            await asyncio.sleep(wait)
        if fault is not None and fault.mode in ("error", "http", "ratelimited"):
            return self._fail(started, fault)
        return self._respond(
            started, self._result(), is_lost=fault is not None and fault.mode == "lost_reply"
        )

    def _result(self) -> Json:
        try:
            method = self._permitted_method()
            args = Arguments(self._received.arguments)
            result = method.handler(Call(self._sandbox, args, self._received.token, self._grant))
            self._sandbox.functions.remember_answer(self._received.token, result)
        except SlackError as error:
            return _refusal(error)
        except Exception:  # the app is told what Slack would say, and the time line shows the call
            log.exception("method_broke method=%s", self._name)
            return {"ok": False, "error": "internal_error"}
        return {"ok": True, **result}

    def _permitted_method(self) -> Method:
        if self._method is None:
            raise SlackError("unknown_method", req_method=self._name)
        if not self._method.is_open:
            self._check_token(self._method, self._received.token)
        channel = str(self._received.arguments.get("channel")) if self._method.is_per_channel else None
        limited = self._sandbox.limiter.check(self._name, self._method.per_minute, channel)
        if limited is not None:
            raise SlackError(limited.error, retry_after=limited.seconds)
        return self._method

    def _check_token(self, method: Method, token: str | None) -> None:
        self._grant = self._sandbox.access.find(token)  # its scopes are told even when they do not suffice
        self._sandbox.access.check(token, method.kinds, method.scopes)

    def _respond(self, started: float, result: Json, *, is_lost: bool = False) -> Response:
        retry_after = result.pop("retry_after", None)
        if self._received.warnings:
            result = _with_warnings(result, self._received.warnings)
        status = 429 if retry_after is not None else 200
        headers = self._headers() | ({"Retry-After": str(retry_after)} if retry_after is not None else {})
        self._log(started, status, result, is_lost, headers)
        if is_lost:
            return LostReply()
        return JsonResponse(result, status, headers)

    def _fail(self, started: float, fault: Fault) -> Response:
        """Refuse as ordered, without doing anything."""
        self._is_ordered = True
        if fault.mode == "http":
            self._log(started, int(fault.value), {}, False, {})
            return Response("upstream trouble", int(fault.value), media_type="text/plain")
        if fault.mode == "ratelimited":
            return self._respond(started, {"ok": False, "error": "ratelimited", "retry_after": fault.value})
        return self._respond(started, {"ok": False, "error": fault.value})

    def _headers(self) -> dict[str, str]:
        needed = ",".join(self._method.scopes) if self._method else ""
        return {
            "X-OAuth-Scopes": ",".join(sorted(self._grant.scopes if self._grant else ())),
            "X-Accepted-OAuth-Scopes": needed,
            "X-Slack-Req-Id": new_id("R"),
        }

    def _log(
        self, started: float, status: int, answer: Json, is_lost: bool, headers: Mapping[str, str]
    ) -> None:
        self._sandbox.calls.add(
            {
                "method": self._name,
                "arguments": self._received.arguments,
                "at": started,
                "status": status,
                "answer": answer,
                "is_lost": is_lost,
                "is_ordered": self._is_ordered,
                "seconds": round(time.monotonic() - self._began, 4),
                "answer_headers": dict(headers),
                **self._sent,
            }
        )


def _refusal(error: SlackError) -> Json:
    return {"ok": False, "error": error.error, **error.extra}


def _with_warnings(result: Json, warnings: tuple[str, ...]) -> Json:
    metadata = result.get("response_metadata", {})
    known = [*metadata.get("warnings", []), *warnings]
    return result | {"warning": ",".join(known), "response_metadata": metadata | {"warnings": known}}
