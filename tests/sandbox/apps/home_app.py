"""A Home tab app: each person's list of tasks, with buttons to add one and to be done with it."""

import os
from collections import defaultdict
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

tasks: dict[str, list[str]] = defaultdict(list)


def button(action_id: str, text: str, **more: Any) -> dict[str, Any]:
    return {"type": "button", "action_id": action_id, "text": {"type": "plain_text", "text": text}, **more}


def home(user: str) -> dict[str, Any]:
    heading = f"{len(tasks[user])} to do"
    rows = [
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": task},
            "accessory": button("done", "Done", value=str(index)),
        }
        for index, task in enumerate(tasks[user])
    ]
    header = {"type": "header", "text": {"type": "plain_text", "text": heading}}
    return {
        "type": "home",
        "blocks": [header, *rows, {"type": "actions", "elements": [button("add", "Add a task")]}],
    }


@app.event("app_home_opened")
def show_home(event: dict[str, Any], client: WebClient) -> None:
    shown = event.get("view")
    client.views_publish(
        user_id=event["user"], view=home(event["user"]), hash=shown["hash"] if shown else None
    )


@app.action("done")
def finish(ack: Ack, action: dict[str, Any], body: dict[str, Any], client: WebClient) -> None:
    ack()
    user = body["user"]["id"]
    del tasks[user][int(action["value"])]
    client.views_publish(user_id=user, view=home(user), hash=body["view"]["hash"])


@app.action("add")
def ask(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
    ack()
    field = {"type": "plain_text_input", "action_id": "what"}
    label = {"type": "plain_text", "text": "What is to be done?"}
    form = {
        "type": "modal",
        "callback_id": "new_task",
        "title": {"type": "plain_text", "text": "New task"},
        "submit": {"type": "plain_text", "text": "Add"},
        "blocks": [{"type": "input", "block_id": "task", "label": label, "element": field}],
    }
    client.views_open(trigger_id=body["trigger_id"], view=form)


@app.view("new_task")
def add(ack: Ack, body: dict[str, Any], view: dict[str, Any], client: WebClient) -> None:
    ack()
    user = body["user"]["id"]
    tasks[user].append(view["state"]["values"]["task"]["what"]["value"])
    client.views_publish(user_id=user, view=home(user))


@app.shortcut("keep")
def keep(ack: Ack, shortcut: dict[str, Any], client: WebClient) -> None:
    ack()
    user = shortcut["user"]["id"]
    tasks[user].append(shortcut["message"]["text"])
    client.views_publish(user_id=user, view=home(user))


if __name__ == "__main__":
    if "SLACK_APP_TOKEN" in os.environ:
        SocketModeHandler(app, os.environ["SLACK_APP_TOKEN"]).start()  # type: ignore[no-untyped-call]
    else:
        make_server("127.0.0.1", int(os.environ["PORT"]), SlackRequestHandler(app)).serve_forever()
