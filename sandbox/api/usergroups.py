"""usergroups.list, create, update, enable, disable; usergroups.users.list and update."""

import re
from collections.abc import Collection
from dataclasses import replace

from sandbox.api.arguments import invalid_arguments
from sandbox.api.call import Call, Method
from sandbox.errors import SlackError
from sandbox.people import TEAM_ID, Group
from sandbox.rate_limits import TIER_2
from sandbox.tokens import new_id
from sandbox.types import Json

# Slack names no figures for these; they are what its own dialog takes.
LONGEST_NAME = 80
LONGEST_HANDLE = 21
LONGEST_DESCRIPTION = 140

_HANDLE = re.compile(r"[a-z0-9][a-z0-9._-]*")
_RESERVED = frozenset({"here", "channel", "everyone", "group", "subteam"})


def group_json(group: Group, *, with_users: bool, with_count: bool) -> Json:
    """Slack's subteam object."""
    described: Json = {
        "id": group.id,
        "team_id": TEAM_ID,
        "is_usergroup": True,
        "is_subteam": True,
        "name": group.name,
        "description": group.description,
        "handle": group.handle,
        "is_external": False,
        "date_create": group.created,
        "date_update": group.updated,
        "date_delete": group.disabled,
        "auto_type": None,
        "auto_provision": False,
        "enterprise_subteam_id": "",
        "created_by": group.created_by,
        "updated_by": group.updated_by,
        "deleted_by": group.disabled_by or None,
        "prefs": {"channels": list(group.channels), "groups": []},
        "channel_count": len(group.channels),
    }
    described |= {"users": list(group.members)} if with_users else {}
    return described | ({"user_count": len(group.members)} if with_count else {})


def list_(call: Call) -> Json:
    with_users, with_count = call.args.flag("include_users"), call.args.flag("include_count")
    with_disabled = call.args.flag("include_disabled")
    groups = [group for group in call.workspace.groups.values() if with_disabled or not group.disabled]
    return {"usergroups": [group_json(g, with_users=with_users, with_count=with_count) for g in groups]}


def users_list(call: Call) -> Json:
    group = _group(call)
    if group.disabled and not call.args.flag("include_disabled"):
        raise SlackError("no_such_subteam")
    return {"users": list(group.members)}


def create(call: Call) -> Json:
    _check_permission(call)
    if call.args.given.get("name") is None:
        raise invalid_arguments("missing required field: name")
    name = call.args.text("name")
    if name is None or not name.strip():
        raise SlackError("missing_subteam_name")
    now = _now(call)
    group = Group(
        new_id("S"),
        _handle(call, call.args.text("handle") or _handle_of(name), None),
        _name(call, name, None),
        (),
        description=_description(call) or "",
        channels=_channels(call) or (),
        created=now,
        created_by=call.actor,
        updated=now,
        updated_by=call.actor,
    )
    call.workspace.put_group(group)
    _tell(call, "subteam_created", group)
    return _answer(call, group)


def update(call: Call) -> Json:
    _check_permission(call)
    group = _group(call)
    name, handle = call.args.text("name"), call.args.text("handle")
    description, channels = _description(call), _channels(call)
    return _changed(
        call,
        replace(
            group,
            name=group.name if name is None else _name(call, name, group),
            handle=group.handle if handle is None else _handle(call, handle, group),
            description=group.description if description is None else description,
            channels=group.channels if channels is None else channels,
        ),
    )


def enable(call: Call) -> Json:
    _check_permission(call)
    return _changed(call, replace(_group(call), disabled=0, disabled_by=""))


def disable(call: Call) -> Json:
    _check_permission(call)
    return _changed(call, replace(_group(call), disabled=_now(call), disabled_by=call.actor))


def users_update(call: Call) -> Json:
    _check_permission(call)
    group = _group(call)
    users = tuple(dict.fromkeys(call.args.words("users")))
    if not users:
        raise SlackError("no_users_provided")
    if not all(user in call.workspace.people for user in users):
        raise SlackError("invalid_users")
    if any(call.workspace.people[user].is_deactivated for user in users):
        raise SlackError("invalid_users")
    before = group.updated
    answer = _changed(call, replace(group, members=users))
    added, removed = _without(users, group.members), _without(group.members, users)
    if added or removed:
        event: Json = {
            "type": "subteam_members_changed",
            "subteam_id": group.id,
            "team_id": TEAM_ID,
            "date_previous_update": before,
            "date_update": _now(call),
            "added_users": added,
            "added_users_count": len(added),
            "removed_users": removed,
            "removed_users_count": len(removed),
        }
        call.workspace.happened(event)
    return answer


def _group(call: Call) -> Group:
    group = call.workspace.groups.get(call.args.need("usergroup"))
    if group is None:
        raise SlackError("no_such_subteam")
    return group


def _changed(call: Call, group: Group) -> Json:
    changed = replace(group, updated=_now(call), updated_by=call.actor)
    call.workspace.put_group(changed)
    _tell(call, "subteam_updated", changed)
    return _answer(call, changed)


def _answer(call: Call, group: Group) -> Json:
    with_count = call.args.flag("include_count")
    return {"usergroup": group_json(group, with_users=True, with_count=with_count)}


def _tell(call: Call, kind: str, group: Group) -> None:
    subteam = group_json(group, with_users=True, with_count=True)
    call.workspace.happened({"type": kind, "subteam": subteam})


def _check_permission(call: Call) -> None:
    """By Slack's preset everybody but guests may change groups."""
    person = call.workspace.member(call.actor)
    if person is None or person.is_guest:
        raise SlackError("permission_denied")


def _name(call: Call, name: str, group: Group | None) -> str:
    if len(name) > LONGEST_NAME:
        raise SlackError("name_too_long")
    if any(other.name.lower() == name.lower() for other in _others(call, group)):
        raise SlackError("name_already_exists")
    return name


def _handle(call: Call, handle: str, group: Group | None) -> str:
    """A mention without its @: unique among groups, people and channels."""
    bare = handle.removeprefix("@").lower()
    if not _HANDLE.fullmatch(bare) or len(bare) > LONGEST_HANDLE:
        raise SlackError("bad_handle")
    if bare in _RESERVED:
        raise SlackError("forbidden_handle")
    taken = {other.handle for other in _others(call, group)}
    taken |= {person.name for person in (*call.workspace.people.values(), call.workspace.bot)}
    taken |= {channel.name for channel in call.workspace.channels.values() if not channel.is_im}
    if bare in taken:
        raise SlackError("handle_already_exists")
    return bare


def _handle_of(name: str) -> str:
    """What Slack proposes for a group with this name."""
    return re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-")[:LONGEST_HANDLE]


def _others(call: Call, group: Group | None) -> list[Group]:
    return [other for other in call.workspace.groups.values() if group is None or other.id != group.id]


def _description(call: Call) -> str | None:
    """None when it was not given; '' takes it away."""
    if call.args.given.get("description") is None:
        return None
    description = call.args.text("description") or ""
    if len(description) > LONGEST_DESCRIPTION:
        raise SlackError("description_too_long")
    return description


def _channels(call: Call) -> tuple[str, ...] | None:
    """None when they were not given; '' takes all away."""
    if call.args.given.get("channels") is None:
        return None
    channels = tuple(dict.fromkeys(call.args.words("channels")))
    known = call.workspace.channels
    for channel_id in channels:
        channel = known.get(channel_id)
        if channel is None or channel.is_im or not call.workspace.may_see(call.actor, channel):
            raise SlackError("invalid_channel_provided")
    return channels


def _without(users: tuple[str, ...], others: Collection[str]) -> list[str]:
    return [user for user in users if user not in others]


def _now(call: Call) -> int:
    return int(call.sandbox.clock.now())


_READ, _WRITE = ("usergroups:read",), ("usergroups:write",)
METHODS = {
    "usergroups.list": Method(list_, TIER_2, _READ),
    "usergroups.users.list": Method(users_list, TIER_2, _READ),
    "usergroups.create": Method(create, TIER_2, _WRITE),
    "usergroups.update": Method(update, TIER_2, _WRITE),
    "usergroups.enable": Method(enable, TIER_2, _WRITE),
    "usergroups.disable": Method(disable, TIER_2, _WRITE),
    "usergroups.users.update": Method(users_update, TIER_2, _WRITE),
}
