"""A message app: it answers words, mentions, edits and reactions, reminds people and hands out a file."""

import os
import re
import time
from typing import Any
from wsgiref.simple_server import make_server

from slack_bolt import App, BoltContext, Say
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.adapter.wsgi import SlackRequestHandler
from slack_sdk import WebClient

app = App(
    client=WebClient(os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"]),
    signing_secret=os.environ["SLACK_SIGNING_SECRET"],
)


@app.message("hello")
def say_hello(message: dict[str, Any], say: Say) -> None:
    say(text=f"hello there, <@{message['user']}>!", thread_ts=message["ts"])


@app.message(re.compile(r"^remind me in (\d+) minutes? to (.+)$"))
def remind(message: dict[str, Any], context: BoltContext, client: WebClient, say: Say) -> None:
    minutes, what = context["matches"]
    client.chat_scheduleMessage(
        channel=message["channel"],
        post_at=int(time.time()) + 60 * int(minutes),
        text=f"<@{message['user']}>, it is time to {what}",
    )
    say(f"I will, in {minutes} minutes.")


@app.event("app_mention")
def hand_out(event: dict[str, Any], client: WebClient) -> None:
    client.files_upload_v2(
        channel=event["channel"],
        thread_ts=event["ts"],
        filename="report.csv",
        title="Report",
        content="name,count\napples,3\n",
        initial_comment="Here is your report.",
    )


@app.event("reaction_added")
def answer_reaction(event: dict[str, Any], client: WebClient, say: Say) -> None:
    if event["reaction"] != "eyes":
        return
    place = event["item"]
    client.reactions_add(channel=place["channel"], timestamp=place["ts"], name="wave")
    say(text=f"<@{event['user']}> is looking at this.", thread_ts=place["ts"], channel=place["channel"])


@app.event({"type": "message", "subtype": "message_changed"})
def notice_edit(event: dict[str, Any], client: WebClient) -> None:
    before, after = event["previous_message"]["text"], event["message"]["text"]
    client.chat_postEphemeral(
        channel=event["channel"], user=event["message"]["user"], text=f"It was: {before}. It is: {after}."
    )


@app.event("message")
def ignore_the_rest() -> None:
    """Everything else that is written."""


if __name__ == "__main__":
    if "SLACK_APP_TOKEN" in os.environ:
        SocketModeHandler(app, os.environ["SLACK_APP_TOKEN"]).start()  # type: ignore[no-untyped-call]
    else:
        make_server("127.0.0.1", int(os.environ["PORT"]), SlackRequestHandler(app)).serve_forever()
