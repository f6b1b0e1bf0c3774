"""conversations.create, rename, archive, unarchive, setTopic, setPurpose and mark."""

import re

from sandbox import places
from sandbox.api.arguments import invalid_arguments
from sandbox.api.call import Call, Method
from sandbox.api.channel_json import channel_json
from sandbox.errors import SlackError
from sandbox.people import Channel
from sandbox.rate_limits import TIER_2, TIER_3
from sandbox.types import Json

# A bot manages public channels, a person "writes" them; for the other kinds the scope is the same.
MANAGE = {
    "public_channel": ("channels:manage", "channels:write"),
    "private_channel": ("groups:write",),
    "im": ("im:write",),
    "mpim": ("mpim:write",),
}
ANY_MANAGE = tuple(scope for scopes in MANAGE.values() for scope in scopes)
_ANY_TOPIC = (*ANY_MANAGE, *(f"{kind}:write.topic" for kind in ("channels", "groups", "im", "mpim")))
_TOPIC_OF = {"public_channel": "channels", "private_channel": "groups", "im": "im", "mpim": "mpim"}
_TS = re.compile(r"\d{1,10}\.\d{6}")


def create(call: Call) -> Json:
    name = asked_name(call)
    is_private = call.args.flag("is_private")
    call.need_scope(*MANAGE["private_channel" if is_private else "public_channel"])
    person = call.workspace.member(call.actor)
    if person is not None and person.is_guest:
        raise SlackError("restricted_action")
    return told(call, places.create(call.workspace, call.actor, name, is_private=is_private))


def rename(call: Call) -> Json:
    channel = managed_channel(call)
    name = asked_name(call)
    need_membership(call, channel)
    if channel.is_archived:
        raise SlackError("is_archived")
    person = call.workspace.member(call.actor)
    if channel.creator != call.actor and not (person is not None and person.is_admin):
        raise SlackError("not_authorized")
    return told(call, places.rename(call.workspace, call.actor, channel, name))


def archive(call: Call) -> Json:
    channel = managed_channel(call)
    need_membership(call, channel)
    places.archive(call.workspace, call.actor, channel)
    return {}


def unarchive(call: Call) -> Json:
    places.unarchive(call.workspace, call.actor, managed_channel(call))
    return {}


def set_topic(call: Call) -> Json:
    channel, topic = _described(call, "topic")
    return told(call, places.set_topic(call.workspace, call.actor, channel, topic))


def set_purpose(call: Call) -> Json:
    channel, purpose = _described(call, "purpose")
    return told(call, places.set_purpose(call.workspace, call.actor, channel, purpose)) | {"purpose": purpose}


def mark(call: Call) -> Json:
    channel = call.channel()
    ts = call.args.need("ts")
    call.need_scope(*MANAGE[channel.kind])
    if not _TS.fullmatch(ts):
        raise SlackError("invalid_timestamp")
    need_membership(call, channel)
    call.workspace.boards.marks.setdefault(call.actor, {})[channel.id] = ts
    return {}


def asked_name(call: Call) -> str:
    """The argument `name`; an empty one is another error than none."""
    if call.args.given.get("name") is None:
        raise invalid_arguments("missing required field: name")
    return call.args.text("name") or ""


def managed_channel(call: Call) -> Channel:
    """A channel (not a direct or group message) that the token may change."""
    channel = call.channel()
    if channel.is_im or channel.is_mpim:
        raise SlackError("method_not_supported_for_channel_type")
    call.need_scope(*MANAGE[channel.kind])
    return channel


def need_membership(call: Call, channel: Channel) -> None:
    if call.actor not in channel.members:
        raise SlackError("not_in_channel")


def told(call: Call, channel: Channel) -> Json:
    return {"channel": channel_json(call.workspace, channel, call.actor)}


def _described(call: Call, name: str) -> tuple[Channel, str]:
    """The channel and its new topic or purpose, which may be empty."""
    channel = call.channel()
    if call.args.given.get(name) is None:
        raise invalid_arguments(f"missing required field: {name}")
    text = call.args.text(name) or ""
    call.need_scope(*MANAGE[channel.kind], f"{_TOPIC_OF[channel.kind]}:write.topic")
    if channel.is_im:
        raise SlackError("method_not_supported_for_channel_type")
    need_membership(call, channel)
    person = call.workspace.member(call.actor)
    if person is not None and person.is_guest:
        raise SlackError("user_is_restricted")
    return channel, text


METHODS = {
    "conversations.create": Method(create, TIER_2, ANY_MANAGE),
    "conversations.rename": Method(rename, TIER_2, ANY_MANAGE),
    "conversations.archive": Method(archive, TIER_2, ANY_MANAGE),
    "conversations.unarchive": Method(unarchive, TIER_2, ANY_MANAGE),
    "conversations.setTopic": Method(set_topic, TIER_2, _ANY_TOPIC),
    "conversations.setPurpose": Method(set_purpose, TIER_2, _ANY_TOPIC),
    "conversations.mark": Method(mark, TIER_3, ANY_MANAGE),
}
