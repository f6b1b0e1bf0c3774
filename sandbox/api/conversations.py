"""conversations.info, list, members, history, replies, open, join; and users.conversations."""

from decimal import Decimal, InvalidOperation

from sandbox.api.call import Call, Method, next_cursor
from sandbox.errors import SlackError
from sandbox.message_store import Message
from sandbox.people import BOT_USER_ID, TEAM_ID, Channel
from sandbox.rate_limits import TIER_2, TIER_3, TIER_4
from sandbox.types import Json

_READ = ("channels:read", "groups:read", "im:read", "mpim:read")
_HISTORY = ("channels:history", "groups:history", "im:history", "mpim:history")


def channel_json(channel: Channel) -> Json:
    """A conversation as Slack describes it to the app."""
    if channel.is_im:
        person = next(iter(channel.members - {BOT_USER_ID}))
        return {"id": channel.id, "created": 0, "is_im": True, "is_archived": False, "user": person}
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": not channel.is_private,
        "is_group": False,
        "is_im": False,
        "is_mpim": False,
        "is_private": channel.is_private,
        "is_archived": channel.is_archived,
        "is_general": channel.name == "general",
        "is_member": BOT_USER_ID in channel.members,
        "is_shared": False,
        "is_ext_shared": False,
        "is_org_shared": False,
        "created": 0,
        "creator": "U0ADA",
        "context_team_id": TEAM_ID,
        "topic": {"value": channel.topic, "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
        "num_members": len(channel.members),
    }


def info(call: Call) -> Json:
    channel = call.described_channel()
    described = channel_json(channel)
    if not call.args.flag("include_num_members"):
        described.pop("num_members", None)
    return {"channel": described}


def list_(call: Call) -> Json:
    return _listed(call, [c for c in call.workspace.channels.values() if _is_known(c)])


def users_conversations(call: Call) -> Json:
    user = call.args.text("user") or BOT_USER_ID
    if call.workspace.member(user) is None:
        raise SlackError("user_not_found")
    known = (c for c in call.workspace.channels.values() if _is_known(c))
    return _listed(call, [channel for channel in known if user in channel.members])


def members(call: Call) -> Json:
    channel = call.channel()
    ids, cursor = call.page(sorted(channel.members), 100, 999)
    return {"members": ids} | next_cursor(cursor)


def history(call: Call) -> Json:
    channel = call.joined_channel()
    newest_first = [m for m in reversed(call.workspace.messages(channel.id)) if _is_within(call, m)]
    page, cursor = call.page(newest_first, 100, 999)
    answer: Json = {"messages": _shown(call, channel, page), "has_more": bool(cursor), "pin_count": 0}
    return answer | next_cursor(cursor)


def replies(call: Call) -> Json:
    channel = call.joined_channel()
    message = call.workspace.history.get(channel.id, call.args.need("ts"))
    if message is None:
        raise SlackError("thread_not_found")
    parent, *answers = call.workspace.thread(channel.id, message.thread_ts or message.ts)
    page, cursor = call.page([parent, *(m for m in answers if _is_within(call, m))], 1000, 1000)
    answer: Json = {"messages": _shown(call, channel, page), "has_more": bool(cursor)}
    return answer | next_cursor(cursor)


def open_(call: Call) -> Json:
    asked = call.args.text("channel")
    if asked is not None:
        channel, was_there = call.known_channel(asked), True
        if not channel.is_im:
            raise SlackError("method_not_supported_for_channel_type")
    else:
        channel, was_there = _direct_message(call)
    described = channel_json(channel) if call.args.flag("return_im") else {"id": channel.id}
    return {"channel": described} | ({"no_op": True, "already_open": True} if was_there else {})


def join(call: Call) -> Json:
    channel = call.channel()
    if channel.is_private:
        raise SlackError("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise SlackError("is_archived")
    if BOT_USER_ID in channel.members:
        note: Json = {
            "warning": "already_in_channel",
            "response_metadata": {"warnings": ["already_in_channel"]},
        }
        return {"channel": channel_json(channel)} | note
    return {"channel": channel_json(call.workspace.set_member(channel.id, BOT_USER_ID, True))}


def _is_known(channel: Channel) -> bool:
    return not channel.is_private or BOT_USER_ID in channel.members


def _listed(call: Call, channels: list[Channel]) -> Json:
    kinds = call.args.words("types") or ["public_channel"]
    if not set(kinds) <= {"public_channel", "private_channel", "im", "mpim"}:
        raise SlackError("invalid_types")
    hides_archived = call.args.flag("exclude_archived")
    wanted = [c for c in channels if c.kind in kinds and not (hides_archived and c.is_archived)]
    page, cursor = call.page(wanted, 100, 999)
    return {"channels": [channel_json(channel) for channel in page]} | next_cursor(cursor)


def _is_within(call: Call, message: Message) -> bool:
    """Whether the message lies between `oldest` and `latest`; `inclusive` counts the ends in."""
    ts = Decimal(message.ts)
    oldest, latest = _time(call, "oldest", "invalid_ts_oldest"), _time(call, "latest", "invalid_ts_latest")
    if call.args.flag("inclusive"):
        return (oldest is None or ts >= oldest) and (latest is None or ts <= latest)
    return (oldest is None or ts > oldest) and (latest is None or ts < latest)


def _time(call: Call, name: str, error: str) -> Decimal | None:
    value = call.args.text(name)
    if value is None:
        return None
    try:
        time = Decimal(value)
    except InvalidOperation as problem:
        raise SlackError(error) from problem
    if not time.is_finite():
        raise SlackError(error)
    return time


def _shown(call: Call, channel: Channel, messages: list[Message]) -> list[Json]:
    """Messages as the history methods give them: metadata on request only, broadcasts with their root."""
    with_metadata = call.args.flag("include_all_metadata")
    return [_shown_one(call, channel, message, with_metadata) for message in messages]


def _shown_one(call: Call, channel: Channel, message: Message, with_metadata: bool) -> Json:
    payload = dict(message.payload)
    if not with_metadata:
        payload.pop("metadata", None)
    if message.broadcast:
        root = call.workspace.history.get(channel.id, str(message.thread_ts))
        if root is not None:
            payload["root"] = {key: value for key, value in root.payload.items() if key != "metadata"}
    return payload


def _direct_message(call: Call) -> tuple[Channel, bool]:
    users = call.args.words("users")
    if not users:
        raise SlackError("users_list_not_supplied")
    if len(users) > 8:
        raise SlackError("too_many_users")
    if BOT_USER_ID in users:
        raise SlackError("cannot_dm_bot")
    if not all(user in call.workspace.people for user in users):
        raise SlackError("user_not_found")
    if len(users) > 1:
        # Group messages are not part of this workspace.
        raise SlackError("method_not_supported_for_channel_type")
    return call.workspace.direct_message(users[0])


METHODS = {
    "conversations.info": Method(info, TIER_3, _READ),
    "conversations.list": Method(list_, TIER_2, _READ),
    "conversations.members": Method(members, TIER_4, _READ),
    "conversations.history": Method(history, TIER_3, _HISTORY),
    "conversations.replies": Method(replies, TIER_3, _HISTORY),
    "conversations.open": Method(
        open_, TIER_3, ("im:write", "channels:manage", "groups:write", "mpim:write")
    ),
    "conversations.join": Method(join, TIER_3, ("channels:join",)),
    "users.conversations": Method(users_conversations, TIER_2, _READ),
}
