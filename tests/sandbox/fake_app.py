"""A Slack app in a few lines whose answers a test scripts, and which keeps every request it got."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from slack_sdk.signature import SignatureVerifier
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


@dataclass(frozen=True)
class Answer:
    """What the app answers to one kind of request."""

    body: str = ""
    content_type: str = "text/plain"
    status: int = 200
    delay: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Received:
    """One request: its headers, raw body, and the payload in it (a command's form, or the interaction)."""

    headers: Mapping[str, str]
    body: bytes
    payload: dict[str, Any]
    path: str = "/slack/events"

    @property
    def kind(self) -> str:
        return str(self.payload.get("type", "command"))

    def is_signed(self) -> bool:
        timestamp = self.headers["x-slack-request-timestamp"]
        made = SignatureVerifier(SECRET).generate_signature(timestamp=timestamp, body=self.body)
        return made == self.headers["x-slack-signature"]


@dataclass
class FakeApp:
    """Answers 200 with nothing, until a test says otherwise for a path or a kind: 'command', 'block_actions' ..."""

    requests: list[Received] = field(default_factory=list)
    _answers: dict[str, Answer] = field(default_factory=dict)

    def reset(self) -> None:
        self.requests.clear()
        self._answers.clear()

    def answer(
        self,
        kind: str,
        body: str = "",
        *,
        status: int = 200,
        delay: float = 0.0,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._answers[kind] = Answer(body, status=status, delay=delay, headers=headers or {})

    def answer_json(self, kind: str, value: Any) -> None:
        self._answers[kind] = Answer(json.dumps(value), "application/json")

    def last(self, kind: str) -> dict[str, Any]:
        """The payload of the newest request of a kind."""
        found = [request for request in self.requests if request.kind == kind]
        assert found, f"no {kind} among {[request.kind for request in self.requests]}"
        return found[-1].payload

    def application(self) -> Starlette:
        return Starlette(routes=[Route("/{path:path}", self._take, methods=["POST"])])

    async def _take(self, request: Request) -> Response:
        body = await request.body()
        received = Received(dict(request.headers), body, _payload(request, body), request.url.path)
        self.requests.append(received)
        answer = self._answers.get(received.path) or self._answers.get(received.kind, Answer())
        await asyncio.sleep(answer.delay)
        return Response(answer.body, answer.status, dict(answer.headers), answer.content_type)


def _payload(request: Request, body: bytes) -> Any:
    if request.headers["content-type"] == "application/json":
        return json.loads(body)
    fields = dict(parse_qsl(body.decode(), keep_blank_values=True))
    return json.loads(fields["payload"]) if "payload" in fields else fields
