"""auth.revoke, auth.teams.list, apps.uninstall and apps.manifest.*: an app, its installation and its manifest."""

from sandbox.access import TokenKind
from sandbox.api.call import Call, Method, next_cursor
from sandbox.api.oauth import check_client
from sandbox.errors import SlackError
from sandbox.manifest_file import ManifestError, parse_source, read_manifest
from sandbox.people import APP_ID, BOT_USER_ID, TEAM_ID, TEAM_NAME
from sandbox.rate_limits import TIER_1, TIER_2, TIER_3
from sandbox.registration import uninstall
from sandbox.types import Json

CONFIG_ONLY: frozenset[TokenKind] = frozenset({"config"})


def auth_revoke(call: Call) -> Json:
    """Ends the very token it is called with; with `test` only says that it could."""
    if call.args.flag("test") or call.token is None:
        return {"revoked": False}
    call.sandbox.access.revoke(call.token)
    ended = (
        {"oauth": [], "bot": [BOT_USER_ID]}
        if call.grant.is_bot
        else {"oauth": [call.grant.user_id], "bot": []}
    )
    call.workspace.happened({"type": "tokens_revoked", "tokens": ended})
    return {"revoked": True}


def auth_teams_list(call: Call) -> Json:
    rows, cursor = call.page([{"id": TEAM_ID, "name": TEAM_NAME}], 100, 1000)
    return {"teams": rows} | next_cursor(cursor)


def apps_uninstall(call: Call) -> Json:
    check_client(call)
    uninstall(call.sandbox)
    return {}


def apps_manifest_validate(call: Call) -> Json:
    _check_app(call)
    try:
        source = call.args.need("manifest") if isinstance(call.args.given.get("manifest"), str) else None
        read_manifest(call.args.given["manifest"] if source is None else parse_source(source))
    except KeyError as error:
        raise SlackError("invalid_arguments") from error
    except ManifestError as error:
        raise SlackError("invalid_manifest", errors=error.told()) from error
    return {"errors": []}


def apps_manifest_export(call: Call) -> Json:
    call.args.need("app_id")
    _check_app(call)
    return {"manifest": call.sandbox.manifest.document}


def _check_app(call: Call) -> None:
    if call.args.text("app_id") not in (None, APP_ID):
        raise SlackError("invalid_app_id")


METHODS = {
    "auth.revoke": Method(auth_revoke, TIER_3),
    "auth.teams.list": Method(auth_teams_list, TIER_2),
    "apps.uninstall": Method(apps_uninstall, TIER_1),
    "apps.manifest.validate": Method(apps_manifest_validate, TIER_3, kinds=CONFIG_ONLY),
    "apps.manifest.export": Method(apps_manifest_export, TIER_3, kinds=CONFIG_ONLY),
}
