"""conversations.open, close, join, leave, invite and kick."""

from dataclasses import replace

from sandbox import places
from sandbox.api.arguments import invalid_arguments
from sandbox.api.call import Call, Method
from sandbox.api.channel_json import channel_json
from sandbox.api.conversations_changing import ANY_MANAGE, MANAGE, managed_channel, need_membership, told
from sandbox.api.users import is_visible
from sandbox.errors import SlackError
from sandbox.people import Channel
from sandbox.rate_limits import TIER_2, TIER_3
from sandbox.types import Json

MOST_IN_A_GROUP_MESSAGE = 8
MOST_INVITED = 100
_ANY_INVITE = (*ANY_MANAGE, "channels:write.invites", "groups:write.invites")


def open_(call: Call) -> Json:
    asked = call.args.text("channel")
    if asked is not None:
        channel, was_there = call.known_channel(asked), True
        if not (channel.is_im or channel.is_mpim):
            raise SlackError("method_not_supported_for_channel_type")
        call.need_scope(*MANAGE[channel.kind])
    else:
        channel, was_there = _with_users(call)
    was_open = was_there and not channel.is_closed
    if channel.is_closed:
        channel = call.workspace.put_channel(replace(channel, is_closed=False))
    is_full = call.args.flag("return_im")
    described = channel_json(call.workspace, channel, call.actor) if is_full else {"id": channel.id}
    return {"channel": described} | ({"no_op": True, "already_open": True} if was_open else {})


def _with_users(call: Call) -> tuple[Channel, bool]:
    """The conversation with `users`, made when there is none, and whether there was one."""
    users = list(dict.fromkeys(call.args.words("users")))
    _check_users(call, users)
    others = [user for user in users if user != call.actor]
    is_group = len(others) > 1
    call.need_scope(*MANAGE["mpim" if is_group else "im"])
    if call.args.flag("prevent_creation") and not _is_there(call, others or users):
        raise SlackError("channel_not_found")
    if is_group:
        return call.workspace.group_message(call.actor, others)
    channel, was_there = _direct_message(call, others[0] if others else call.actor)
    if not was_there:
        described = channel_json(call.workspace, channel, call.actor)
        event = {"type": "im_created", "user": call.actor, "channel": described}
        call.workspace.happened(event, channel.id)
    return channel, was_there


def _direct_message(call: Call, other: str) -> tuple[Channel, bool]:
    bot = call.workspace.bot.id
    if bot in (other, call.actor):
        return call.workspace.direct_message(other if call.actor == bot else call.actor)
    return call.workspace.direct_message(call.actor, other)


def _is_there(call: Call, others: list[str]) -> bool:
    members = frozenset((*others, call.actor))
    channels = call.workspace.channels.values()
    return any(channel.members == members for channel in channels if channel.is_im or channel.is_mpim)


def _check_users(call: Call, users: list[str]) -> None:
    if not users:
        raise SlackError("users_list_not_supplied")
    if len(users) > MOST_IN_A_GROUP_MESSAGE:
        raise SlackError("too_many_users")
    if call.grant.is_bot and call.actor in users:
        raise SlackError("cannot_dm_bot")
    for user in users:
        person = call.workspace.member(user)
        if person is None:
            raise SlackError("user_not_found")
        if not is_visible(call, person):
            raise SlackError("user_not_visible")
        if person.is_deactivated:
            raise SlackError("user_disabled")


def close(call: Call) -> Json:
    channel = call.channel()
    if not (channel.is_im or channel.is_mpim):
        raise SlackError("method_not_supported_for_channel_type")
    call.need_scope(*MANAGE[channel.kind])
    if channel.is_closed:
        return {"no_op": True, "already_closed": True}
    call.workspace.put_channel(replace(channel, is_closed=True))
    if channel.is_im:
        event = {"type": "im_close", "user": call.actor, "channel": channel.id}
        call.workspace.happened(event, channel.id)
    return {}


def join(call: Call) -> Json:
    channel = call.channel()
    if channel.is_private:
        raise SlackError("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise SlackError("is_archived")
    if call.actor not in channel.members:
        return told(call, places.add_member(call.workspace, channel.id, call.actor))
    warnings = {"warnings": ["already_in_channel"]}
    return told(call, channel) | {"warning": "already_in_channel", "response_metadata": warnings}


def leave(call: Call) -> Json:
    channel = managed_channel(call)
    if channel.is_archived:
        raise SlackError("is_archived")
    if call.actor not in channel.members:
        return {"ok": False, "not_in_channel": True}
    if places.is_general(channel):
        raise SlackError("cant_leave_general")
    person = call.workspace.member(call.actor)
    if person is not None and person.is_guest:
        raise SlackError("user_is_restricted")
    if channel.is_private and len(channel.members) == 1:
        raise SlackError("last_member")
    places.remove_member(call.workspace, channel, call.actor, call.actor)
    return {}


def invite(call: Call) -> Json:
    channel = call.channel()
    if channel.is_im or channel.is_mpim:
        raise SlackError("method_not_supported_for_channel_type")
    kind = "groups" if channel.is_private else "channels"
    call.need_scope(*MANAGE[channel.kind], f"{kind}:write.invites")
    users = list(dict.fromkeys(call.args.words("users")))
    if not users:
        raise SlackError("no_user")
    if len(users) > MOST_INVITED:
        raise invalid_arguments(f"no more than {MOST_INVITED} items allowed [json-pointer:/users]")
    need_membership(call, channel)
    if channel.is_archived:
        raise SlackError("is_archived")
    return _invite_each(call, channel, users)


def _invite_each(call: Call, channel: Channel, users: list[str]) -> Json:
    """All of them or nobody; with `force` those whom nothing speaks against."""
    problems = {user: problem for user in users if (problem := _why_not(call, channel, user))}
    errors: list[Json] = [{"user": user, "ok": False, "error": problem} for user, problem in problems.items()]
    if problems and (not call.args.flag("force") or len(problems) == len(users)):
        raise SlackError(errors[0]["error"], errors=errors)
    for user in users:
        if user not in problems:
            channel = places.add_member(call.workspace, channel.id, user, inviter=call.actor)
    return told(call, channel) | ({"errors": errors} if errors else {})


def _why_not(call: Call, channel: Channel, user: str) -> str | None:
    person = call.workspace.member(user)
    if person is None:
        return "user_not_found"
    if user == call.actor:
        return "cant_invite_self"
    if user in channel.members:
        return "already_in_channel"
    return "cant_invite" if person.is_deactivated else None


def kick(call: Call) -> Json:
    channel = managed_channel(call)
    user = call.args.need("user")
    if call.workspace.member(user) is None:
        raise SlackError("user_not_found")
    if user == call.actor:
        raise SlackError("cant_kick_self")
    if places.is_general(channel):
        raise SlackError("cant_kick_from_general")
    need_membership(call, channel)
    person = call.workspace.member(call.actor)
    if person is not None and person.is_guest:
        raise SlackError("restricted_action")
    if user not in channel.members:
        raise SlackError("not_in_channel")
    places.remove_member(call.workspace, channel, user, call.actor)
    return {"errors": {}}


METHODS = {
    "conversations.open": Method(
        open_, TIER_3, ("im:write", "mpim:write", "channels:manage", "groups:write")
    ),
    "conversations.close": Method(
        close, TIER_2, ("im:write", "mpim:write", "channels:manage", "groups:write")
    ),
    "conversations.join": Method(join, TIER_3, ("channels:join", "channels:write")),
    "conversations.leave": Method(leave, TIER_3, ANY_MANAGE),
    "conversations.invite": Method(invite, TIER_3, _ANY_INVITE),
    "conversations.kick": Method(kick, TIER_3, ANY_MANAGE),
}
