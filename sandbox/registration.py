"""Installs an app from its manifest, at any time, and takes it away again."""

from sandbox.changes import Change
from sandbox.context import Sandbox
from sandbox.manifest import Manifest
from sandbox.people import APP_ID, BOT_ID, BOT_USER_ID, bot_user
from sandbox.types import Json


def install(sandbox: Sandbox, manifest: Manifest) -> None:
    """Put this app in the place of the one before it. Its tokens for the bot, the app and its author stay the
    same strings, so that a process which has them needs no restart; what OAuth gave out ends."""
    sandbox.manifest = manifest
    sandbox.access.reset(manifest.bot_scopes)
    sandbox.codes.forget_all()
    sandbox.workspace.bot = bot_user(manifest.bot_name or manifest.name)
    sandbox.workspace.publish(Change("app"))


async def check_addresses(sandbox: Sandbox) -> list[Json]:
    """Ask the app's addresses to prove themselves, as Slack does when somebody enters them: {url, check, ok,
    message}, one row for each. With Socket Mode there are none."""
    manifest, rows = sandbox.manifest, []
    if manifest.socket_mode:
        return []
    if manifest.events_url is not None and (manifest.bot_events or manifest.user_events):
        problem = await sandbox.delivery.verify_url(manifest.events_url)
        rows.append(_row(manifest.events_url, "url_verification", problem))
    for url in dict.fromkeys(command.url for command in manifest.commands if command.url is not None):
        rows.append(_row(url, "ssl_check", await sandbox.delivery.check_ssl(url)))
    return rows


def _row(url: str, check: str, problem: str | None) -> Json:
    return {"url": url, "check": check, "ok": problem is None, "message": problem or ""}


def uninstall(sandbox: Sandbox) -> None:
    """End all tokens of the workspace, and tell the app that it is gone. Installing by OAuth brings it back."""
    ended = sandbox.access.revoke_all()
    people = sorted({grant.user_id for grant in ended if not grant.is_bot})
    has_bot = any(grant.is_bot for grant in ended)
    tokens = {"oauth": people, "bot": [BOT_USER_ID] if has_bot else []}
    sandbox.workspace.happened({"type": "tokens_revoked", "tokens": tokens})
    sandbox.workspace.happened({"type": "app_uninstalled"})


def description(sandbox: Sandbox) -> Json:
    """The installed app, with all that a process has to know to be it."""
    config, manifest = sandbox.config, sandbox.manifest
    return {
        "app_id": APP_ID,
        "bot_id": BOT_ID,
        "bot_user_id": BOT_USER_ID,
        "name": manifest.name,
        "bot_token": config.bot_token,
        "app_token": config.app_token,
        "config_token": config.config_token,
        "signing_secret": config.signing_secret,
        "client_id": config.client_id,
        "client_secret": config.client_secret,
        "api_url": config.public_url.rstrip("/") + "/api/",
        "scopes": sorted(sandbox.scopes),
        "user_scopes": list(manifest.user_scopes),
        "socket_mode": manifest.socket_mode,
        "events_url": manifest.events_url,
        "actions_url": manifest.actions_url,
        "options_url": manifest.options_url,
        "commands": [{"command": command.command, "url": command.url} for command in manifest.commands],
        "manifest": manifest.document,
    }
