"""chat.postMessage, update, delete, postEphemeral and getPermalink."""

from sandbox.api.call import Call, Method
from sandbox.errors import SlackError
from sandbox.message_store import Message
from sandbox.messaging import (
    LONGEST_UPDATE,
    Content,
    app_payload,
    edited_payload,
    read_content,
    thread_parent,
)
from sandbox.people import BOT_ID, BOT_USER_ID, Channel
from sandbox.rate_limits import SPECIAL, TIER_3, TIER_4
from sandbox.types import Json


def post_message(call: Call) -> Json:
    channel = _target(call)
    content = _read(call)
    _may_post(call, channel)
    parent = _parent(call, channel)
    message = Message(app_payload(call.workspace, content, parent))
    if parent is not None and call.args.flag("reply_broadcast"):
        message.broadcast = True
        message.payload = message.payload | {"subtype": "thread_broadcast"}
    call.workspace.history.add(channel.id, message)
    answer: Json = {"channel": channel.id, "ts": message.ts, "message": message.payload}
    if content.is_cut:
        note = {"warnings": ["message_truncated"]}
        return answer | {"warning": "message_truncated", "response_metadata": note}
    return answer


def update(call: Call) -> Json:
    channel = call.channel()
    ts = call.args.need("ts")
    content = read_content(call.args.given)
    if len(content.text or "") > LONGEST_UPDATE:
        raise SlackError("msg_too_long")
    message = _own_message(call, channel, ts, "cant_update_message")
    if content.is_empty and content.metadata is None:
        raise SlackError("no_text")
    if channel.is_archived:
        raise SlackError("is_inactive")
    payload = edited_payload(message.payload, content, call.workspace.timestamps.next())
    broadcast = message.broadcast or (message.is_reply and call.args.flag("reply_broadcast"))
    if broadcast:
        payload["subtype"] = "thread_broadcast"
    changed = call.workspace.history.replace(channel.id, ts, payload, broadcast=broadcast)
    return {"channel": channel.id, "ts": ts, "text": payload["text"], "message": changed.payload}


def delete(call: Call) -> Json:
    channel = call.channel()
    ts = call.args.need("ts")
    _own_message(call, channel, ts, "cant_delete_message")
    call.workspace.history.delete(channel.id, ts)
    return {"channel": channel.id, "ts": ts}


def post_ephemeral(call: Call) -> Json:
    channel = _target(call)
    user = call.args.need("user")
    content = _read(call)
    _may_post(call, channel)
    if user not in channel.members:
        raise SlackError("user_not_in_channel")
    parent = _parent(call, channel)
    message = Message(
        app_payload(call.workspace, content, parent) | {"is_ephemeral": True}, ephemeral_for=user
    )
    # In a thread nobody has answered yet there is no pane to show it in: Slack drops it silently.
    if parent is None or parent.payload.get("reply_count"):
        call.workspace.history.add(channel.id, message)
    return {"message_ts": message.ts}


def get_permalink(call: Call) -> Json:
    channel = call.channel()
    message = call.workspace.history.get(channel.id, call.args.need("message_ts"))
    if message is None:
        raise SlackError("message_not_found")
    base = call.sandbox.config.public_url.rstrip("/")
    link = f"{base}/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.is_reply:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


def _target(call: Call) -> Channel:
    """Where to post: a channel id, '#name', or a person's id for a direct message."""
    asked = call.args.need("channel")
    if asked in call.workspace.people:
        return call.workspace.direct_message(asked)[0]
    name = asked.removeprefix("#")
    for channel in call.workspace.channels.values():
        if channel.name == name and not channel.is_im:
            return call.known_channel(channel.id)
    return call.known_channel(asked)


def _may_post(call: Call, channel: Channel) -> None:
    if channel.is_archived:
        raise SlackError("is_archived")
    if BOT_USER_ID not in channel.members and "chat:write.public" not in call.sandbox.scopes:
        raise SlackError("not_in_channel")


def _read(call: Call) -> Content:
    content = read_content(call.args.given)
    if content.is_empty:
        raise SlackError("no_text")
    return content


def _parent(call: Call, channel: Channel) -> Message | None:
    thread_ts = call.args.text("thread_ts")
    return thread_parent(call.workspace, channel.id, thread_ts) if thread_ts else None


def _own_message(call: Call, channel: Channel, ts: str, refusal: str) -> Message:
    message = call.workspace.history.get(channel.id, ts)
    if message is None or message.is_tombstone:
        raise SlackError("message_not_found")
    if message.payload.get("bot_id") != BOT_ID:
        raise SlackError(refusal)
    return message


METHODS = {
    "chat.postMessage": Method(post_message, SPECIAL, ("chat:write",), is_per_channel=True),
    "chat.update": Method(update, TIER_3, ("chat:write",)),
    "chat.delete": Method(delete, TIER_3, ("chat:write",)),
    "chat.postEphemeral": Method(post_ephemeral, TIER_4, ("chat:write",)),
    "chat.getPermalink": Method(get_permalink, SPECIAL),
}
