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
    groups = (group for group in workspace.groups.values() if group.handle == name)
    return next((f"<!subteam^{group.id}|@{name}>" for group in groups), None)
