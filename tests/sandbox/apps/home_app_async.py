"""The Home tab app in async: each person's list of tasks, with buttons to add one and to be done with it."""

import asyncio
import os
from collections import defaultdict
from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

app = AsyncApp(
    client=AsyncWebClient(os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"]),
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
async def show_home(event: dict[str, Any], client: AsyncWebClient) -> None:
    shown = event.get("view")
    await client.views_publish(
        user_id=event["user"], view=home(event["user"]), hash=shown["hash"] if shown else None
    )


@app.action("done")
async def finish(ack: AsyncAck, action: dict[str, Any], body: dict[str, Any], client: AsyncWebClient) -> None:
    await ack()
    user = body["user"]["id"]
    del tasks[user][int(action["value"])]
    await client.views_publish(user_id=user, view=home(user), hash=body["view"]["hash"])


@app.action("add")
async def ask(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
    await ack()
    field = {"type": "plain_text_input", "action_id": "what"}
    label = {"type": "plain_text", "text": "What is to be done?"}
    form = {
        "type": "modal",
        "callback_id": "new_task",
        "title": {"type": "plain_text", "text": "New task"},
        "submit": {"type": "plain_text", "text": "Add"},
        "blocks": [{"type": "input", "block_id": "task", "label": label, "element": field}],
    }
    await client.views_open(trigger_id=body["trigger_id"], view=form)


@app.view("new_task")
async def add(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any], client: AsyncWebClient) -> None:
    await ack()
    user = body["user"]["id"]
    tasks[user].append(view["state"]["values"]["task"]["what"]["value"])
    await client.views_publish(user_id=user, view=home(user))


@app.shortcut("keep")
async def keep(ack: AsyncAck, shortcut: dict[str, Any], client: AsyncWebClient) -> None:
    await ack()
    user = shortcut["user"]["id"]
    tasks[user].append(shortcut["message"]["text"])
    await client.views_publish(user_id=user, view=home(user))


async def serve_socket_mode() -> None:
    await AsyncSocketModeHandler(app, os.environ["SLACK_APP_TOKEN"]).start_async()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    if "SLACK_APP_TOKEN" in os.environ:
        asyncio.run(serve_socket_mode())
    else:
        app.start(port=int(os.environ["PORT"]), host="127.0.0.1")
