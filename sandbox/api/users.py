"""users.info and list; usergroups.list and usergroups.users.list."""

from sandbox.api.call import Call, Method, next_cursor
from sandbox.errors import SlackError
from sandbox.people import APP_ID, BOT_ID, TEAM_ID, Group, Person
from sandbox.rate_limits import TIER_2, TIER_4
from sandbox.types import Json


def user_json(person: Person, *, with_locale: bool = False) -> Json:
    """A person as Slack describes them to the app."""
    described: Json = {
        "id": person.id,
        "team_id": TEAM_ID,
        "name": person.name,
        "deleted": person.is_deactivated,
        "color": person.color,
        "real_name": person.real_name,
        "tz": person.tz,
        "tz_label": "Coordinated Universal Time" if person.tz == "Etc/UTC" else person.tz,
        "tz_offset": person.tz_offset,
        "profile": _profile(person),
        "is_admin": person.is_admin,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": person.is_guest,
        "is_ultra_restricted": False,
        "is_bot": person.is_bot,
        "is_app_user": False,
        "updated": 0,
    }
    return described | ({"locale": "en-US"} if with_locale else {})


def _profile(person: Person) -> Json:
    profile = {
        "title": person.title,
        "real_name": person.real_name,
        "real_name_normalized": person.real_name,
        "display_name": person.name,
        "display_name_normalized": person.name,
        "status_text": "",
        "status_emoji": "",
        "team": TEAM_ID,
    }
    return profile | ({"bot_id": BOT_ID, "api_app_id": APP_ID} if person.is_bot else {})


def info(call: Call) -> Json:
    person = call.workspace.member(call.args.need("user"))
    if person is None:
        raise SlackError("user_not_found")
    return {"user": user_json(person, with_locale=call.args.flag("include_locale"))}


def list_(call: Call) -> Json:
    everybody = [*call.workspace.people.values(), call.workspace.bot]
    page, cursor = call.page(everybody, 100, 1000)
    with_locale = call.args.flag("include_locale")
    rows = [user_json(person, with_locale=with_locale) for person in page]
    return {"members": rows, "cache_ts": int(call.sandbox.clock.now())} | next_cursor(cursor)


def group_json(group: Group, *, with_users: bool, with_count: bool) -> Json:
    described: Json = {
        "id": group.id,
        "team_id": TEAM_ID,
        "is_usergroup": True,
        "is_subteam": True,
        "name": group.name,
        "description": "",
        "handle": group.handle,
        "is_external": False,
        "date_create": 0,
        "date_update": 0,
        "date_delete": 0,
        "auto_provision": False,
        "prefs": {"channels": [], "groups": []},
    }
    described |= {"users": list(group.members)} if with_users else {}
    return described | ({"user_count": len(group.members)} if with_count else {})


def groups_list(call: Call) -> Json:
    with_users, with_count = call.args.flag("include_users"), call.args.flag("include_count")
    groups = call.workspace.groups.values()
    return {"usergroups": [group_json(g, with_users=with_users, with_count=with_count) for g in groups]}


def groups_users_list(call: Call) -> Json:
    group = call.workspace.groups.get(call.args.need("usergroup"))
    if group is None:
        raise SlackError("no_such_subteam")
    return {"users": list(group.members)}


METHODS = {
    "users.info": Method(info, TIER_4, ("users:read",)),
    "users.list": Method(list_, TIER_2, ("users:read",)),
    "usergroups.list": Method(groups_list, TIER_2, ("usergroups:read",)),
    "usergroups.users.list": Method(groups_users_list, TIER_2, ("usergroups:read",)),
}
