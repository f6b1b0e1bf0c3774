"""How a conversation is described to the owner of a token."""

from sandbox.people import TEAM_ID, Channel
from sandbox.types import Json
from sandbox.workspace import Workspace

LOCALE = "en-US"
UNREAD = "0000000000.000000"


def channel_json(workspace: Workspace, channel: Channel, viewer: str, *, lists: bool = False) -> Json:
    """Slack's conversation object. In `lists` the read cursor is missing, as in conversations.list."""
    if channel.is_im:
        return _direct_message(workspace, channel, viewer, lists=lists)
    is_member = viewer in channel.members
    described: Json = {
        "id": channel.id,
        "name": channel.name,
        "is_channel": not channel.is_private,
        "is_group": channel.is_mpim,
        "is_im": False,
        "is_mpim": channel.is_mpim,
        "is_private": channel.is_private,
        "created": channel.created,
        "is_archived": channel.is_archived,
        "is_general": channel.name == "general",
        "unlinked": 0,
        "name_normalized": channel.name,
        "is_shared": False,
        "is_org_shared": False,
        "is_pending_ext_shared": False,
        "pending_shared": [],
        "context_team_id": TEAM_ID,
        "updated": max(channel.created, channel.topic_at, channel.purpose_at) * 1000,
        "creator": channel.creator,
        "is_ext_shared": False,
        "shared_team_ids": [TEAM_ID],
        "pending_connected_team_ids": [],
        "is_member": is_member,
        "topic": {"value": channel.topic, "creator": channel.topic_by, "last_set": channel.topic_at},
        "purpose": {"value": channel.purpose, "creator": channel.purpose_by, "last_set": channel.purpose_at},
        "previous_names": list(channel.previous_names),
    }
    if channel.is_mpim:
        described["is_open"] = not channel.is_closed
    if is_member and not lists:
        described["last_read"] = last_read(workspace, channel, viewer)
    return described


def _direct_message(workspace: Workspace, channel: Channel, viewer: str, *, lists: bool) -> Json:
    other = next(iter(channel.members - {viewer}), viewer)
    person = workspace.member(other)
    described: Json = {
        "id": channel.id,
        "created": channel.created,
        "is_archived": False,
        "is_im": True,
        "is_org_shared": False,
        "context_team_id": TEAM_ID,
        "updated": channel.created * 1000,
        "user": other,
        "is_user_deleted": person is None or person.is_deactivated,
    }
    if lists:
        return described
    return described | {"last_read": last_read(workspace, channel, viewer), "is_open": not channel.is_closed}


def last_read(workspace: Workspace, channel: Channel, viewer: str) -> str:
    return workspace.boards.marks.get(viewer, {}).get(channel.id, UNREAD)
