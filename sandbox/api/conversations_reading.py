"""conversations.list, info, members, history and replies; users.conversations."""

from decimal import Decimal, InvalidOperation

from sandbox.api.call import Call, Method, next_cursor
from sandbox.api.channel_json import LOCALE, channel_json
from sandbox.errors import SlackError
from sandbox.message_store import Message
from sandbox.people import Channel
from sandbox.pinning import pinned
from sandbox.rate_limits import TIER_2, TIER_3, TIER_4
from sandbox.types import Json

_READ = ("channels:read", "groups:read", "im:read", "mpim:read")
_HISTORY = ("channels:history", "groups:history", "im:history", "mpim:history")
_SCOPE_OF_TYPE = dict(zip(("public_channel", "private_channel", "im", "mpim"), _READ, strict=True))


def info(call: Call) -> Json:
    channel = call.described_channel()
    described = channel_json(call.workspace, channel, call.actor)
    if call.args.flag("include_num_members") and not channel.is_im:
        described["num_members"] = len(channel.members)
    if call.args.flag("include_locale"):
        described["locale"] = LOCALE
    return {"channel": described}


def list_(call: Call) -> Json:
    known = [c for c in call.workspace.channels.values() if call.workspace.may_see(call.actor, c)]
    return _listed(call, known, with_count=True)


def users_conversations(call: Call) -> Json:
    user = call.args.text("user") or call.actor
    if call.workspace.member(user) is None:
        raise SlackError("user_not_found")
    known = (c for c in call.workspace.channels.values() if call.workspace.may_see(call.actor, c))
    return _listed(call, [channel for channel in known if user in channel.members], with_count=False)


def _listed(call: Call, channels: list[Channel], *, with_count: bool) -> Json:
    """A page of them. Only conversations.list says how many members each has, and whether the caller is one."""
    kinds = call.args.words("types") or ["public_channel"]
    if not set(kinds) <= _SCOPE_OF_TYPE.keys():
        raise SlackError("invalid_types")
    for kind in dict.fromkeys(kinds):
        call.need_scope(_SCOPE_OF_TYPE[kind])
    hides_archived = call.args.flag("exclude_archived")
    wanted = [c for c in channels if c.kind in kinds and not (hides_archived and c.is_archived)]
    page, cursor = call.page(wanted, 100, 999)
    return {"channels": [_row(call, channel, with_count) for channel in page]} | next_cursor(cursor)


def _row(call: Call, channel: Channel, with_count: bool) -> Json:
    described = channel_json(call.workspace, channel, call.actor, lists=True)
    if channel.is_im:
        return described
    if with_count:
        return described | {"num_members": len(channel.members)}
    described.pop("is_member", None)
    return described


def members(call: Call) -> Json:
    channel = call.described_channel()
    ids, cursor = call.page(sorted(channel.members), 100, 999)
    return {"members": ids} | next_cursor(cursor)


def history(call: Call) -> Json:
    channel = call.joined_channel()
    newest_first = [m for m in reversed(call.workspace.messages(channel.id)) if _is_within(call, m)]
    page, cursor = call.page(newest_first, 100, 999, call.sandbox.limiter.most_history)
    pins = len(pinned(call.workspace, channel.id))
    answer: Json = {"messages": _shown(call, channel, page), "has_more": bool(cursor), "pin_count": pins}
    return answer | next_cursor(cursor)


def replies(call: Call) -> Json:
    channel = call.joined_channel()
    message = call.workspace.history.get(channel.id, call.args.need("ts"))
    if message is None:
        raise SlackError("thread_not_found")
    parent, *answers = call.workspace.thread(channel.id, message.thread_ts or message.ts) or [message]
    rows = [parent, *(m for m in answers if _is_within(call, m))]
    page, cursor = call.page(rows, 1000, 1000, call.sandbox.limiter.most_history)
    answer: Json = {"messages": _shown(call, channel, page), "has_more": bool(cursor)}
    return answer | next_cursor(cursor)


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


METHODS = {
    "conversations.info": Method(info, TIER_3, _READ),
    "conversations.list": Method(list_, TIER_2, _READ),
    "conversations.members": Method(members, TIER_4, _READ),
    "conversations.history": Method(history, TIER_3, _HISTORY),
    "conversations.replies": Method(replies, TIER_3, _HISTORY),
    "users.conversations": Method(users_conversations, TIER_2, _READ),
}
