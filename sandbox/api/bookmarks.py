"""bookmarks.add, edit, list and remove."""

import re

from sandbox.api.arguments import invalid_arguments
from sandbox.api.call import Call, Method
from sandbox.changes import Change
from sandbox.errors import SlackError
from sandbox.people import APP_ID, TEAM_ID, Channel
from sandbox.rate_limits import TIER_2, TIER_3
from sandbox.tokens import new_id
from sandbox.types import Json

LONGEST_TITLE = 256
LONGEST_LINK = 2048
MOST_BOOKMARKS = 100  # in one channel (Slack's help page on bookmarks)
_LINK = re.compile(r"https?://[^\s/]\S*", re.I)
_EMOJI = re.compile(r":[\w+'-]+(::skin-tone-[2-6])?:")


def add(call: Call) -> Json:
    channel = _joined(call)
    title, kind = _text(call, "title", LONGEST_TITLE), call.args.need("type")
    if title is None:
        raise invalid_arguments("missing required field: title")
    if kind != "link":
        raise SlackError("invalid_bookmark_type")
    bookmarks = call.workspace.boards.bookmarks_of(channel.id)
    if len(bookmarks) >= MOST_BOOKMARKS:
        raise SlackError("too_many_bookmarks")
    link = _link(call)
    if link is None:
        raise SlackError("invalid_link")
    bookmark: Json = {
        "id": new_id("Bk"),
        "channel_id": channel.id,
        "title": title,
        "link": link,
        "emoji": _emoji(call) or "",
        "icon_url": "",
        "type": kind,
        "entity_id": call.args.text("entity_id"),
        "date_created": _now(call),
        "date_updated": 0,
        "rank": _rank(len(bookmarks)),
        "last_updated_by_user_id": call.actor,
        "last_updated_by_team_id": TEAM_ID,
        "shortcut_id": None,
        "app_id": APP_ID,
        "app_action_id": None,
    }
    return _kept(call, channel, bookmark)


def edit(call: Call) -> Json:
    channel = _joined(call)
    bookmark = _bookmark(call, channel)
    title, link, emoji = _text(call, "title", LONGEST_TITLE), _link(call), _emoji(call)
    given = {"title": title, "link": link, "emoji": emoji}
    changes = {name: value for name, value in given.items() if value is not None}
    stamp = {"date_updated": _now(call), "last_updated_by_user_id": call.actor}
    return _kept(call, channel, bookmark | changes | stamp)


def remove(call: Call) -> Json:
    channel = _joined(call)
    bookmark = _bookmark(call, channel)
    del call.workspace.boards.bookmarks_of(channel.id)[bookmark["id"]]
    call.workspace.publish(Change("channel", channel.id))
    return {}


def list_(call: Call) -> Json:
    channel = _joined(call)
    return {"bookmarks": list(call.workspace.boards.bookmarks_of(channel.id).values())}


def _joined(call: Call) -> Channel:
    channel = call.channel("channel_id")
    if call.actor not in channel.members:
        raise SlackError("access_denied")
    return channel


def _bookmark(call: Call, channel: Channel) -> Json:
    found = call.workspace.boards.bookmarks_of(channel.id).get(call.args.need("bookmark_id"))
    if found is None:
        raise SlackError("not_found")
    return found


def _kept(call: Call, channel: Channel, bookmark: Json) -> Json:
    call.workspace.boards.bookmarks_of(channel.id)[bookmark["id"]] = bookmark
    call.workspace.publish(Change("channel", channel.id))
    return {"bookmark": bookmark}


def _text(call: Call, name: str, most: int) -> str | None:
    text = call.args.text(name)
    if text is not None and len(text) > most:
        raise invalid_arguments(f"must be less than {most + 1} characters [json-pointer:/{name}]")
    return text


def _link(call: Call) -> str | None:
    link = _text(call, "link", LONGEST_LINK)
    if link is not None and not _LINK.fullmatch(link):
        raise SlackError("invalid_link")
    return link


def _emoji(call: Call) -> str | None:
    emoji = call.args.text("emoji")
    if emoji is not None and not _EMOJI.fullmatch(emoji):
        raise SlackError("invalid_emoji")
    return emoji


def _rank(position: int) -> str:
    """Letters that sort in the order of adding."""
    return f"{chr(ord('a') + position // 26)}{chr(ord('a') + position % 26)}"


def _now(call: Call) -> int:
    return int(call.sandbox.clock.now())


METHODS = {
    "bookmarks.add": Method(add, TIER_2, ("bookmarks:write",)),
    "bookmarks.edit": Method(edit, TIER_2, ("bookmarks:write",)),
    "bookmarks.remove": Method(remove, TIER_2, ("bookmarks:write",)),
    "bookmarks.list": Method(list_, TIER_3, ("bookmarks:read",)),
}
