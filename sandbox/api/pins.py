"""pins.add, remove and list."""

from sandbox import pinning
from sandbox.api.call import Call, Method
from sandbox.api.permalinks import permalink
from sandbox.errors import SlackError
from sandbox.message_store import Message
from sandbox.people import Channel
from sandbox.rate_limits import TIER_2
from sandbox.types import Json


def add(call: Call) -> Json:
    channel, message = _item(call)
    pinning.pin(call.workspace, call.actor, channel.id, message)
    return {}


def remove(call: Call) -> Json:
    channel, message = _item(call)
    pinning.unpin(call.workspace, call.actor, channel.id, message)
    return {}


def list_(call: Call) -> Json:
    channel = _joined(call)
    items = [
        {
            "type": "message",
            "channel": channel.id,
            "created": pin.created,
            "created_by": pin.created_by,
            "message": message.payload | {"permalink": permalink(call, channel, message)},
        }
        for pin, message in pinning.pinned(call.workspace, channel.id)
    ]
    return {"items": items}


def _item(call: Call) -> tuple[Channel, Message]:
    channel = _joined(call)
    if channel.is_archived:
        raise SlackError("restricted_action")
    if call.args.text("timestamp") is None:
        raise SlackError("no_item_specified")
    return channel, call.message_at(channel)


def _joined(call: Call) -> Channel:
    channel = call.channel()
    if call.actor not in channel.members:
        raise SlackError("not_in_channel")
    return channel


METHODS = {
    "pins.add": Method(add, TIER_2, ("pins:write",)),
    "pins.remove": Method(remove, TIER_2, ("pins:write",)),
    "pins.list": Method(list_, TIER_2, ("pins:read",)),
}
