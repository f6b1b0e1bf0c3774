"""users.list, info, lookupByEmail, identity, getPresence and setPresence."""

from dataclasses import replace

from sandbox.api.call import USER_ONLY, Call, Method, next_cursor
from sandbox.api.user_json import user_json
from sandbox.errors import SlackError
from sandbox.people import TEAM_DOMAIN, TEAM_ID, TEAM_NAME, Person
from sandbox.rate_limits import TIER_2, TIER_3, TIER_4
from sandbox.types import Json

EMAIL_SCOPE = "users:read.email"


def list_(call: Call) -> Json:
    everybody = [*call.workspace.people.values(), call.workspace.bot]
    page, cursor = call.page([person for person in everybody if is_visible(call, person)], 100, 1000)
    rows = [_told(call, person) for person in page]
    return {"members": rows, "cache_ts": int(call.sandbox.clock.now())} | next_cursor(cursor)


def info(call: Call) -> Json:
    return {"user": _told(call, seen_person(call, call.args.need("user")))}


def lookup_by_email(call: Call) -> Json:
    email = call.args.need("email").strip().lower()
    for person in call.workspace.people.values():
        if person.email.lower() == email and not person.is_deactivated and is_visible(call, person):
            return {"user": user_json(person, with_email=True)}
    raise SlackError("users_not_found")


def identity(call: Call) -> Json:
    """Who the token's owner is, as far as its identity scopes go."""
    person = call.workspace.people[call.actor]
    scopes = call.grant.scopes
    user: Json = {"name": person.real_name, "id": person.id}
    team: Json = {"id": TEAM_ID}
    if "identity.email" in scopes:
        user["email"] = person.email
    if "identity.team" in scopes:
        team |= {"name": TEAM_NAME, "domain": TEAM_DOMAIN}
    return {"user": user, "team": team}


def get_presence(call: Call) -> Json:
    user = call.args.text("user") or call.actor
    person = seen_person(call, user)
    presence = "away" if person.is_away or person.is_deactivated else "active"
    if user != call.actor:
        return {"presence": presence}
    return {
        "presence": presence,
        "online": not person.is_away,
        "auto_away": False,
        "manual_away": person.is_away,
        "connection_count": 1,
        "last_activity": int(call.sandbox.clock.now()),
    }


def set_presence(call: Call) -> Json:
    presence = call.args.need("presence")
    if presence not in ("auto", "away"):
        raise SlackError("invalid_presence")
    person = seen_person(call, call.actor)
    call.workspace.put_person(replace(person, is_away=presence == "away"))
    return {}


def seen_person(call: Call, user: str) -> Person:
    """A person, or the app's bot user, whom the token's owner may know of."""
    person = call.workspace.member(user)
    if person is None:
        raise SlackError("user_not_found")
    if not is_visible(call, person):
        raise SlackError("user_not_visible")
    return person


def is_visible(call: Call, person: Person) -> bool:
    """A guest sees only those with whom they share a channel."""
    viewer = call.workspace.member(call.actor)
    if viewer is None or not viewer.is_guest or person.id == viewer.id:
        return True
    return any({viewer.id, person.id} <= channel.members for channel in call.workspace.channels.values())


def _told(call: Call, person: Person) -> Json:
    with_email = EMAIL_SCOPE in call.grant.scopes
    return user_json(person, with_locale=call.args.flag("include_locale"), with_email=with_email)


METHODS = {
    "users.list": Method(list_, TIER_2, ("users:read",)),
    "users.info": Method(info, TIER_4, ("users:read",)),
    "users.lookupByEmail": Method(lookup_by_email, TIER_3, (EMAIL_SCOPE,)),
    "users.identity": Method(identity, TIER_3, ("identity.basic",), kinds=USER_ONLY),
    "users.getPresence": Method(get_presence, TIER_3, ("users:read",)),
    "users.setPresence": Method(set_presence, TIER_2, ("users:write",)),
}
