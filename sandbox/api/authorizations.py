"""apps.event.authorizations.list: for which installations of the app an event was seen."""

import base64
import binascii
import json

from sandbox.api.call import APP_LEVEL, Call, Method, next_cursor
from sandbox.errors import SlackError
from sandbox.people import APP_ID, BOT_USER_ID, TEAM_ID
from sandbox.rate_limits import SPECIAL
from sandbox.types import Json


def list_(call: Call) -> Json:
    """One installation in one workspace: the bot's, which is what the event itself said."""
    _check_context(call.args.need("event_context"))
    bot = {
        "enterprise_id": None,
        "team_id": TEAM_ID,
        "user_id": BOT_USER_ID,
        "is_bot": True,
        "is_enterprise_install": False,
    }
    page, cursor = call.page([bot], 100, 1000)
    return {"authorizations": page} | next_cursor(cursor)


def _check_context(event_context: str) -> None:
    version, _, encoded = event_context.partition("-")
    try:
        context = json.loads(base64.b64decode(encoded, validate=True))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise SlackError("invalid_event_context") from error
    if version != "4" or not isinstance(context, dict) or context.get("tid") != TEAM_ID:
        raise SlackError("invalid_event_context")
    if context.get("aid") != APP_ID:
        raise SlackError("auth_mismatch")


METHODS = {
    "apps.event.authorizations.list": Method(list_, SPECIAL, ("authorizations:read",), kinds=APP_LEVEL)
}
