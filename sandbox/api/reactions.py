"""reactions.add, remove, get and list; emoji.list."""

from sandbox import reactions
from sandbox.api.call import Call, Method, next_cursor
from sandbox.api.permalinks import permalink
from sandbox.errors import SlackError
from sandbox.message_store import Message
from sandbox.people import Channel
from sandbox.rate_limits import TIER_2, TIER_3
from sandbox.render.emoji import CHARACTERS
from sandbox.types import Json


def add(call: Call) -> Json:
    name = call.args.need("name")
    channel, message = _item(call)
    if channel.is_archived:
        raise SlackError("is_archived")
    reactions.add(call.workspace, call.actor, channel.id, message, name)
    return {}


def remove(call: Call) -> Json:
    name = call.args.need("name")
    channel, message = _item(call)
    reactions.remove(call.workspace, call.actor, channel.id, message, name)
    return {}


def get(call: Call) -> Json:
    channel, message = _item(call)
    shown = message.payload | {"permalink": permalink(call, channel, message)}
    return {"type": "message", "channel": channel.id, "message": shown}


def list_(call: Call) -> Json:
    """The messages to which somebody reacted, newest first, by cursor or by `page` and `count`."""
    user = call.args.text("user") or call.actor
    if call.workspace.member(user) is None:
        raise SlackError("user_not_found")
    found = [
        (channel, message)
        for channel in call.workspace.channels.values()
        if call.actor in channel.members
        for message in call.workspace.history.everything(channel.id)
        if reactions.has_reacted(message, user)
    ]
    found.sort(key=lambda pair: float(pair[1].ts), reverse=True)
    if call.args.text("limit") or call.args.text("cursor"):
        page, cursor = call.page(found, 100, 1000)
        return {"items": [_listed(call, *one) for one in page]} | next_cursor(cursor)
    count, number = call.args.whole("count", 100, 1000), call.args.whole("page", 1, 10_000)
    page = found[(number - 1) * count : number * count]
    paging = {"count": count, "total": len(found), "page": number, "pages": -(-len(found) // count)}
    return {"items": [_listed(call, *one) for one in page], "paging": paging} | next_cursor("")


def _listed(call: Call, channel: Channel, message: Message) -> Json:
    shown = message.payload | {"permalink": permalink(call, channel, message)}
    return {"type": "message", "channel": channel.id, "message": shown}


def _item(call: Call) -> tuple[Channel, Message]:
    """The message in question, in a channel of which the token's owner is a member."""
    if call.args.text("channel") is None or call.args.text("timestamp") is None:
        if call.args.text("file") is not None:
            raise SlackError("file_not_found")
        raise SlackError("no_item_specified")
    channel = call.channel()
    if call.actor not in channel.members:
        raise SlackError("not_in_channel")
    return channel, call.message_at(channel)


def emoji_list(call: Call) -> Json:
    """Only custom emoji are listed, and this workspace has none; the known ones are in one category."""
    answer: Json = {"emoji": {}, "cache_ts": f"{call.sandbox.clock.now():.6f}"}
    if call.args.flag("include_categories"):
        known = {"name": "Emoji", "emoji_names": sorted(CHARACTERS)}
        answer |= {"categories_version": "5", "categories": [known]}
    return answer


METHODS = {
    "reactions.add": Method(add, TIER_3, ("reactions:write",)),
    "reactions.remove": Method(remove, TIER_2, ("reactions:write",)),
    "reactions.get": Method(get, TIER_3, ("reactions:read",)),
    "reactions.list": Method(list_, TIER_2, ("reactions:read",)),
    "emoji.list": Method(emoji_list, TIER_2, ("emoji:read",)),
}
