"""The message app in async: it answers words, mentions, edits and reactions, reminds people, hands out a file."""

import asyncio
import os
import re
import time
from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.context.say.async_say import AsyncSay
from slack_sdk.web.async_client import AsyncWebClient

app = AsyncApp(
    client=AsyncWebClient(os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"]),
    signing_secret=os.environ["SLACK_SIGNING_SECRET"],
)


@app.message("hello")
async def say_hello(message: dict[str, Any], say: AsyncSay) -> None:
    await say(text=f"hello there, <@{message['user']}>!", thread_ts=message["ts"])


@app.message(re.compile(r"^remind me in (\d+) minutes? to (.+)$"))
async def remind(
    message: dict[str, Any], context: AsyncBoltContext, client: AsyncWebClient, say: AsyncSay
) -> None:
    minutes, what = context["matches"]
    await client.chat_scheduleMessage(
        channel=message["channel"],
        post_at=int(time.time()) + 60 * int(minutes),
        text=f"<@{message['user']}>, it is time to {what}",
    )
    await say(f"I will, in {minutes} minutes.")


@app.event("app_mention")
async def hand_out(event: dict[str, Any], client: AsyncWebClient) -> None:
    await client.files_upload_v2(
        channel=event["channel"],
        thread_ts=event["ts"],
        filename="report.csv",
        title="Report",
        content="name,count\napples,3\n",
        initial_comment="Here is your report.",
    )


@app.event("reaction_added")
async def answer_reaction(event: dict[str, Any], client: AsyncWebClient, say: AsyncSay) -> None:
    if event["reaction"] != "eyes":
        return
    place = event["item"]
    await client.reactions_add(channel=place["channel"], timestamp=place["ts"], name="wave")
    await say(text=f"<@{event['user']}> is looking at this.", thread_ts=place["ts"], channel=place["channel"])


@app.event({"type": "message", "subtype": "message_changed"})
async def notice_edit(event: dict[str, Any], client: AsyncWebClient) -> None:
    before, after = event["previous_message"]["text"], event["message"]["text"]
    await client.chat_postEphemeral(
        channel=event["channel"], user=event["message"]["user"], text=f"It was: {before}. It is: {after}."
    )


@app.event("message")
async def ignore_the_rest() -> None:
    """Everything else that is written."""


async def serve_socket_mode() -> None:
    await AsyncSocketModeHandler(app, os.environ["SLACK_APP_TOKEN"]).start_async()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    if "SLACK_APP_TOKEN" in os.environ:
        asyncio.run(serve_socket_mode())
    else:
        app.start(port=int(os.environ["PORT"]), host="127.0.0.1")
