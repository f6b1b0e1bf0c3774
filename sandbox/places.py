"""What the app and people do to channels: make, rename, archive, describe, come and go.

Each is told to the app as an event and written into the channel as Slack's own remark (channel_join,
channel_topic, ...). Refusals are SlackError with the codes of conversations.*; who may do it at all is
for the caller to decide, but for what the codes of a method say.
"""

from dataclasses import replace

from sandbox.errors import SlackError
from sandbox.message_store import Message
from sandbox.people import BOT_USER_ID, TEAM_ID, Channel
from sandbox.tokens import new_id
from sandbox.types import Json
from sandbox.workspace import Workspace

LONGEST_NAME = 80
LONGEST_DESCRIPTION = 250  # of a topic and of a purpose
_MARKS = frozenset("-_")


def create(workspace: Workspace, actor: str, name: str, *, is_private: bool) -> Channel:
    """A new channel with only its creator in it."""
    check_name(workspace, name)
    now = int(workspace.clock.now())
    channel = workspace.put_channel(
        Channel(new_id("C"), name, is_private=is_private, created=now, creator=actor)
    )
    if not is_private:
        described = _brief(channel) | {"creator": actor, "is_shared": False, "is_org_shared": False}
        workspace.happened({"type": "channel_created", "channel": described})
    return add_member(workspace, channel.id, actor)


def check_name(workspace: Workspace, name: str) -> None:
    """Slack's rules: at most 80 lower-case letters, digits, hyphens and underscores, and not taken."""
    if not name.strip():
        raise SlackError("invalid_name_required")
    if len(name) > LONGEST_NAME:
        raise SlackError("invalid_name_maxlength")
    if name != name.lower() or not all(letter.isalnum() or letter in _MARKS for letter in name):
        raise SlackError("invalid_name_specials")
    if set(name) <= _MARKS:
        raise SlackError("invalid_name_punctuation")
    if any(c.name == name for c in workspace.channels.values() if not c.is_im):
        raise SlackError("name_taken")


def rename(workspace: Workspace, actor: str, channel: Channel, name: str) -> Channel:
    check_name(workspace, name)
    names = (channel.name, *(old for old in channel.previous_names if old != channel.name))
    renamed = workspace.put_channel(replace(channel, name=name, previous_names=names))
    text = f'has renamed the channel from "{channel.name}" to "{name}"'
    _remark(workspace, channel, actor, "channel_name", text, old_name=channel.name, name=name)
    event = _kind(channel, "rename")
    workspace.happened({"type": event, "channel": _brief(renamed) | {"is_mpim": False}}, _scene(channel))
    return renamed


def archive(workspace: Workspace, actor: str, channel: Channel) -> Channel:
    if channel.is_archived:
        raise SlackError("already_archived")
    if is_general(channel):
        raise SlackError("cant_archive_general")
    _remark(workspace, channel, actor, "channel_archive", "archived the channel")
    archived = workspace.change_channel(channel.id, archived=True)
    event = {"type": _kind(channel, "archive"), "channel": channel.id, "user": actor, "is_moved": 0}
    workspace.happened(event, _scene(channel))
    return archived


def unarchive(workspace: Workspace, actor: str, channel: Channel) -> Channel:
    if not channel.is_archived:
        raise SlackError("not_archived")
    opened = workspace.change_channel(channel.id, archived=False)
    _remark(workspace, channel, actor, "channel_unarchive", "un-archived the channel")
    event = {"type": _kind(channel, "unarchive"), "channel": channel.id, "user": actor}
    workspace.happened(event, _scene(channel))
    return opened


def set_topic(workspace: Workspace, actor: str, channel: Channel, topic: str) -> Channel:
    """An empty topic takes it away."""
    _check_description(channel, topic)
    now = int(workspace.clock.now())
    changed = workspace.put_channel(replace(channel, topic=topic, topic_by=actor, topic_at=now))
    text = f"set the channel topic: {topic}" if topic else "cleared the channel topic"
    _remark(workspace, channel, actor, "channel_topic", text, topic=topic)
    return changed


def set_purpose(workspace: Workspace, actor: str, channel: Channel, purpose: str) -> Channel:
    """What people see as the channel's description; an empty one takes it away."""
    _check_description(channel, purpose)
    now = int(workspace.clock.now())
    changed = workspace.put_channel(replace(channel, purpose=purpose, purpose_by=actor, purpose_at=now))
    text = f"set the channel description: {purpose}" if purpose else "cleared the channel description"
    _remark(workspace, channel, actor, "channel_purpose", text, purpose=purpose)
    return changed


def add_member(workspace: Workspace, channel_id: str, user: str, inviter: str | None = None) -> Channel:
    """Somebody comes in, by themselves or invited."""
    by = {"inviter": inviter} if inviter else {}
    joined = workspace.set_member(channel_id, user, True)
    _remark(workspace, joined, user, "channel_join", f"<@{user}> has joined the channel", **by)
    event = {"type": "member_joined_channel", **_membership(joined, user), **by}
    workspace.happened(event, channel_id)
    return joined


def remove_member(workspace: Workspace, channel: Channel, user: str, actor: str) -> Channel:
    """Somebody goes, or is made to go by `actor`; those who stay hear of it, the app of itself by another event."""
    left = workspace.set_member(channel.id, user, False)
    _remark(workspace, channel, user, "channel_leave", f"<@{user}> has left the channel")
    workspace.happened({"type": "member_left_channel", **_membership(channel, user)}, channel.id)
    if user == BOT_USER_ID:
        workspace.happened({"type": _kind(channel, "left"), "channel": channel.id, "actor_id": actor})
    return left


def is_general(channel: Channel) -> bool:
    """The channel that everybody is in and nobody can archive or leave."""
    return channel.id == "C0GENERAL"


def _check_description(channel: Channel, text: str) -> None:
    if channel.is_archived:
        raise SlackError("is_archived")
    if len(text) > LONGEST_DESCRIPTION:
        raise SlackError("too_long")


def _remark(workspace: Workspace, channel: Channel, user: str, subtype: str, text: str, **more: str) -> None:
    """Slack's own line in the channel."""
    if channel.is_im:
        return
    safe = text if subtype in ("channel_join", "channel_leave") else _escaped(text)
    payload = {
        "type": "message",
        "subtype": subtype,
        "ts": workspace.timestamps.next(),
        "user": user,
        "text": safe,
        **more,
    }
    workspace.history.add(channel.id, Message(payload))


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _membership(channel: Channel, user: str) -> Json:
    letter = "G" if channel.is_private else "C"
    return {"user": user, "channel": channel.id, "channel_type": letter, "team": TEAM_ID}


def _brief(channel: Channel) -> Json:
    return {
        "id": channel.id,
        "is_channel": not channel.is_private,
        "name": channel.name,
        "name_normalized": channel.name,
        "created": channel.created,
    }


def _kind(channel: Channel, what: str) -> str:
    """Private channels have events of their own."""
    return f"{'group' if channel.is_private else 'channel'}_{what}"


def _scene(channel: Channel) -> str | None:
    """Where it happened: what befalls a public channel is known to everybody."""
    return channel.id if channel.is_private else None
