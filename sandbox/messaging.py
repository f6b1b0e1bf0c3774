"""What a message may consist of, and how a message of the app or of a person looks in Slack's JSON."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sandbox.errors import SlackError
from sandbox.message_store import Message
from sandbox.normalise import complete_blocks
from sandbox.people import APP_ID, BOT_ID, BOT_USER_ID, TEAM_ID
from sandbox.typed_blocks import typed_parts
from sandbox.types import Json
from sandbox.validation.blocks import check_blocks
from sandbox.validation.schema import Problem
from sandbox.workspace import Workspace

LONGEST_TEXT = 40_000
LONGEST_UPDATE = 4_000
LONGEST_MARKDOWN = 12_000
LONGEST_BLOCKS = 100_000  # characters of JSON; Slack names no figure
LONGEST_METADATA = 16_000
NO_PREVIEW = "[no preview available]"
NO_TEXT = "This content can't be displayed."

_TS = re.compile(r"\d{10}\.\d{6}")


@dataclass(frozen=True)
class Author:
    """Who a message of the app is from: its bot, or the person it acts as; `username` and `icons` are shown
    instead of the bot's own."""

    user: str = BOT_USER_ID
    username: str | None = None
    icons: Json | None = None

    @property
    def is_customised(self) -> bool:
        return bool(self.username or self.icons)


@dataclass(frozen=True)
class Content:
    """The checked content of a message; None is what was not given."""

    text: str | None = None
    blocks: list[Json] | None = None
    attachments: list[Json] | None = None
    metadata: Json | None = None
    is_cut: bool = False  # the text was longer than Slack keeps

    @property
    def is_empty(self) -> bool:
        return not (self.text or self.blocks or self.attachments)


def from_json_text(value: Any, error: str) -> Any:
    """An argument that is JSON already, or JSON in a string; SlackError(error) when it is neither."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as problem:
        raise SlackError(error) from problem


def read_content(given: Mapping[str, Any]) -> Content:
    """Check text, blocks, attachments, markdown_text and metadata, or raise SlackError as chat.* does."""
    text = given.get("text")
    if text is not None and not isinstance(text, str):
        text = str(text) if isinstance(text, int | float) else ""
    blocks = _read_blocks(given.get("blocks"))
    if given.get("markdown_text"):
        text, blocks = _read_markdown(given, text, blocks)
    is_cut = text is not None and len(text) > LONGEST_TEXT
    return Content(
        text=text[:LONGEST_TEXT] if text is not None else None,
        blocks=blocks,
        attachments=_read_attachments(given.get("attachments")),
        metadata=_read_metadata(given.get("metadata")),
        is_cut=is_cut,
    )


def _read_blocks(value: Any) -> list[Json] | None:
    if value in (None, ""):
        return None
    blocks = from_json_text(value, "invalid_blocks_format")
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    _refuse(check_blocks(blocks, "message"))
    if len(json.dumps(blocks, ensure_ascii=False)) > LONGEST_BLOCKS:
        raise SlackError("msg_blocks_too_long")
    return complete_blocks(blocks)


def _refuse(problems: list[Problem]) -> None:
    if problems:
        texts = [str(problem) for problem in problems]
        messages = [f"[ERROR] {text}" for text in texts]
        raise SlackError("invalid_blocks", errors=texts, response_metadata={"messages": messages})


def _read_markdown(
    given: Mapping[str, Any], text: str | None, blocks: list[Json] | None
) -> tuple[str, list[Json]]:
    markdown = given["markdown_text"]
    if text or blocks:
        raise SlackError("markdown_text_conflict")
    if not isinstance(markdown, str) or len(markdown) > LONGEST_MARKDOWN:
        raise SlackError("msg_too_long")
    made = [{"type": "markdown", "text": markdown}]
    _refuse(check_blocks(made, "message"))
    return markdown, complete_blocks(made)


def _read_attachments(value: Any) -> list[Json] | None:
    if value in (None, ""):
        return None
    attachments = from_json_text(value, "invalid_attachments")
    if not isinstance(attachments, list) or not all(isinstance(entry, dict) for entry in attachments):
        raise SlackError("invalid_attachments")
    if len(attachments) > 100:
        raise SlackError("too_many_attachments")
    for index, attachment in enumerate(attachments):
        if "blocks" in attachment:
            _refuse(check_blocks(attachment["blocks"], "message", f"/attachments/{index}/blocks"))
    if len(json.dumps(attachments, ensure_ascii=False)) > LONGEST_BLOCKS:
        raise SlackError("attachment_payload_limit_exceeded")
    return [_complete_attachment(attachment, number) for number, attachment in enumerate(attachments, 1)]


def _complete_attachment(attachment: Json, number: int) -> Json:
    """With what Slack adds: its number, and words for where it cannot be shown."""
    fallback = attachment.get("fallback") or attachment.get("text") or attachment.get("title")
    added: Json = {"id": number, "fallback": str(fallback or NO_PREVIEW)}
    if "blocks" in attachment:
        added["blocks"] = complete_blocks(attachment["blocks"])
    return attachment | added


def _read_metadata(value: Any) -> Json | None:
    if value in (None, ""):
        return None
    metadata = from_json_text(value, "invalid_metadata_format")
    is_right = (
        isinstance(metadata, dict)
        and isinstance(metadata.get("event_type"), str)
        and isinstance(metadata.get("event_payload"), dict)
    )
    if not is_right:
        raise SlackError("invalid_metadata_format")
    if len(json.dumps(metadata)) > LONGEST_METADATA:
        raise SlackError("metadata_too_large")
    return {"event_type": metadata["event_type"], "event_payload": metadata["event_payload"]}


def thread_parent(workspace: Workspace, channel: str, thread_ts: str) -> Message:
    """The message a reply goes under; a reply to a reply goes to the same thread."""
    if not _TS.fullmatch(thread_ts):
        sentence = f"[ERROR] {thread_ts} is not a valid thread_ts"
        raise SlackError("invalid_thread_ts", response_metadata={"messages": [sentence]})
    message = workspace.history.get(channel, thread_ts)
    if message is not None and message.is_reply:
        message = workspace.history.get(channel, str(message.thread_ts))
    if message is None:
        raise SlackError("thread_not_found")
    return message


def bot_profile(workspace: Workspace) -> Json:
    return {
        "id": BOT_ID,
        "app_id": APP_ID,
        "user_id": BOT_USER_ID,
        "name": workspace.bot.real_name,
        "icons": {},
        "deleted": False,
        "updated": 0,
        "team_id": TEAM_ID,
    }


def app_payload(
    workspace: Workspace, content: Content, parent: Message | None = None, author: Author = Author()
) -> Json:
    """A new message of the app, with its ts."""
    payload = {
        "type": "message",
        "user": author.user,
        "ts": workspace.timestamps.next(),
        "bot_id": BOT_ID,
        "app_id": APP_ID,
        "text": content.text or NO_TEXT,
        "team": TEAM_ID,
        "bot_profile": bot_profile(workspace),
    }
    if author.is_customised:
        payload = _customised(payload, author)
    return payload | _given_parts(content) | _reply_parts(parent)


def _customised(payload: Json, author: Author) -> Json:
    """Under another name or icon a message is from no user, only from the app."""
    kept = {key: value for key, value in payload.items() if key not in ("user", "bot_profile")}
    shown = {"username": author.username, "icons": author.icons}
    return kept | {"subtype": "bot_message"} | {key: value for key, value in shown.items() if value}


def person_payload(workspace: Workspace, user: str, text: str, parent: Message | None = None) -> Json:
    """A new message that somebody typed; `text` has its mentions and links as control sequences."""
    payload = {
        "client_msg_id": str(uuid4()),
        "type": "message",
        "user": user,
        "ts": workspace.timestamps.next(),
        "team": TEAM_ID,
        **typed_parts(text),
    }
    return payload | _reply_parts(parent)


def _given_parts(content: Content) -> Json:
    parts = {"blocks": content.blocks, "attachments": content.attachments, "metadata": content.metadata}
    return {key: value for key, value in parts.items() if value}


def _reply_parts(parent: Message | None) -> Json:
    if parent is None:
        return {}
    user = parent.payload.get("user")
    return {"thread_ts": parent.ts} | ({"parent_user_id": user} if user else {})


def edited_payload(old: Json, content: Content, edited_at: str, editor: str = BOT_USER_ID) -> Json:
    """A message after chat.update: text alone takes old blocks away, nothing given keeps them.

    Only an edit of the text is marked as edited; one of blocks is not.
    """
    payload = dict(old)
    if content.text is not None or content.blocks is not None:
        payload.pop("blocks", None)
        payload["text"] = content.text or NO_TEXT
    payload |= _given_parts(content)
    if content.blocks is None and payload["text"] != old["text"]:
        payload["edited"] = {"user": editor, "ts": edited_at}
    return payload
