"""chat.postMessage, meMessage, update, delete, postEphemeral and getPermalink."""

from typing import Any

from sandbox.api.call import Call, Method
from sandbox.api.permalinks import permalink
from sandbox.errors import SlackError
from sandbox.message_store import Message
from sandbox.messaging import LONGEST_UPDATE, Author, Content, app_payload, edited_payload, read_content
from sandbox.people import BOT_USER_ID, Channel
from sandbox.posting import given_content, may_post, new_message, parent_of
from sandbox.rate_limits import SPECIAL, TIER_3, TIER_4
from sandbox.types import Json


def post_message(call: Call) -> Json:
    channel = target(call)
    content = given_content(call.workspace, call.args.given)
    check_may_post(call, channel)
    parent = parent_of(call.workspace, channel, call.args.given)
    message = new_message(call.workspace, content, parent, author_of(call), call.args.given)
    call.workspace.history.add(channel.id, message)
    return _told({"channel": channel.id, "ts": message.ts, "message": message.payload}, content)


def me_message(call: Call) -> Json:
    """What `/me` does: a line about oneself. It has no blocks."""
    channel, text = target(call), call.args.text("text")
    if text is None:
        raise SlackError("no_text")
    check_may_post(call, channel)
    payload = app_payload(call.workspace, read_content({"text": text}), None, Author(call.actor))
    message = Message(payload | {"subtype": "me_message"})
    call.workspace.history.add(channel.id, message)
    return {"channel": channel.id, "ts": message.ts}


def update(call: Call) -> Json:
    channel = call.channel()
    ts = call.args.need("ts")
    content = read_content(call.args.given)
    if len(content.text or "") > LONGEST_UPDATE:
        raise SlackError("msg_too_long")
    message = own_message(call, channel, ts, "cant_update_message")
    if call.sandbox.streams.find(channel.id, ts) is not None:
        raise SlackError("streaming_state_conflict")
    if content.is_empty and content.metadata is None:
        raise SlackError("no_text")
    if channel.is_archived:
        raise SlackError("is_inactive")
    payload = edited_payload(message.payload, content, call.workspace.timestamps.next(), call.actor)
    broadcast = message.broadcast or (message.is_reply and call.args.flag("reply_broadcast"))
    if broadcast:
        payload["subtype"] = "thread_broadcast"
    changed = call.workspace.history.replace(channel.id, ts, payload, broadcast=broadcast)
    return {"channel": channel.id, "ts": ts, "text": payload["text"], "message": changed.payload}


def delete(call: Call) -> Json:
    channel = call.channel()
    ts = call.args.need("ts")
    own_message(call, channel, ts, "cant_delete_message")
    call.workspace.history.delete(channel.id, ts)
    call.sandbox.streams.end(channel.id, ts)
    return {"channel": channel.id, "ts": ts}


def post_ephemeral(call: Call) -> Json:
    channel = target(call)
    user = call.args.need("user")
    content = given_content(call.workspace, call.args.given)
    check_may_post(call, channel)
    if user not in channel.members:
        raise SlackError("user_not_in_channel")
    parent = parent_of(call.workspace, channel, call.args.given)
    payload = app_payload(call.workspace, content, parent, author_of(call))
    message = Message(payload | {"is_ephemeral": True}, ephemeral_for=user)
    # In a thread nobody has answered yet there is no pane to show it in: Slack drops it silently.
    if parent is None or parent.payload.get("reply_count"):
        call.workspace.history.add(channel.id, message)
    return {"message_ts": message.ts}


def get_permalink(call: Call) -> Json:
    channel = call.channel()
    message = call.workspace.history.get(channel.id, call.args.need("message_ts"))
    if message is None:
        raise SlackError("message_not_found")
    return {"channel": channel.id, "permalink": permalink(call, channel, message)}


def target(call: Call) -> Channel:
    """Where to post: a channel id, '#name', or a person's id for a direct message."""
    asked = call.args.need("channel")
    if asked in call.workspace.people:
        channel, _ = call.workspace.direct_message(asked, call.actor)
    else:
        channel = call.known_channel(_named(call, asked) or asked)
    if channel.is_im and BOT_USER_ID in channel.members and call.sandbox.is_messages_tab_off:
        raise SlackError("messages_tab_disabled")
    return channel


def _named(call: Call, asked: str) -> str | None:
    name = asked.removeprefix("#")
    channels = call.workspace.channels.values()
    return next((c.id for c in channels if c.name == name and not (c.is_im or c.is_mpim)), None)


def check_may_post(call: Call, channel: Channel) -> None:
    """SlackError unless the token may post there: a member always, the bot with chat:write.public everywhere."""
    is_public_allowed = call.grant.is_bot and "chat:write.public" in call.grant.scopes
    may_post(channel, call.actor, is_public_allowed=is_public_allowed)


def author_of(call: Call) -> Author:
    """Who posts. Without chat:write.customize a name and an icon are ignored, as those of a person are."""
    if not call.grant.is_bot or "chat:write.customize" not in call.grant.scopes:
        return Author(call.actor)
    emoji, url = call.args.text("icon_emoji"), call.args.text("icon_url")
    icons: dict[str, Any] | None = {"emoji": emoji} if emoji else {"image_48": url} if url else None
    return Author(call.actor, call.args.text("username"), icons)


def own_message(call: Call, channel: Channel, ts: str, refusal: str) -> Message:
    """The message of this ts, if the one who calls wrote it; a person's may be deleted by an admin too."""
    message = call.workspace.history.get(channel.id, ts)
    if message is None or message.is_tombstone:
        raise SlackError("message_not_found")
    writer = message.payload.get("user") or (BOT_USER_ID if message.payload.get("bot_id") else None)
    person = call.workspace.people.get(call.actor)
    is_admin = person is not None and person.is_admin and refusal == "cant_delete_message"
    if writer != call.actor and not is_admin:
        raise SlackError(refusal)
    return message


def _told(answer: Json, content: Content) -> Json:
    if not content.is_cut:
        return answer
    note = {"warnings": ["message_truncated"]}
    return answer | {"warning": "message_truncated", "response_metadata": note}


METHODS = {
    "chat.postMessage": Method(post_message, SPECIAL, ("chat:write",), is_per_channel=True),
    "chat.meMessage": Method(me_message, TIER_3, ("chat:write",)),
    "chat.update": Method(update, TIER_3, ("chat:write",)),
    "chat.delete": Method(delete, TIER_3, ("chat:write",)),
    "chat.postEphemeral": Method(post_ephemeral, TIER_4, ("chat:write",)),
    "chat.getPermalink": Method(get_permalink, SPECIAL),
}
