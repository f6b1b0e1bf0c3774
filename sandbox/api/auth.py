"""api.test, auth.test, team.info, bots.info and apps.connections.open."""

from sandbox.api.call import ANY_TOKEN, APP_LEVEL, Call, Method
from sandbox.errors import SlackError
from sandbox.messaging import bot_profile
from sandbox.people import APP_ID, BOT_ID, TEAM_DOMAIN, TEAM_ID, TEAM_NAME
from sandbox.rate_limits import SPECIAL, TIER_3, TIER_4
from sandbox.types import Json


def api_test(call: Call) -> Json:
    error = call.args.text("error")
    if error:
        raise SlackError(error, args=dict(call.args.given))
    return {"args": dict(call.args.given)}


def auth_test(call: Call) -> Json:
    """Who the token acts as; an app-level token acts as nobody, and belongs to the app."""
    if not call.grant.is_of_workspace:
        return {"app_id": APP_ID, "app_name": call.sandbox.manifest.name}
    acting = call.workspace.member(call.grant.user_id)
    answer = {
        "url": call.sandbox.config.public_url.rstrip("/") + "/",
        "team": TEAM_NAME,
        "user": acting.name if acting is not None else "",
        "team_id": TEAM_ID,
        "user_id": call.grant.user_id,
    }
    return answer | ({"bot_id": BOT_ID} if call.grant.is_bot else {}) | {"is_enterprise_install": False}


def team_info(call: Call) -> Json:
    asked = call.args.text("team")
    if asked not in (None, TEAM_ID):
        raise SlackError("team_not_found")
    team = {"id": TEAM_ID, "name": TEAM_NAME, "domain": TEAM_DOMAIN, "email_domain": "", "icon": {}}
    return {"team": team}


def bots_info(call: Call) -> Json:
    asked = call.args.text("bot")
    if asked not in (None, BOT_ID):
        raise SlackError("bot_not_found")
    profile = bot_profile(call.workspace)
    return {
        "bot": {
            key: profile[key] for key in ("id", "deleted", "name", "updated", "app_id", "user_id", "icons")
        }
    }


def apps_connections_open(call: Call) -> Json:
    """Where the app may connect in Socket Mode."""
    return {"url": call.sandbox.socket_mode.address()}


METHODS = {
    "api.test": Method(api_test, TIER_4, is_open=True),
    "auth.test": Method(auth_test, SPECIAL, kinds=ANY_TOKEN),
    "team.info": Method(team_info, TIER_3, ("team:read",)),
    "bots.info": Method(bots_info, TIER_3, ("users:read",)),
    "apps.connections.open": Method(apps_connections_open, TIER_3, ("connections:write",), kinds=APP_LEVEL),
}
