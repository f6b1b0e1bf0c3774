"""Socket Mode against a real WebSocket server that behaves like Slack's."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from aiohttp import WSMsgType, web
from slack_bolt import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.parse import SlackRequest
from bot.slack.socket_mode import connected

COMMAND = {
    "command": "/workflow",
    "text": "help",
    "user_id": "U0ADA",
    "team_id": "T0001",
    "channel_id": "C0OPS",
    "trigger_id": "1.2.a",
}


class SlackSide:
    """Opens connections, sends one envelope over each, and collects what is acknowledged."""

    def __init__(self, envelope: dict[str, Any]) -> None:
        self.envelope = envelope
        self.answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.tokens: list[str] = []

    async def open(self, request: web.Request) -> web.Response:
        self.tokens.append(request.headers["Authorization"])
        return web.json_response({"ok": True, "url": f"ws://127.0.0.1:{request.url.port}/link"})

    async def link(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": 1})
        await socket.send_json(self.envelope)
        async for message in socket:
            if message.type is WSMsgType.TEXT and message.data.startswith("{"):
                await self.answers.put(json.loads(message.data))
        return socket


async def exchange(
    envelope: dict[str, Any], answer: BoltResponse
) -> tuple[dict[str, Any], list[SlackRequest]]:
    """Send one envelope; what is acknowledged, and what was dispatched."""
    slack = SlackSide(envelope)
    app = web.Application()
    app.add_routes([web.post("/api/apps.connections.open", slack.open), web.get("/link", slack.link)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    seen: list[SlackRequest] = []

    async def dispatch(request: SlackRequest) -> BoltResponse:
        seen.append(request)
        return answer

    client = AsyncWebClient("xoxb-test", base_url=f"http://127.0.0.1:{port}/api/")
    try:
        async with connected("xapp-test", client, dispatch):
            acknowledged = await asyncio.wait_for(slack.answers.get(), 10)
    finally:
        await runner.cleanup()
    assert slack.tokens == ["Bearer xapp-test"]
    return acknowledged, seen


def test_a_command_is_dispatched_and_its_answer_goes_back() -> None:
    envelope = {
        "type": "slash_commands",
        "envelope_id": "E1",
        "accepts_response_payload": True,
        "payload": COMMAND,
    }

    acknowledged, seen = asyncio.run(exchange(envelope, BoltResponse(status=200, body="Hello")))

    assert acknowledged == {"envelope_id": "E1", "payload": {"text": "Hello"}}
    assert [(request.kind, request.key) for request in seen] == [("command", "command:1.2.a")]


@pytest.mark.parametrize("payload", [{}, {"type": "block_actions"}, {**COMMAND, "user_id": "nobody"}])
def test_an_envelope_of_the_wrong_shape_is_acknowledged_and_does_nothing(payload: dict[str, Any]) -> None:
    envelope = {"type": "interactive", "envelope_id": "E2", "payload": payload}

    acknowledged, seen = asyncio.run(exchange(envelope, BoltResponse(status=200)))

    assert acknowledged == {"envelope_id": "E2"}
    assert seen == []
