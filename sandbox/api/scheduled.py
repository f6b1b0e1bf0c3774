"""chat.scheduleMessage, chat.scheduledMessages.list and chat.deleteScheduledMessage."""

from typing import Any

from sandbox.api.call import Call, Method, next_cursor
from sandbox.api.chat import check_may_post, target
from sandbox.errors import SlackError
from sandbox.messaging import Author
from sandbox.posting import given_content, new_message, parent_of
from sandbox.rate_limits import TIER_3
from sandbox.types import Json

_KEPT = (
    "attachments",
    "blocks",
    "link_names",
    "markdown_text",
    "metadata",
    "parse",
    "reply_broadcast",
    "text",
    "thread_ts",
)


def schedule_message(call: Call) -> Json:
    channel = target(call)
    post_at = _post_at(call.args.given.get("post_at"))
    given = {key: call.args.given[key] for key in _KEPT if call.args.given.get(key) not in (None, "")}
    content = given_content(call.workspace, given)
    check_may_post(call, channel)
    parent = parent_of(call.workspace, channel, given)
    scheduled = call.sandbox.scheduled.add(channel.id, post_at, call.actor, given)
    message = new_message(call.workspace, content, parent, Author(call.actor), given).payload
    shown = {key: value for key, value in message.items() if key != "ts"} | {"type": "delayed_message"}
    return {
        "scheduled_message_id": scheduled.id,
        "channel": channel.id,
        "post_at": post_at,
        "message": shown,
    }


def list_(call: Call) -> Json:
    asked = call.args.text("channel")
    if asked is not None and asked not in call.workspace.channels:
        raise SlackError("invalid_channel")
    oldest, latest = _bound(call, "oldest", 0.0), _bound(call, "latest", float("inf"))
    rows = [
        message.row()
        for message in call.sandbox.scheduled.of(call.actor)
        if asked in (None, message.channel) and oldest <= message.post_at <= latest
    ]
    page, cursor = call.page(rows, 100, 1000)
    return {"scheduled_messages": page} | next_cursor(cursor)


def delete(call: Call) -> Json:
    channel, message_id = call.channel(), call.args.need("scheduled_message_id")
    call.sandbox.scheduled.withdraw(channel.id, message_id, call.actor)
    return {}


def _post_at(value: Any) -> int:
    if (
        isinstance(value, bool)
        or not str(value).isascii()
        or not str(value).isdigit()
        or len(str(value)) > 12
    ):
        raise SlackError("invalid_time")
    return int(value)


def _bound(call: Call, name: str, default: float) -> float:
    value = call.args.text(name)
    if value is None:
        return default
    if not value.isascii() or not value.replace(".", "", 1).isdigit() or len(value) > 20:
        raise SlackError("invalid_arguments")
    return float(value)


METHODS = {
    "chat.scheduleMessage": Method(schedule_message, TIER_3, ("chat:write",)),
    "chat.scheduledMessages.list": Method(list_, TIER_3),
    "chat.deleteScheduledMessage": Method(delete, TIER_3, ("chat:write",)),
}
