"""The modal app in async: a command opens a form that loads, asks for options, checks itself and can be left."""

import asyncio
import json
import os
from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

app = AsyncApp(
    client=AsyncWebClient(os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"]),
    signing_secret=os.environ["SLACK_SIGNING_SECRET"],
)

TOPPINGS = ["Ham", "Mushrooms", "Olives", "Onions"]


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def modal(callback_id: str, blocks: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    title = plain("Order a pizza")
    return {"type": "modal", "callback_id": callback_id, "title": title, "blocks": blocks, **more}


def section(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def order_form(channel: str, size: str) -> dict[str, Any]:
    topping = {"type": "external_select", "action_id": "topping", "min_query_length": 1}
    count = {"type": "number_input", "action_id": "count", "is_decimal_allowed": False, "min_value": "1"}
    terms = {"type": "button", "action_id": "terms", "text": plain("Our terms")}
    blocks: list[dict[str, Any]] = [
        section(f"One size fits all, and it is *{size}*.", accessory=terms),
        {"type": "input", "block_id": "topping", "label": plain("Topping"), "element": topping},
        {"type": "input", "block_id": "count", "label": plain("How many"), "element": count},
    ]
    metadata = json.dumps({"channel": channel, "size": size})
    return modal("order", blocks, submit=plain("Order"), private_metadata=metadata, notify_on_close=True)


@app.command("/order")
async def open_form(ack: AsyncAck, command: dict[str, Any], client: AsyncWebClient) -> None:
    await ack()
    loading = modal("loading", [section("One moment ...")])
    view = (await client.views_open(trigger_id=command["trigger_id"], view=loading))["view"]
    form = order_form(command["channel_id"], command["text"] or "large")
    await client.views_update(view_id=view["id"], hash=view["hash"], view=form)


@app.options("topping")
async def find_toppings(ack: AsyncAck, payload: dict[str, Any]) -> None:
    found = [name for name in TOPPINGS if payload["value"].lower() in name.lower()]
    await ack(options=[{"text": plain(name), "value": name} for name in found])


@app.action("terms")
async def show_terms(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
    await ack()
    await client.views_push(trigger_id=body["trigger_id"], view=modal("terms", [section("Eat it hot.")]))


@app.view("order")
async def take_order(
    ack: AsyncAck, body: dict[str, Any], view: dict[str, Any], client: AsyncWebClient
) -> None:
    values, asked = view["state"]["values"], json.loads(view["private_metadata"])
    count = int(values["count"]["count"]["value"])
    if count > 5:
        await ack(response_action="errors", errors={"count": "We bake five at most."})
        return
    await ack(response_action="update", view=modal("thanks", [section("Thank you!")]))
    topping = values["topping"]["topping"]["selected_option"]["value"]
    await client.chat_postMessage(channel=body["user"]["id"], text=f"{count} {asked['size']} with {topping}")


@app.view_closed("order")
async def forget_order(
    ack: AsyncAck, body: dict[str, Any], view: dict[str, Any], client: AsyncWebClient
) -> None:
    await ack()
    channel = json.loads(view["private_metadata"])["channel"]
    await client.chat_postEphemeral(channel=channel, user=body["user"]["id"], text="Another time, then.")


async def serve_socket_mode() -> None:
    await AsyncSocketModeHandler(app, os.environ["SLACK_APP_TOKEN"]).start_async()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    if "SLACK_APP_TOKEN" in os.environ:
        asyncio.run(serve_socket_mode())
    else:
        app.start(port=int(os.environ["PORT"]), host="127.0.0.1")
