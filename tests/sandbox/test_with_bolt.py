"""Slack's own framework understands everything the sandbox sends, and the sandbox what it answers."""

from collections.abc import Iterator
from typing import Any

import pytest
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.app import create_app
from sandbox.config import SandboxConfig
from tests.sandbox.conftest import TOKEN
from tests.sandbox.fake_app import SECRET
from tests.sandbox.views import actions, button, modal, option, text_input
from tests.support.sandbox_client import ADA, BOB, GENERAL, SandboxClient
from tests.support.served import address_of, reserved, served

MENU = {"type": "external_select", "action_id": "city", "min_query_length": 0}
FORM = modal(text_input("name"), {**text_input("place"), "element": MENU}, notify_on_close=True)


def bolt_application(api_url: str) -> Starlette:
    """An app with one listener of each kind."""
    client = AsyncWebClient(TOKEN, base_url=api_url)
    bolt = AsyncApp(client=client, signing_secret=SECRET, process_before_response=True)

    async def on_command(ack: Any, client: Any, body: dict[str, Any]) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=FORM)

    async def on_submit(ack: Any, client: Any, view: dict[str, Any], body: dict[str, Any]) -> None:
        name = view["state"]["values"]["name"]["value"]["value"]
        if name == "nobody":
            await ack(response_action="errors", errors={"name": "Who is that?"})
            return
        await ack()
        blocks = [actions("row", button("approve", value=name))]
        await client.chat_postMessage(channel=GENERAL, text=f"Approve {name}?", blocks=blocks)

    async def on_click(ack: Any, respond: Any, action: dict[str, Any], body: dict[str, Any]) -> None:
        await ack()
        await respond(text=f"{action['value']} approved by <@{body['user']['id']}>", replace_original=True)

    async def on_options(ack: Any, payload: dict[str, Any]) -> None:
        await ack(options=[option(payload["value"] + "-town")])

    async def on_close(ack: Any, client: Any, body: dict[str, Any]) -> None:
        await ack()
        await client.chat_postEphemeral(channel=GENERAL, user=body["user"]["id"], text="Never mind.")

    bolt.command("/workflow")(on_command)
    bolt.view("form")(on_submit)
    bolt.view_closed("form")(on_close)
    bolt.action("approve")(on_click)
    bolt.options("city")(on_options)
    handler = AsyncSlackRequestHandler(bolt)

    async def endpoint(request: Request) -> Response:
        return await handler.handle(request)

    return Starlette(routes=[Route("/slack/events", endpoint, methods=["POST"])])


@pytest.fixture
def bolted(monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxClient]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    listener = reserved()

    def sandbox_app(base_url: str) -> Starlette:
        app_url = address_of(listener) + "/slack/events"
        return create_app(SandboxConfig(app_url, TOKEN, SECRET, public_url=base_url, command="/workflow"))

    with (
        served(sandbox_app) as sandbox_url,
        served(lambda url: bolt_application(sandbox_url + "/api/"), listener),
        SandboxClient(sandbox_url) as client,
    ):
        yield client


def test_a_whole_conversation_with_a_bolt_app(bolted: SandboxClient) -> None:
    bolted.command(ADA, "/workflow run")
    view = bolted.wait_for_view(ADA, callback_id="form")
    options = bolted.options(ADA, "city", view, "new")["options"]
    assert [entry["value"] for entry in options] == ["new-town"]
    refused = bolted.submit(ADA, view, {"name": "nobody", "place": "new-town"})
    assert refused["errors"] == {"name": "Who is that?"}
    bolted.submit(ADA, view, {"name": "Cyd", "place": "new-town"})
    bolted.wait_for_no_view(ADA)
    message = bolted.wait_for_message("Approve Cyd?", action_id="approve")
    bolted.click(BOB, "approve", message)
    assert bolted.wait_for_message("Cyd approved by")["text"] == f"Cyd approved by <@{BOB}>"


def test_bolt_hears_of_a_closed_form(bolted: SandboxClient) -> None:
    bolted.command(ADA, "/workflow run")
    bolted.close(ADA, bolted.wait_for_view(ADA))
    bolted.wait_for_message("Never mind.", viewer=ADA)


def test_bolt_refuses_what_is_signed_wrongly_or_too_old(bolted: SandboxClient) -> None:
    for mode in ("bad_signature", "old_timestamp"):
        bolted.deliver(mode)
        assert bolted.command(ADA, "/workflow run", check=False)["error"] == "http_client_error"
        assert bolted.deliveries()[-1]["status"] == 401
