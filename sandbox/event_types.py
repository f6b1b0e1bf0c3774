"""The events an app may subscribe to: the scopes each needs, and whether the app must be where it happens.

From docs.slack.dev/reference/events and its scope pages.
"""

from collections.abc import Mapping

_READ_CHANNELS = ("channels:read", "groups:read")

# Subscription -> scopes, any one of which suffices; none needed where there is none.
EVENT_SCOPES: Mapping[str, tuple[str, ...]] = {
    "app_home_opened": (),
    "app_mention": ("app_mentions:read",),
    "app_uninstalled": (),
    "assistant_thread_context_changed": ("assistant:write",),
    "assistant_thread_started": ("assistant:write",),
    "call_rejected": ("calls:read",),
    "channel_archive": ("channels:read",),
    "channel_created": ("channels:read",),
    "channel_deleted": ("channels:read",),
    "channel_history_changed": ("channels:history",),
    "channel_id_changed": ("channels:read",),
    "channel_left": ("channels:read",),
    "channel_rename": ("channels:read",),
    "channel_shared": _READ_CHANNELS,
    "channel_unarchive": ("channels:read",),
    "channel_unshared": _READ_CHANNELS,
    "dnd_updated": ("dnd:read",),
    "dnd_updated_user": ("dnd:read",),
    "email_domain_changed": ("team:read",),
    "emoji_changed": ("emoji:read",),
    "entity_details_requested": (),
    "file_change": ("files:read",),
    "file_created": ("files:read",),
    "file_deleted": ("files:read",),
    "file_public": ("files:read",),
    "file_shared": ("files:read",),
    "file_unshared": ("files:read",),
    "function_executed": (),
    "group_archive": ("groups:read",),
    "group_close": ("groups:read",),
    "group_deleted": ("groups:read",),
    "group_history_changed": ("groups:history",),
    "group_left": ("groups:read",),
    "group_open": ("groups:read",),
    "group_rename": ("groups:read",),
    "group_unarchive": ("groups:read",),
    "im_close": ("im:read",),
    "im_created": ("im:read",),
    "im_history_changed": ("im:history",),
    "im_open": ("im:read",),
    "invite_requested": ("admin.invites:read",),
    "link_shared": ("links:read",),
    "member_joined_channel": _READ_CHANNELS,
    "member_left_channel": _READ_CHANNELS,
    "message.app_home": ("im:history",),
    "message.channels": ("channels:history",),
    "message.groups": ("groups:history",),
    "message.im": ("im:history",),
    "message.mpim": ("mpim:history",),
    "message_metadata_deleted": ("metadata.message:read",),
    "message_metadata_posted": ("metadata.message:read",),
    "message_metadata_updated": ("metadata.message:read",),
    "pin_added": ("pins:read",),
    "pin_removed": ("pins:read",),
    "reaction_added": ("reactions:read",),
    "reaction_removed": ("reactions:read",),
    "shared_channel_invite_accepted": ("conversations.connect:manage",),
    "shared_channel_invite_approved": ("conversations.connect:manage",),
    "shared_channel_invite_declined": ("conversations.connect:manage",),
    "shared_channel_invite_received": ("conversations.connect:read",),
    "shared_channel_invite_requested": ("conversations.connect:manage",),
    "star_added": ("stars:read",),
    "star_removed": ("stars:read",),
    "subteam_created": ("usergroups:read",),
    "subteam_members_changed": ("usergroups:read",),
    "subteam_self_added": ("usergroups:read",),
    "subteam_self_removed": ("usergroups:read",),
    "subteam_updated": ("usergroups:read",),
    "team_access_granted": (),
    "team_access_revoked": (),
    "team_domain_change": ("team:read",),
    "team_join": ("users:read",),
    "team_rename": ("team:read",),
    "tokens_revoked": (),
    "user_change": ("users:read",),
    "user_huddle_changed": ("users:read",),
    "user_profile_changed": ("users.profile:read",),
    "user_status_changed": ("users:read",),
}

# Sent without a subscription: to whom a custom step or an installation belongs, or whose events are too many.
UNSUBSCRIBED = frozenset({"function_executed"})

# The message subscription and `channel_type`, by the kind of the conversation.
MESSAGE_SUBSCRIPTIONS: Mapping[str, tuple[str, str]] = {
    "public_channel": ("message.channels", "channel"),
    "private_channel": ("message.groups", "group"),
    "im": ("message.im", "im"),
    "mpim": ("message.mpim", "mpim"),
}

# These the app hears only where its bot is a member; of others in public channels it hears everywhere.
FOR_MEMBERS = frozenset(
    {
        "app_mention",
        "file_shared",
        "link_shared",
        "member_joined_channel",
        "member_left_channel",
        "message",
        "message_metadata_deleted",
        "message_metadata_posted",
        "message_metadata_updated",
        "pin_added",
        "pin_removed",
        "reaction_added",
        "reaction_removed",
    }
)


def subscription_of(event_type: str, channel_kind: str | None) -> str:
    """The name under which an app subscribes to an event of this type in this kind of conversation."""
    if event_type == "message" and channel_kind is not None:
        return MESSAGE_SUBSCRIPTIONS[channel_kind][0]
    return event_type
