"""Reactions to messages, by the app and by people. Refusals are SlackError with the codes of reactions.*."""

from sandbox.errors import SlackError
from sandbox.message_store import Message
from sandbox.render.emoji import is_known
from sandbox.types import Json
from sandbox.workspace import Workspace

# Slack's help pages on emoji: different ones on a message, and those of one person on it.
MOST_EMOJI = 50
MOST_OF_ONE_PERSON = 23

_ALIASES = {"thumbsup": "+1", "thumbsdown": "-1"}


def add(workspace: Workspace, user: str, channel: str, message: Message, name: str) -> None:
    name = _known_name(name)
    given = _by_name(message)
    if user in given.get(name, []):
        raise SlackError("already_reacted")
    if name not in given and len(given) >= MOST_EMOJI:
        raise SlackError("too_many_emoji")
    if sum(user in users for users in given.values()) >= MOST_OF_ONE_PERSON:
        raise SlackError("too_many_reactions")
    given[name] = [*given.get(name, []), user]
    _keep(workspace, channel, message, given)
    _tell(workspace, "reaction_added", user, channel, message, name)


def remove(workspace: Workspace, user: str, channel: str, message: Message, name: str) -> None:
    name = _known_name(name)
    given = _by_name(message)
    if user not in given.get(name, []):
        raise SlackError("no_reaction")
    given[name] = [one for one in given[name] if one != user]
    _keep(workspace, channel, message, given)
    _tell(workspace, "reaction_removed", user, channel, message, name)


def toggle(workspace: Workspace, user: str, channel: str, ts: str, name: str) -> bool:
    """Add a reaction, or take it away where this person has given it; whether it is there afterwards."""
    message = workspace.history.get(channel, ts)
    if message is None or message.is_tombstone:
        raise SlackError("message_not_found")
    if workspace.channels[channel].is_archived:
        raise SlackError("is_archived")
    if user in _by_name(message).get(_known_name(name), []):
        remove(workspace, user, channel, message, name)
        return False
    add(workspace, user, channel, message, name)
    return True


def has_reacted(message: Message, user: str) -> bool:
    return any(user in users for users in _by_name(message).values())


def _known_name(name: str) -> str:
    """The name Slack keeps, for some emoji have several."""
    base, mark, tone = name.partition("::")
    if not is_known(name):
        raise SlackError("invalid_name")
    return _ALIASES.get(base, base) + mark + tone


def _by_name(message: Message) -> dict[str, list[str]]:
    return {one["name"]: one["users"] for one in message.payload.get("reactions", [])}


def _keep(workspace: Workspace, channel: str, message: Message, given: dict[str, list[str]]) -> None:
    reactions: list[Json] = [
        {"name": name, "users": users, "count": len(users)} for name, users in given.items() if users
    ]
    workspace.history.decorate(channel, message.ts, reactions=reactions)


def _tell(workspace: Workspace, kind: str, user: str, channel: str, message: Message, name: str) -> None:
    item = {"type": "message", "channel": channel, "ts": message.ts}
    event: Json = {"type": kind, "user": user, "reaction": name, "item": item}
    author = message.payload.get("user")
    workspace.happened(event | ({"item_user": author} if author else {}), channel)
