"""A step app: its step asks a person by buttons and ends well or not, at once or when they have decided."""

import os
from typing import Any
from wsgiref.simple_server import make_server

from slack_bolt import Ack, App, Complete, Fail
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.adapter.wsgi import SlackRequestHandler
from slack_sdk import WebClient

app = App(
    client=WebClient(os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"]),
    signing_secret=os.environ["SLACK_SIGNING_SECRET"],
)


def button(action_id: str, text: str, **more: Any) -> dict[str, Any]:
    return {"type": "button", "action_id": action_id, "text": {"type": "plain_text", "text": text}, **more}


@app.function("approve_expense")
def ask(inputs: dict[str, Any], client: WebClient, complete: Complete, fail: Fail) -> None:
    if inputs["amount"] <= 0:
        fail("There is nothing to pay.")
        return
    if inputs["amount"] < 10:
        complete({"approved_by": inputs["approver"], "note": "too little to ask"})
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
    client.chat_postMessage(channel=inputs["approver"], text=text, blocks=blocks)


@app.action("approve")
def approve(ack: Ack, body: dict[str, Any], client: WebClient, complete: Complete) -> None:
    ack()
    close_question(client, body, "Approved.")
    complete({"approved_by": body["user"]["id"]})


@app.action("deny")
def deny(ack: Ack, body: dict[str, Any], client: WebClient, inputs: dict[str, Any], fail: Fail) -> None:
    ack()
    close_question(client, body, "Denied.")
    fail(f"<@{body['user']['id']}> will not pay {inputs['amount']}.")


@app.action("explain")
def ask_for_note(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
    ack()
    field = {"type": "plain_text_input", "action_id": "note"}
    label = {"type": "plain_text", "text": "Note"}
    form = {
        "type": "modal",
        "callback_id": "note",
        "title": {"type": "plain_text", "text": "Approve with a note"},
        "submit": {"type": "plain_text", "text": "Approve"},
        "blocks": [{"type": "input", "block_id": "note", "label": label, "element": field}],
    }
    client.views_open(trigger_id=body["interactivity"]["interactivity_pointer"], view=form)


@app.view("note")
def approve_with_note(ack: Ack, body: dict[str, Any], view: dict[str, Any], complete: Complete) -> None:
    ack()
    note = view["state"]["values"]["note"]["note"]["value"]
    complete({"approved_by": body["user"]["id"], "note": note})


def close_question(client: WebClient, body: dict[str, Any], text: str) -> None:
    client.chat_update(channel=body["channel"]["id"], ts=body["message"]["ts"], text=text, blocks=[])


if __name__ == "__main__":
    if "SLACK_APP_TOKEN" in os.environ:
        SocketModeHandler(app, os.environ["SLACK_APP_TOKEN"]).start()  # type: ignore[no-untyped-call]
    else:
        make_server("127.0.0.1", int(os.environ["PORT"]), SlackRequestHandler(app)).serve_forever()
