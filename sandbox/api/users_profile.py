"""users.profile.get and set."""

import re
from dataclasses import replace
from typing import Any

from sandbox.api.call import USER_ONLY, Call, Method
from sandbox.api.user_json import profile_json, user_json
from sandbox.api.users import EMAIL_SCOPE, seen_person
from sandbox.errors import SlackError
from sandbox.messaging import from_json_text
from sandbox.people import Person
from sandbox.rate_limits import TIER_3, TIER_4
from sandbox.render.emoji import is_known
from sandbox.types import Json

LONGEST_STATUS = 100
MOST_FIELDS = 50
LONGEST_FIELD_NAME = 255
LONGEST_VALUE = 255
DEFAULT_STATUS_EMOJI = ":speech_balloon:"
_TEXTS = ("title", "phone", "real_name", "display_name", "pronouns", "status_text", "status_emoji")
_STATUS = ("status_text", "status_emoji", "status_expiration")
_ADDRESS = re.compile(r"https?://|www\.", re.I)


def get(call: Call) -> Json:
    person = seen_person(call, call.args.text("user") or call.actor)
    return {"profile": profile_json(person, with_email=EMAIL_SCOPE in call.grant.scopes)}


def set_(call: Call) -> Json:
    """Unknown keys are ignored, as Slack does."""
    target = call.args.text("user") or call.actor
    me = seen_person(call, call.actor)
    if target != call.actor and not me.is_admin:
        raise SlackError("not_admin")
    person = seen_person(call, target)
    given = _given(call)
    if "email" in given and not me.is_admin:
        raise SlackError("not_admin")
    changed = _changed(person, given)
    if changed != person:
        changed = call.workspace.put_person(replace(changed, updated=int(call.sandbox.clock.now())))
        _tell(call, changed, has_new_status=any(getattr(changed, k) != getattr(person, k) for k in _STATUS))
    profile = profile_json(changed, with_email=EMAIL_SCOPE in call.grant.scopes)
    return {"username": changed.name, "profile": profile}


def _given(call: Call) -> Json:
    """The keys to set, from `profile` or from `name` and `value`."""
    profile: Any = call.args.given.get("profile")
    if profile in (None, ""):
        name = call.args.text("name")
        if name is None:
            raise SlackError("invalid_profile")
        profile = {name: call.args.given.get("value")}
    profile = from_json_text(profile, "invalid_profile")
    if not isinstance(profile, dict) or len(profile) > MOST_FIELDS:
        raise SlackError("invalid_profile")
    if any(len(str(name)) > LONGEST_FIELD_NAME for name in profile):
        raise SlackError("invalid_profile")
    return profile


def _changed(person: Person, given: Json) -> Person:
    texts: dict[str, Any] = {name: _text(given[name]) for name in _TEXTS if name in given}
    if "first_name" in given or "last_name" in given:
        first, _, last = person.real_name.partition(" ")
        names = _text(given.get("first_name", first)), _text(given.get("last_name", last))
        texts.setdefault("real_name", " ".join(names).strip())
    for name in ("real_name", "display_name"):
        _check_name(texts.get(name, ""))
    if texts.get("real_name") == "":
        raise SlackError("profile_set_failed")
    changed = replace(person, **texts)
    if "status_expiration" in given:
        changed = replace(changed, status_expiration=_expiration(given["status_expiration"]))
    return _with_status(changed)


def _with_status(person: Person) -> Person:
    """A text without an emoji gets Slack's speech balloon; no status has no end."""
    if len(person.status_text) > LONGEST_STATUS:
        raise SlackError("too_long")
    emoji = person.status_emoji
    if emoji and not (len(emoji) > 2 and emoji[0] == emoji[-1] == ":" and is_known(emoji[1:-1])):
        raise SlackError("profile_status_set_failed_not_valid_emoji")
    if person.status_text and not emoji:
        return replace(person, status_emoji=DEFAULT_STATUS_EMOJI)
    return person if person.status_text or emoji else replace(person, status_expiration=0)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > LONGEST_VALUE:
        raise SlackError("invalid_profile")
    return value


def _check_name(name: str) -> None:
    if name.startswith("@"):
        raise SlackError("invalid_starts_with_at")
    if _ADDRESS.search(name):
        raise SlackError("name_not_allowed")


def _expiration(value: Any) -> int:
    written = str(value or 0)
    if isinstance(value, bool) or not written.isdecimal() or len(written) > 10:
        raise SlackError("invalid_profile")
    return int(written)


def _tell(call: Call, person: Person, *, has_new_status: bool) -> None:
    kinds = ("user_change", "user_profile_changed", "user_status_changed")
    for kind in kinds if has_new_status else kinds[:2]:
        event = {"type": kind, "user": user_json(person, with_locale=True), "cache_ts": person.updated}
        call.workspace.happened(event)


METHODS = {
    "users.profile.get": Method(get, TIER_4, ("users.profile:read",)),
    "users.profile.set": Method(set_, TIER_3, ("users.profile:write",), kinds=USER_ONLY),
}
