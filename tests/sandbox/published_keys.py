"""Which keys Slack's published samples have: facts noted from slackapi/java-slack-sdk (MIT) and Slack's own pages.

`source` names the sample; a path begins at json-logs/samples of that repository. `needed` are the keys that are
always there, `known` all that a sample has, or a page names where the sample is older than the page.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Keys:
    source: str
    needed: frozenset[str]
    known: frozenset[str]


def _keys(source: str, needed: str, more: str = "") -> Keys:
    always = frozenset(needed.split())
    return Keys(source, always, always | frozenset(more.split()))


_BACKEND = "app-backend/"
_STEP = "bot_access_token function_data interactivity"

COMMAND = _keys(
    _BACKEND + "slash-commands/SlashCommandPayload.json; docs /interactivity/implementing-slash-commands",
    "token api_app_id team_id team_domain channel_id channel_name user_id "
    "user_name command text response_url "
    "trigger_id is_enterprise_install",
    "enterprise_id enterprise_name",
)
BLOCK_ACTIONS_IN_MESSAGE = _keys(
    _BACKEND + "interactive-components/BlockActionPayload.json",
    "type team user api_app_id token container trigger_id channel message response_url state actions "
    "is_enterprise_install enterprise",
    _STEP + " app_unfurl",
)
BLOCK_ACTIONS_IN_VIEW = _keys(
    _BACKEND + "interactive-components/BlockActionPayload.json",
    "type team user api_app_id token container trigger_id view actions is_enterprise_install enterprise",
    _STEP,
)
VIEW_SUBMISSION = _keys(
    _BACKEND
    + "views/ViewSubmissionPayload.json; docs /reference/interaction-payloads/view-interactions-payload",
    "type team user api_app_id token trigger_id view response_urls is_enterprise_install enterprise",
    _STEP,
)
VIEW_CLOSED = _keys(
    _BACKEND + "views/ViewClosedPayload.json",
    "type team user api_app_id token view is_cleared is_enterprise_install enterprise",
    _STEP,
)
BLOCK_SUGGESTION = _keys(
    "docs /reference/interaction-payloads/block_suggestion-payload",
    "type team user api_app_id token action_id block_id value container is_enterprise_install enterprise",
    "channel message view",
)
SHORTCUT = _keys(
    "docs /reference/interaction-payloads/shortcuts-interaction-payload",
    "type token action_ts team user callback_id trigger_id is_enterprise_install enterprise",
)
MESSAGE_ACTION = _keys(
    _BACKEND + "interactive-components/MessageShortcutPayload.json",
    "type token action_ts team user channel callback_id trigger_id message_ts message response_url "
    "is_enterprise_install enterprise",
)
USER = _keys(_BACKEND + "interactive-components/BlockActionPayload.json", "id", "username name team_id")
TEAM = _keys(
    _BACKEND + "interactive-components/BlockActionPayload.json",
    "id domain",
    "enterprise_id enterprise_name",
)
MESSAGE_CONTAINER = _keys(
    _BACKEND + "interactive-components/BlockActionPayload.json",
    "type message_ts channel_id is_ephemeral",
    "attachment_id text is_app_unfurl app_unfurl_url thread_ts",
)
VIEW_CONTAINER = _keys(_BACKEND + "interactive-components/BlockActionPayload.json", "type view_id")

VIEW = _keys(
    _BACKEND + "views/ViewSubmissionPayload.json; blocks: api/views.open.json",
    "id team_id app_id app_installed_team_id bot_id type callback_id external_id title submit close blocks "
    "private_metadata state hash clear_on_close notify_on_close root_view_id previous_view_id",
    "submit_disabled",
)

ACTION = "type action_id block_id action_ts"
_ACTION_SOURCE = (
    _BACKEND
    + "interactive-components/BlockActionPayload.json; docs /reference/interaction-payloads/block_actions-payload"
)


def _action(needed: str, more: str = "") -> Keys:
    return _keys(_ACTION_SOURCE, f"{ACTION} {needed}", more)


_PICKED = "placeholder confirm"
ACTIONS: dict[str, Keys] = {
    "button": _action("text", "value style url confirm"),
    "overflow": _action("selected_option", "confirm"),
    "static_select": _action("selected_option", f"initial_option {_PICKED}"),
    "external_select": _action("selected_option", f"initial_option min_query_length {_PICKED}"),
    "users_select": _action("selected_user", f"initial_user {_PICKED}"),
    "channels_select": _action("selected_channel", f"initial_channel {_PICKED}"),
    "conversations_select": _action("selected_conversation", f"initial_conversation {_PICKED}"),
    "multi_static_select": _action("selected_options", f"initial_options {_PICKED}"),
    "multi_external_select": _action("selected_options", f"initial_options min_query_length {_PICKED}"),
    "multi_users_select": _action("selected_users", f"initial_users {_PICKED}"),
    "multi_channels_select": _action("selected_channels", f"initial_channels {_PICKED}"),
    "multi_conversations_select": _action("selected_conversations", f"initial_conversations {_PICKED}"),
    "radio_buttons": _action("selected_option", "confirm initial_option"),
    "checkboxes": _action("selected_options", "confirm initial_options"),
    "datepicker": _action("selected_date", f"initial_date {_PICKED}"),
    "timepicker": _action("selected_time", f"initial_time timezone {_PICKED}"),
    "datetimepicker": _action("selected_date_time", "initial_date_time confirm"),
    "plain_text_input": _action("value"),
    "email_text_input": _action("value"),
    "url_text_input": _action("value"),
    "number_input": _action("value"),
    "rich_text_input": _action("rich_text_value"),
    "feedback_buttons": _action("value", "text"),
    "icon_button": _action("value", "text icon confirm"),
}

MESSAGE = _keys(
    "api/chat.postMessage.json, api/conversations.history.json",
    "type ts text",
    "subtype team user bot_id app_id bot_profile blocks attachments metadata "
    "edited thread_ts parent_user_id reply_count "
    "reply_users_count reply_users latest_reply subscribed last_read is_locked "
    "reactions pinned_to pinned_info files "
    "upload client_msg_id username icons root channel hidden is_starred permalink no_notifications room "
    "assistant_app_thread streaming_state display_as_bot x_files",
)
POSTED_MESSAGE = "type user text ts bot_id app_id team bot_profile"
BOT_PROFILE = _keys("api/chat.postMessage.json", "id app_id name icons deleted updated team_id", "user_id")

WRAPPER = _keys(
    "events/ReactionAddedPayload.json",
    "token team_id api_app_id event type event_id event_time authorizations "
    "is_ext_shared_channel context_team_id "
    "context_enterprise_id",
    "enterprise_id event_context authed_users authed_teams",
)
AUTHORIZATION = _keys(
    "events/ReactionAddedPayload.json", "enterprise_id team_id user_id is_bot is_enterprise_install"
)
EVENTS: dict[str, Keys] = {
    "app_mention": _keys(
        "events/AppMentionPayload.json; docs /reference/events/app_mention",
        "type user text ts channel event_ts",
        "team blocks client_msg_id thread_ts parent_user_id files bot_id bot_profile",
    ),
    "message": _keys(
        "events/MessagePayload.json",
        "type channel ts event_ts channel_type",
        f"user text {' '.join(sorted(MESSAGE.known))} message previous_message "
        "deleted_ts inviter old_name name topic purpose",
    ),
    "app_home_opened": _keys("events/AppHomeOpenedPayload.json", "type user channel tab event_ts", "view"),
    "reaction_added": _keys(
        "events/ReactionAddedPayload.json", "type user reaction item event_ts", "item_user"
    ),
    "reaction_removed": _keys(
        "events/ReactionRemovedPayload.json", "type user reaction item event_ts", "item_user"
    ),
    "member_joined_channel": _keys(
        "events/MemberJoinedChannelPayload.json",
        "type user channel channel_type team event_ts",
        "inviter enterprise",
    ),
    "member_left_channel": _keys(
        "events/MemberLeftChannelPayload.json", "type user channel channel_type team event_ts", "enterprise"
    ),
    "pin_added": _keys(
        "events/PinAddedPayload.json",
        "type user channel_id item event_ts",
        "item_user pin_count pinned_info",
    ),
    "channel_created": _keys("events/ChannelCreatedPayload.json", "type channel event_ts"),
    "channel_rename": _keys("events/ChannelRenamePayload.json", "type channel event_ts"),
    "channel_archive": _keys("events/ChannelArchivePayload.json", "type channel user event_ts", "is_moved"),
    "file_shared": _keys("events/FileSharedPayload.json", "type file_id user_id file channel_id event_ts"),
    "function_executed": _keys(
        "docs /reference/events/function_executed",
        "type function inputs function_execution_id workflow_execution_id event_ts bot_access_token",
    ),
}
FUNCTION = _keys(
    "docs /reference/events/function_executed",
    "id callback_id title description type input_parameters "
    "output_parameters app_id date_created date_updated "
    "date_deleted",
    "form_enabled",
)

_CHANNEL = (
    "id name is_channel is_group is_im is_mpim is_private created "
    "is_archived is_general unlinked name_normalized "
    "is_shared is_org_shared is_ext_shared is_pending_ext_shared pending_shared creator shared_team_ids "
    "pending_connected_team_ids is_member topic purpose previous_names"
)
_CHANNEL_MORE = (
    "last_read num_members locale context_team_id updated is_read_only is_thread_only is_non_threadable user "
    "internal_team_ids connected_team_ids conversation_host_id is_moved is_global_shared is_org_default "
    "is_org_mandatory connected_limited_team_ids latest unread_count "
    "unread_count_display is_open priority properties "
    "is_user_deleted"
)
_USER = (
    "id team_id name deleted color real_name tz tz_label tz_offset profile "
    "is_admin is_owner is_primary_owner "
    "is_restricted is_ultra_restricted is_bot is_app_user updated"
)
_USER_MORE = "locale has_2fa is_email_confirmed enterprise_user is_stranger who_can_share_contact_card"
PROFILE = _keys(
    "api/users.info.json; fields, pronouns, status_emoji_display_info: api/users.profile.get.json",
    "title phone real_name real_name_normalized display_name "
    "display_name_normalized status_text status_emoji "
    "status_expiration avatar_hash team",
    "skype api_app_id always_active bot_id image_24 image_32 image_48 "
    "image_72 image_192 image_512 image_1024 "
    "image_original is_custom_image email first_name last_name "
    "status_text_canonical status_emoji_url fields pronouns "
    "status_emoji_display_info start_date huddle_state huddle_state_expiration_ts",
)

_LIST = "response_metadata"
# method -> keys of its answer when it went well, `ok` and warnings aside
ANSWERS: dict[str, Keys] = {
    "auth.test": _keys(
        "api/auth.test.json",
        "url team user team_id user_id is_enterprise_install",
        "bot_id app_id app_name enterprise_id expires_in",
    ),
    "chat.postMessage": _keys("api/chat.postMessage.json", "channel ts message"),
    "chat.update": _keys("api/chat.update.json", "channel ts text message"),
    "chat.postEphemeral": _keys("api/chat.postEphemeral.json", "message_ts"),
    "chat.delete": _keys("api/chat.delete.json", "channel ts"),
    "chat.getPermalink": _keys("api/chat.getPermalink.json", "channel permalink"),
    "chat.scheduleMessage": _keys(
        "api/chat.scheduleMessage.json", "channel scheduled_message_id post_at message"
    ),
    "conversations.info": _keys("api/conversations.info.json", "channel"),
    "conversations.list": _keys("api/conversations.list.json", "channels", _LIST),
    "conversations.members": _keys("api/conversations.members.json", "members", _LIST),
    "conversations.history": _keys(
        "api/conversations.history.json",
        "messages has_more",
        f"pin_count channel_actions_ts channel_actions_count latest oldest {_LIST}",
    ),
    "conversations.replies": _keys("api/conversations.replies.json", "messages has_more", _LIST),
    "conversations.open": _keys("api/conversations.open.json", "channel", "no_op already_open"),
    "users.info": _keys("api/users.info.json", "user"),
    "users.list": _keys("api/users.list.json", "members cache_ts", _LIST),
    "users.lookupByEmail": _keys("api/users.lookupByEmail.json", "user"),
    "usergroups.list": _keys("api/usergroups.list.json", "usergroups", _LIST),
    "usergroups.users.list": _keys("api/usergroups.users.list.json", "users", _LIST),
    "reactions.add": _keys("api/reactions.add.json", ""),
    "reactions.get": _keys("api/reactions.get.json", "type channel message", "file comment"),
    "pins.add": _keys("api/pins.add.json", ""),
    "bots.info": _keys("api/bots.info.json", "bot"),
    "team.info": _keys("api/team.info.json", "team"),
    "emoji.list": _keys("api/emoji.list.json", "emoji", f"cache_ts categories_version categories {_LIST}"),
}
OBJECTS: dict[str, Keys] = {
    "channel": _keys("api/conversations.info.json", _CHANNEL, _CHANNEL_MORE),
    "direct message": _keys(
        "api/conversations.open.json; api/conversations.info.json",
        "id created is_im",
        f"{_CHANNEL} {_CHANNEL_MORE}",
    ),
    "user": _keys("api/users.info.json", _USER, _USER_MORE),
    "usergroup": _keys(
        "api/usergroups.list.json",
        "id team_id is_usergroup name description handle is_external "
        "date_create date_update date_delete created_by "
        "updated_by prefs user_count",
        "is_subteam auto_type auto_provision enterprise_subteam_id deleted_by channel_count users is_section "
        "is_idp_group is_visible is_editing_restricted is_membership_locked is_org_level",
    ),
    "bot": _keys("api/bots.info.json", "id deleted name updated app_id icons", "user_id"),
    "team": _keys(
        "api/team.info.json",
        "id name domain email_domain icon",
        "is_verified url enterprise_id enterprise_name enterprise_domain discoverable avatar_base_url "
        "lob_sales_home_enabled locale",
    ),
}
