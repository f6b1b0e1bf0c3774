"""What gets through the gate, and what does not: never a 5xx, never a parser before the signature."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.gate import MAX_BODY_BYTES, Gate, Stopped, sign

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
NOW = 1_790_000_000
FORM = "application/x-www-form-urlencoded"
COMMAND = {
    "command": "/workflow",
    "text": "run send-payload",
    "user_id": "U0ADA",
    "team_id": "T0001",
    "channel_id": "C0OPS",
    "trigger_id": "1.2.a",
}
BODY = urlencode(COMMAND).encode()


@dataclass(frozen=True)
class Client:
    app: Starlette

    def post(
        self, path: str, *, content: bytes, headers: Mapping[str, str] | Sequence[tuple[str, str]]
    ) -> httpx.Response:
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        raw = [(name.encode(), value.encode()) for name, value in pairs]

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://handrail") as client:
                return await client.post(path, content=content, headers=raw)

        return asyncio.run(send())


@pytest.fixture
def client() -> Client:
    gate = Gate(SECRET, now=lambda: NOW)

    async def receive(request: Request) -> Response:
        try:
            admitted = await gate.admit(request)
        except Stopped as stop:
            return Response(stop.reason, stop.status)
        return JSONResponse({"kind": admitted.kind, "key": admitted.key, "body": admitted.body})

    return Client(Starlette(routes=[Route("/", receive, methods=["POST"])]))


def signed(body: bytes, content_type: str = FORM, timestamp: int | str = NOW) -> dict[str, str]:
    return {
        "content-type": content_type,
        "x-slack-request-timestamp": str(timestamp),
        "x-slack-signature": sign(SECRET, str(timestamp), body),
    }


def test_a_signed_command_gets_through_as_data(client: Client) -> None:
    answer = client.post("/", content=BODY, headers=signed(BODY))

    assert answer.json() == {"kind": "command", "key": "command:1.2.a", "body": COMMAND}


def test_a_request_from_five_minutes_ahead_gets_through(client: Client) -> None:
    assert client.post("/", content=BODY, headers=signed(BODY, timestamp=NOW + 299)).status_code == 200


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("no signature", {"x-slack-signature": None}),
        ("no timestamp", {"x-slack-request-timestamp": None}),
        ("another version", {"x-slack-signature": "v1=" + "0" * 64}),
        ("another secret", {"x-slack-signature": sign("other", str(NOW), BODY)}),
        ("an upper-case signature", {"x-slack-signature": sign(SECRET, str(NOW), BODY).upper()}),
        ("a signature that is not ASCII", {"x-slack-signature": "v0=é"}),
        ("a timestamp of letters", {"x-slack-request-timestamp": "abc"}),
        ("a timestamp of 5000 digits", {"x-slack-request-timestamp": "1" * 5000}),
        ("a negative timestamp", {"x-slack-request-timestamp": f"-{NOW}"}),
    ],
)
def test_a_request_that_is_not_truly_signed_is_401(
    client: Client, what: str, changes: Mapping[str, str | None]
) -> None:
    headers = {name: value for name, value in {**signed(BODY), **changes}.items() if value is not None}

    answer = client.post("/", content=BODY, headers=headers)

    assert answer.status_code == 401, what


def test_a_stale_request_is_401(client: Client) -> None:
    assert client.post("/", content=BODY, headers=signed(BODY, timestamp=NOW - 301)).status_code == 401


def test_one_changed_byte_is_401(client: Client) -> None:
    assert client.post("/", content=BODY + b"x", headers=signed(BODY)).status_code == 401


def test_two_signatures_are_401(client: Client) -> None:
    headers = [*signed(BODY).items(), ("x-slack-signature", sign(SECRET, str(NOW), BODY))]

    assert client.post("/", content=BODY, headers=headers).status_code == 401


def test_broken_json_without_a_signature_is_401_and_not_parsed(client: Client) -> None:
    assert client.post("/", content=b"{", headers={"content-type": "application/json"}).status_code == 401


INTERACTION = {
    "type": "block_actions",
    "user": {"id": "U0BOB"},
    "team": {"id": "T0001"},
    "trigger_id": "1.2.b",
    "actions": [{"action_id": "approve", "value": "x"}],
}


def interaction(**changes: object) -> bytes:
    return urlencode({"payload": json.dumps(INTERACTION | changes)}).encode()


@pytest.mark.parametrize(
    ("what", "body", "content_type", "status"),
    [
        ("an empty body", b"", FORM, 400),
        ("another type", BODY, "text/plain", 415),
        ("no type", BODY, "", 415),
        ("a form sent as JSON", BODY, "application/json", 400),
        ("JSON sent as a form", b'{"type":"event_callback"}', FORM, 400),
        ("an interaction sent as JSON", json.dumps(INTERACTION).encode(), "application/json", 400),
        ("broken JSON", b"{", "application/json", 400),
        ("a JSON list", b"[]", "application/json", 400),
        ("a JSON number", b"1", "application/json", 400),
        ("a repeated key", b'{"type":"a","type":"b"}', "application/json", 400),
        ("a number of 5000 digits", b'{"type":"a","n":' + b"1" * 5000 + b"}", "application/json", 400),
        ("NaN", b'{"type":"a","n":NaN}', "application/json", 400),
        ("a lone surrogate", b'{"type":"\\ud800"}', "application/json", 400),
        ("deep nesting", b'{"type":' + b"[" * 5000 + b"]" * 5000 + b"}", "application/json", 400),
        ("bytes that are not UTF-8", b'{"type":"\xff"}', "application/json", 400),
        ("no type in the JSON", b"{}", "application/json", 400),
        ("half a character in a form", BODY + b"&user_name=%ED%A0%80", FORM, 400),
        ("a repeated field", BODY + b"&command=x", FORM, 400),
        ("no actions", interaction(actions=[]), FORM, 400),
        ("an action that is a text", interaction(actions=["approve"]), FORM, 400),
        ("a value that is an object", interaction(actions=[{"action_id": "a", "value": {}}]), FORM, 400),
        ("a value that is a number", interaction(actions=[{"action_id": "a", "value": 1}]), FORM, 400),
        ("an empty user id", interaction(user={"id": ""}), FORM, 400),
        ("a lower-case user id", interaction(user={"id": "u0bob"}), FORM, 400),
        ("no team", interaction(team=None), FORM, 400),
        ("no trigger in a command", urlencode({**COMMAND, "trigger_id": ""})[:-14].encode(), FORM, 400),
        ("too large a body", b"x" * (MAX_BODY_BYTES + 1), FORM, 413),
    ],
)
def test_a_signed_request_of_the_wrong_shape_is_refused(
    client: Client, what: str, body: bytes, content_type: str, status: int
) -> None:
    answer = client.post("/", content=body, headers=signed(body, content_type))

    assert answer.status_code == status, what


def test_a_compressed_body_is_415(client: Client) -> None:
    headers = signed(BODY) | {"content-encoding": "gzip"}

    assert client.post("/", content=BODY, headers=headers).status_code == 415


def test_an_unsigned_ssl_check_is_answered_and_does_nothing(client: Client) -> None:
    answer = client.post("/", content=b"ssl_check=1&token=x", headers={"content-type": FORM})

    assert (answer.status_code, answer.text) == (200, "")


def test_a_click_is_named_by_its_trigger(client: Client) -> None:
    body = interaction()

    assert client.post("/", content=body, headers=signed(body)).json()["key"] == "block_actions:1.2.b"


def test_an_empty_signing_secret_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="SLACK_SIGNING_SECRET"):
        Gate(" ")
