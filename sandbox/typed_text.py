"""What Slack's composer makes of typed text: mentions and links become control sequences, `&<>` entities."""

import re

from sandbox.workspace import Workspace

_TOKEN = re.compile(r"(?P<url>https?://[^\s<>|]+)|(?<!\w)(?P<mark>[@#])(?P<name>[a-z0-9][a-z0-9._-]*)", re.I)
_BROADCASTS = ("here", "channel", "everyone")


def escape_typed(workspace: Workspace, typed: str) -> str:
    """The text as an app receives it from a command with `should_escape`, or in a message.

    '@bob in #ops' becomes '<@U0BOB|bob> in <#C0OPS|ops>'; a name nobody has stays as it was typed.
    """
    safe = typed.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _TOKEN.sub(lambda match: _resolved(workspace, match), safe)


def link_names(workspace: Workspace, text: str, *, everything: bool) -> str:
    """A message's text with `link_names` (user groups become mentions) or, for `everything`, `parse: full`
    (people, channels and addresses too)."""
    return _TOKEN.sub(lambda match: _linked(workspace, match, everything), text)


def _linked(workspace: Workspace, match: re.Match[str], everything: bool) -> str:
    if match["url"] and match.string[match.start() - 1 : match.start()] in ("<", "|"):
        return match[0]  # a link already
    linked = _resolved(workspace, match)
    return linked if everything or linked.startswith("<!subteam") else match[0]


def _resolved(workspace: Workspace, match: re.Match[str]) -> str:
    if match["url"]:
        return f"<{match['url']}>"
    name = match["name"]
    bare = name.rstrip(".-")  # a full stop after a name ends the sentence
    found = _mention(workspace, match["mark"], bare.lower())
    return found + name[len(bare) :] if found else match[0]


def _mention(workspace: Workspace, mark: str, name: str) -> str | None:
    if mark == "#":
        channels = (c for c in workspace.channels.values() if not c.is_im and c.name == name)
        return next((f"<#{channel.id}|{name}>" for channel in channels), None)
    if name in _BROADCASTS:
        return f"<!{name}>"
    for person in (*workspace.people.values(), workspace.bot):
        if person.name == name:
            return f"<@{person.id}|{name}>"
    groups = (g for g in workspace.groups.values() if g.handle == name and not g.disabled)
    return next((f"<!subteam^{group.id}|@{name}>" for group in groups), None)


_SEQUENCE = re.compile(r"<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>")


def as_typed(workspace: Workspace, text: str) -> str:
    """The reverse: '<@U0BOB>' becomes '@bob' again, and an address stands without its brackets."""
    shown = _SEQUENCE.sub(lambda match: _typed(workspace, match), text)
    return shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _typed(workspace: Workspace, match: re.Match[str]) -> str:
    sign, target, label = match.groups()
    person = workspace.member(target) if sign == "@" else None
    if person is not None:
        return f"@{person.name}"
    if sign == "!":
        return str(label) if label else f"@{target}"
    return f"{sign}{label or target}" if sign else str(target)
