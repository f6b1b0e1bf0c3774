"""api.test, auth.test, team.info, bots.info and apps.connections.open."""

from sandbox.api.call import Call, Method
from sandbox.errors import SlackError
from sandbox.messaging import bot_profile
from sandbox.people import BOT_ID, BOT_USER_ID, TEAM_DOMAIN, TEAM_ID, TEAM_NAME
from sandbox.rate_limits import SPECIAL, TIER_1, TIER_3, TIER_4
from sandbox.types import Json


def api_test(call: Call) -> Json:
    error = call.args.text("error")
    if error:
        raise SlackError(error, args=dict(call.args.given))
    return {"args": dict(call.args.given)}


def auth_test(call: Call) -> Json:
    return {
        "url": call.sandbox.config.public_url.rstrip("/") + "/",
        "team": TEAM_NAME,
        "user": call.workspace.bot.name,
        "team_id": TEAM_ID,
        "user_id": BOT_USER_ID,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


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
    """Socket Mode needs an app-level token, and this workspace gives out none."""
    raise SlackError("not_allowed_token_type")


METHODS = {
    "api.test": Method(api_test, TIER_4, is_open=True),
    "auth.test": Method(auth_test, SPECIAL),
    "team.info": Method(team_info, TIER_3, ("team:read",)),
    "bots.info": Method(bots_info, TIER_3, ("users:read",)),
    "apps.connections.open": Method(apps_connections_open, TIER_1),
}
