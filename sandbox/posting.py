"""Posting a message of the app into a channel or thread, now or when a scheduled one is due."""

import logging
from collections.abc import Mapping
from typing import Any

from sandbox.context import Sandbox
from sandbox.errors import SlackError
from sandbox.message_store import Message
from sandbox.messaging import Author, Content, app_payload, read_content, thread_parent
from sandbox.people import Channel
from sandbox.typed_text import link_names
from sandbox.workspace import Workspace

log = logging.getLogger(__name__)

# Slack's own notices, such as "joined the channel", take no replies.
_UNANSWERABLE = ("channel_", "group_")


def may_post(channel: Channel, user: str, *, is_public_allowed: bool) -> None:
    """SlackError unless `user` may post there; `is_public_allowed`: without being a member, if it is public."""
    if channel.is_archived:
        raise SlackError("is_archived")
    if user not in channel.members and (channel.is_private or not is_public_allowed):
        raise SlackError("not_in_channel")


def given_content(workspace: Workspace, given: Mapping[str, Any]) -> Content:
    """What a chat method was given, or SlackError; `link_names` and `parse` are done to the text."""
    content = read_content(_with_links(workspace, given))
    if content.is_empty:
        raise SlackError("no_text")
    return content


def _with_links(workspace: Workspace, given: Mapping[str, Any]) -> Mapping[str, Any]:
    text, is_full = given.get("text"), given.get("parse") == "full"
    if not isinstance(text, str) or not (is_full or is_on(given.get("link_names"))):
        return given
    return {**given, "text": link_names(workspace, text, everything=is_full)}


def parent_of(workspace: Workspace, channel: Channel, given: Mapping[str, Any]) -> Message | None:
    """The message that `thread_ts` names, if it does."""
    thread_ts = given.get("thread_ts")
    if thread_ts in (None, ""):
        return None
    parent = thread_parent(workspace, channel.id, str(thread_ts))
    if str(parent.payload.get("subtype", "")).startswith(_UNANSWERABLE):
        raise SlackError("cannot_reply_to_message")
    return parent


def new_message(
    workspace: Workspace,
    content: Content,
    parent: Message | None,
    author: Author,
    given: Mapping[str, Any],
) -> Message:
    payload = app_payload(workspace, content, parent, author)
    if is_off(given.get("mrkdwn")):
        payload["mrkdwn"] = False
    message = Message(payload)
    if parent is not None and is_on(given.get("reply_broadcast")):
        message.broadcast = True
        message.payload |= {"subtype": "thread_broadcast"}
    return message


def is_on(value: Any) -> bool:
    return value.strip().lower() in ("true", "1") if isinstance(value, str) else bool(value)


def is_off(value: Any) -> bool:
    return value.strip().lower() in ("false", "0") if isinstance(value, str) else value is False


def post_due(sandbox: Sandbox) -> None:
    """Post every scheduled message whose time has come; one that cannot be posted any more is dropped."""
    for due in sandbox.scheduled.take_due():
        try:
            channel = sandbox.workspace.channels[due.channel]
            may_post(channel, due.user, is_public_allowed="chat:write.public" in sandbox.scopes)
            content = given_content(sandbox.workspace, due.given)
            parent = parent_of(sandbox.workspace, channel, due.given)
        except (SlackError, KeyError) as error:
            log.warning("scheduled_message_dropped id=%s channel=%s error=%s", due.id, due.channel, error)
            continue
        message = new_message(sandbox.workspace, content, parent, Author(due.user), due.given)
        sandbox.workspace.history.add(channel.id, message)
