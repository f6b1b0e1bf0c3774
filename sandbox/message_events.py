"""The events that tell an app of messages: Slack's inner events, without where and when they are sent."""

import re
from collections.abc import Iterator

from sandbox.people import BOT_ID, BOT_USER_ID
from sandbox.types import Json

# What a message carries besides its content; a change of it is no edit, and has events of its own.
_SURROUNDINGS = frozenset(
    {
        "is_starred",
        "last_read",
        "latest_reply",
        "permalink",
        "pinned_info",
        "pinned_to",
        "reactions",
        "reply_count",
        "reply_users",
        "reply_users_count",
        "subscribed",
        "thread_ts",
    }
)
_MENTION = re.compile(rf"<@{BOT_USER_ID}(\|[^>]*)?>")
_WRITTEN = (None, "bot_message", "file_share", "me_message", "thread_broadcast")
_MENTION_KEYS = (
    "client_msg_id",
    "user",
    "text",
    "ts",
    "team",
    "blocks",
    "files",
    "thread_ts",
    "parent_user_id",
)


def posted(payload: Json, channel: str, parent: Json | None) -> Iterator[Json]:
    """A new message; one that mentions the app is told of twice."""
    event = {**payload, "type": "message", "channel": channel, "event_ts": payload["ts"]}
    if payload.get("upload") and payload.get("files"):
        event.setdefault("subtype", "file_share")
    if event.get("subtype") == "thread_broadcast" and parent is not None:
        event["root"] = parent
    yield event
    if _mentions_app(payload):
        told = {key: payload[key] for key in _MENTION_KEYS if key in payload}
        yield {"type": "app_mention", **told, "channel": channel, "event_ts": payload["ts"]}


def replaced(new: Json, old: Json, channel: str) -> Iterator[Json]:
    """A message has new content; nothing when only its surroundings changed."""
    if _content(new) == _content(old):
        return
    yield {
        "type": "message",
        "subtype": "message_changed",
        "message": new,
        "previous_message": old,
        "channel": channel,
        "hidden": True,
    }


def removed(old: Json, channel: str) -> Iterator[Json]:
    """A message is gone."""
    yield {
        "type": "message",
        "subtype": "message_deleted",
        "previous_message": old,
        "channel": channel,
        "hidden": True,
        "deleted_ts": old["ts"],
    }


def _content(payload: Json) -> Json:
    return {key: value for key, value in payload.items() if key not in _SURROUNDINGS}


def _mentions_app(payload: Json) -> bool:
    """Somebody wrote to the app: Slack's own remarks, such as who has joined, do not count."""
    if payload.get("bot_id") == BOT_ID or payload.get("subtype") not in _WRITTEN:
        return False
    return _MENTION.search(str(payload.get("text") or "")) is not None
