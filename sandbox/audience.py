"""Decides whether an app hears of something: by what it subscribed to, its scopes, and who is where."""

from collections.abc import Callable

from sandbox.access import AccessTokens, Grant
from sandbox.changes import Happening
from sandbox.event_types import EVENT_SCOPES, FOR_MEMBERS, UNSUBSCRIBED, subscription_of
from sandbox.manifest import Manifest
from sandbox.people import BOT_USER_ID, TEAM_ID, Channel
from sandbox.types import Json
from sandbox.workspace import Workspace

# The last that an app hears, when its tokens are good for nothing any more.
_FAREWELLS = frozenset({"app_uninstalled", "tokens_revoked"})


class Audience:
    """The app's bot, and the people for whom the app may listen."""

    def __init__(self, workspace: Workspace, manifest: Callable[[], Manifest], access: AccessTokens) -> None:
        self._workspace = workspace
        self._manifest = manifest
        self._access = access

    def hearing(self, happening: Happening) -> Grant | str:
        """By whose permission the app hears of this; or a sentence why it does not. The bot comes first."""
        channel = self._workspace.channels.get(happening.channel or "")
        if happening.channel is not None and channel is None:
            return f"There is no channel {happening.channel}."
        kind = str(happening.event["type"])
        grants = self._access.live_grants()
        bot = Grant("bot", BOT_USER_ID, self._access.bot_scopes)
        obstacle = _obstacle(self._manifest().bot_events, bot, kind, channel)
        if obstacle is None and kind not in _FAREWELLS and not any(grant.is_bot for grant in grants):
            obstacle = "The app is not installed: its bot has no token that is good."
        if obstacle is None:
            return bot
        for grant in grants:
            if grant.kind == "user" and _obstacle(self._manifest().user_events, grant, kind, channel) is None:
                return grant
        return obstacle


def authorization(grant: Grant) -> Json:
    """The entry of an event's `authorizations` for whom it is told."""
    return {
        "enterprise_id": None,
        "team_id": TEAM_ID,
        "user_id": grant.user_id,
        "is_bot": grant.is_bot,
        "is_enterprise_install": False,
    }


def _obstacle(subscribed: tuple[str, ...], grant: Grant, kind: str, channel: Channel | None) -> str | None:
    """What keeps the app from hearing of this by one permission."""
    subscription = subscription_of(kind, channel.kind if channel is not None else None)
    if subscription not in subscribed and subscription not in UNSUBSCRIBED:
        return f"The app has not subscribed to {subscription}."
    needed = EVENT_SCOPES.get(subscription, ())
    if needed and not grant.scopes & set(needed):
        return f"The {grant.kind} token lacks a scope for {subscription}: {' or '.join(needed)}."
    if channel is not None and not _is_within_reach(kind, channel, grant.user_id):
        return f"The app does not hear of {kind} in {channel.id}: it is not in there."
    return None


def _is_within_reach(kind: str, channel: Channel, listener: str) -> bool:
    """Whether this may be heard of in this conversation. Direct messages to the app are no mentions of it."""
    if kind == "app_mention" and channel.is_im:
        return False
    is_open = not channel.is_private and not channel.is_im and kind not in FOR_MEMBERS
    return is_open or listener in channel.members
