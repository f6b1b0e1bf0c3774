"""A modal app: a command opens a form that loads, asks for its options, checks what is entered and can be left."""

import json
import os
from typing import Any
from wsgiref.simple_server import make_server

from slack_bolt import Ack, App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.adapter.wsgi import SlackRequestHandler
from slack_sdk import WebClient

app = App(
    client=WebClient(os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"]),
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
def open_form(ack: Ack, command: dict[str, Any], client: WebClient) -> None:
    ack()
    loading = modal("loading", [section("One moment ...")])
    view = client.views_open(trigger_id=command["trigger_id"], view=loading)["view"]
    form = order_form(command["channel_id"], command["text"] or "large")
    client.views_update(view_id=view["id"], hash=view["hash"], view=form)


@app.options("topping")
def find_toppings(ack: Ack, payload: dict[str, Any]) -> None:
    found = [name for name in TOPPINGS if payload["value"].lower() in name.lower()]
    ack(options=[{"text": plain(name), "value": name} for name in found])


@app.action("terms")
def show_terms(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
    ack()
    client.views_push(trigger_id=body["trigger_id"], view=modal("terms", [section("Eat it hot.")]))


@app.view("order")
def take_order(ack: Ack, body: dict[str, Any], view: dict[str, Any], client: WebClient) -> None:
    values, asked = view["state"]["values"], json.loads(view["private_metadata"])
    count = int(values["count"]["count"]["value"])
    if count > 5:
        ack(response_action="errors", errors={"count": "We bake five at most."})
        return
    ack(response_action="update", view=modal("thanks", [section("Thank you!")]))
    topping = values["topping"]["topping"]["selected_option"]["value"]
    client.chat_postMessage(channel=body["user"]["id"], text=f"{count} {asked['size']} with {topping}")


@app.view_closed("order")
def forget_order(ack: Ack, body: dict[str, Any], view: dict[str, Any], client: WebClient) -> None:
    ack()
    channel = json.loads(view["private_metadata"])["channel"]
    client.chat_postEphemeral(channel=channel, user=body["user"]["id"], text="Another time, then.")


if __name__ == "__main__":
    if "SLACK_APP_TOKEN" in os.environ:
        SocketModeHandler(app, os.environ["SLACK_APP_TOKEN"]).start()  # type: ignore[no-untyped-call]
    else:
        make_server("127.0.0.1", int(os.environ["PORT"]), SlackRequestHandler(app)).serve_forever()
