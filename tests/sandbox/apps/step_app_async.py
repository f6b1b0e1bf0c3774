"""The step app in async: its step asks a person by buttons, and ends well or not."""

import asyncio
import os
from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.complete.async_complete import AsyncComplete
from slack_bolt.context.fail.async_fail import AsyncFail
from slack_sdk.web.async_client import AsyncWebClient

app = AsyncApp(
    client=AsyncWebClient(os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"]),
    signing_secret=os.environ["SLACK_SIGNING_SECRET"],
)


def button(action_id: str, text: str, **more: Any) -> dict[str, Any]:
    return {"type": "button", "action_id": action_id, "text": {"type": "plain_text", "text": text}, **more}


@app.function("approve_expense")
async def ask(
    inputs: dict[str, Any], client: AsyncWebClient, complete: AsyncComplete, fail: AsyncFail
) -> None:
    if inputs["amount"] <= 0:
        await fail("There is nothing to pay.")
        return
    if inputs["amount"] < 10:
        await complete({"approved_by": inputs["approver"], "note": "too little to ask"})
        return
    text = f"May we pay {inputs['amount']}?"
    row = [
        button("approve", "Approve", style="primary"),
        button("explain", "With a note"),
        button("deny", "Deny", style="danger"),
    ]
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": {"type": "mrkdwn", "text": text}},
        {"type": "actions", "elements": row},
    ]
    await client.chat_postMessage(channel=inputs["approver"], text=text, blocks=blocks)


@app.action("approve")
async def approve(
    ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient, complete: AsyncComplete
) -> None:
    await ack()
    await close_question(client, body, "Approved.")
    await complete({"approved_by": body["user"]["id"]})


@app.action("deny")
async def deny(
    ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient, inputs: dict[str, Any], fail: AsyncFail
) -> None:
    await ack()
    await close_question(client, body, "Denied.")
    await fail(f"<@{body['user']['id']}> will not pay {inputs['amount']}.")


@app.action("explain")
async def ask_for_note(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
    await ack()
    field = {"type": "plain_text_input", "action_id": "note"}
    label = {"type": "plain_text", "text": "Note"}
    form = {
        "type": "modal",
        "callback_id": "note",
        "title": {"type": "plain_text", "text": "Approve with a note"},
        "submit": {"type": "plain_text", "text": "Approve"},
        "blocks": [{"type": "input", "block_id": "note", "label": label, "element": field}],
    }
    await client.views_open(trigger_id=body["interactivity"]["interactivity_pointer"], view=form)


@app.view("note")
async def approve_with_note(
    ack: AsyncAck, body: dict[str, Any], view: dict[str, Any], complete: AsyncComplete
) -> None:
    await ack()
    note = view["state"]["values"]["note"]["note"]["value"]
    await complete({"approved_by": body["user"]["id"], "note": note})


async def close_question(client: AsyncWebClient, body: dict[str, Any], text: str) -> None:
    await client.chat_update(channel=body["channel"]["id"], ts=body["message"]["ts"], text=text, blocks=[])


async def serve_socket_mode() -> None:
    await AsyncSocketModeHandler(app, os.environ["SLACK_APP_TOKEN"]).start_async()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    if "SLACK_APP_TOKEN" in os.environ:
        asyncio.run(serve_socket_mode())
    else:
        app.start(port=int(os.environ["PORT"]), host="127.0.0.1")
