"""Where an open page is: who looks, at which channel, thread or list, and since when."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.workspace import Workspace

PAGE_SIZE = 100
LONGEST = 5000
SHOWS = ("home", "about", "search", "channels")
_TS = re.compile(r"\d{1,12}\.\d{1,9}")
_NUMBER = re.compile(r"\d{1,12}(\.\d{1,9})?")


@dataclass(frozen=True)
class Place:
    """Who looks, where, and since when: private messages older than `since` went with the last reload.

    `show` puts something else in the place of the channel's messages: one of SHOWS; the app's Home and About
    only in the conversation with the app. `words` is what is searched for; `focus` the message to point at.
    """

    user: str
    channel: str
    thread: str | None
    since: float
    limit: int = PAGE_SIZE
    zone: str | None = None  # the browser's, where it said so
    show: str = ""
    words: str = ""
    focus: str | None = None


def place_of(query: Mapping[str, str], workspace: Workspace) -> Place:
    """The place an address names; the first person and the first channel they see, where it names none."""
    user = query.get("user", "")
    if user not in workspace.people:
        user = next(iter(workspace.people))
    wanted = query.get("channel", "")
    channel = _channel(wanted, user, query.get("show", ""), workspace)
    thread = query.get("thread", "") if channel == wanted else ""
    since = _number(query.get("since"), workspace.clock.now())
    limit = min(max(int(_number(query.get("limit"), PAGE_SIZE)), 1), LONGEST)
    return Place(
        user,
        channel,
        _ts(thread),
        since,
        limit,
        query.get("zone"),
        _shown(query.get("show", ""), channel, workspace),
        query.get("q", "")[:200],
        _ts(query.get("at", "")),
    )


def _channel(wanted: str, user: str, show: str, workspace: Workspace) -> str:
    if wanted == "app" or (not wanted and show in ("home", "about")):
        return workspace.direct_message(user)[0].id
    seen = workspace.channels_of(user)
    if any(channel.id == wanted for channel in seen):
        return wanted
    joined = next((channel.id for channel in seen if user in channel.members), None)
    return joined or (seen[0].id if seen else workspace.direct_message(user)[0].id)


def is_with_app(channel_id: str, workspace: Workspace) -> bool:
    """Whether this is a conversation between the app and one person."""
    channel = workspace.channels[channel_id]
    return channel.is_im and workspace.bot.id in channel.members


def _shown(show: str, channel: str, workspace: Workspace) -> str:
    if show in ("home", "about") and not is_with_app(channel, workspace):
        return ""
    return show if show in SHOWS else ""


def _ts(text: str) -> str | None:
    return text if _TS.fullmatch(text) else None


def _number(text: str | None, default: float) -> float:
    return float(text) if text and _NUMBER.fullmatch(text) else default
