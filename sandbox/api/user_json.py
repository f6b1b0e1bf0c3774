"""How a person is described to the app, in answers and in events."""

from sandbox.api.channel_json import LOCALE
from sandbox.people import APP_ID, BOT_ID, TEAM_ID, Person
from sandbox.types import Json


def user_json(person: Person, *, with_locale: bool = False, with_email: bool = False) -> Json:
    """Slack's user object. The address is told to those with the scope users:read.email only."""
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
        "profile": profile_json(person, with_email=with_email),
        "is_admin": person.is_admin,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": person.is_guest,
        "is_ultra_restricted": False,
        "is_bot": person.is_bot,
        "is_app_user": False,
        "updated": person.updated,
        "is_email_confirmed": bool(person.email),
        "who_can_share_contact_card": "EVERYONE",
    }
    return described | ({"locale": LOCALE} if with_locale else {})


def profile_json(person: Person, *, with_email: bool = False) -> Json:
    shown_name = person.display_name or person.name
    first, _, last = person.real_name.partition(" ")
    profile: Json = {
        "title": person.title,
        "phone": person.phone,
        "skype": "",
        "real_name": person.real_name,
        "real_name_normalized": person.real_name,
        "display_name": shown_name,
        "display_name_normalized": shown_name,
        "fields": {},
        "pronouns": person.pronouns,
        "status_text": person.status_text,
        "status_emoji": person.status_emoji,
        "status_emoji_display_info": [],
        "status_expiration": person.status_expiration,
        "avatar_hash": "",
        "first_name": first,
        "last_name": last,
        "team": TEAM_ID,
    }
    if with_email and person.email:
        profile["email"] = person.email
    return profile | ({"bot_id": BOT_ID, "api_app_id": APP_ID} if person.is_bot else {})
