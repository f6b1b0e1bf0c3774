"""What an app's answer does to the workspace: replies to commands, response URLs, and submitted views."""

from typing import Any

from sandbox.api.views import checked_view
from sandbox.context import Sandbox
from sandbox.delivery import Reply
from sandbox.errors import SlackError
from sandbox.message_store import Message
from sandbox.messaging import Content, app_payload, edited_payload, read_content, thread_parent
from sandbox.people import BOT_ID
from sandbox.tokens import ResponseUrl
from sandbox.types import Json
from sandbox.view_store import ShownView

TROUBLE = "We had some trouble connecting. Try again?"


class UnusableReply(Exception):
    """The app answered 200 with something Slack cannot use; the text says what."""


def show_command_reply(sandbox: Sandbox, url: ResponseUrl, reply: Reply) -> None:
    """Show what came back with the acknowledgement of a slash command; raises UnusableReply or SlackError."""
    if not reply.body.strip():
        return
    if "json" not in reply.content_type.lower():
        answer(sandbox, url, {"text": reply.body})
        return
    message = reply.parsed()
    if message is None:
        raise UnusableReply("the body is no JSON object")
    if message:
        answer(sandbox, url, message)


def answer(sandbox: Sandbox, url: ResponseUrl, message: Json) -> None:
    """Do what a message sent to a response URL asks for; raises SlackError, and then nothing has changed."""
    content = read_content(message)
    wants_delete = _flag(message.get("delete_original"))
    if content.is_empty and not wants_delete:
        raise SlackError("no_text")
    source = _source(sandbox, url)
    replaces = _replaces_source(message)
    if wants_delete:
        if source is not None:
            sandbox.workspace.history.delete(url.channel, source.ts)
        if content.is_empty:
            return
        source = None
    if replaces and source is not None:
        payload = edited_payload(source.payload, content, sandbox.workspace.timestamps.next())
        payload.pop("edited", None)
        sandbox.workspace.history.replace(url.channel, source.ts, payload)
        return
    _post(sandbox, url, message, content)


def _replaces_source(message: Json) -> bool:
    """Posting to a thread replaces the source too, unless the app says replace_original: false."""
    default = message.get("response_type") == "in_channel" and bool(message.get("thread_ts"))
    return _flag(message.get("replace_original", default))


def _post(sandbox: Sandbox, url: ResponseUrl, message: Json, content: Content) -> None:
    workspace = sandbox.workspace
    thread_ts = message.get("thread_ts")
    parent = thread_parent(workspace, url.channel, str(thread_ts)) if thread_ts else None
    is_public = message.get("response_type") == "in_channel"
    payload = app_payload(workspace, content, parent) | ({} if is_public else {"is_ephemeral": True})
    posted = Message(payload, ephemeral_for=None if is_public else url.user)
    workspace.history.add(url.channel, posted)
    if url.is_command:
        url.source_ts = posted.ts


def _source(sandbox: Sandbox, url: ResponseUrl) -> Message | None:
    """The message that may be replaced or deleted: always one of the app's own."""
    if url.source_ts is None:
        return None
    message = sandbox.workspace.history.get(url.channel, url.source_ts, url.user)
    return message if message is not None and message.payload.get("bot_id") == BOT_ID else None


def _flag(value: Any) -> bool:
    return value is True or (isinstance(value, str) and value.lower() == "true")


def apply_submission_reply(sandbox: Sandbox, shown: ShownView, reply: Reply) -> Json:
    """Close, replace or keep the submitted view as the app answered.

    Gives what the control API answers; raises UnusableReply, and then the view stays as it is.
    """
    asked = reply.parsed()
    if asked is None:
        raise UnusableReply("the body is no JSON object")
    if not asked:
        sandbox.workspace.views.close(shown)
        return {"ok": True}
    if sandbox.workspace.views.find(shown.id) is None:  # closed while the app was thinking
        return {"ok": True}
    action = asked.get("response_action")
    match action:
        case "clear":
            sandbox.workspace.views.clear(shown.user)
        case "update" | "push":
            _show_next(sandbox, shown, action, _usable_view(asked))
        case "errors":
            return {"ok": False, "response_action": "errors", "errors": _usable_errors(shown, asked)}
        case _:
            raise UnusableReply(f"unknown response_action {action!r}")
    return {"ok": True, "response_action": action}


def _show_next(sandbox: Sandbox, shown: ShownView, action: str, view: Json) -> None:
    try:
        if action == "update":
            sandbox.workspace.views.update(shown, view)
        else:
            sandbox.workspace.views.push(shown.user, view)
    except SlackError as error:
        raise UnusableReply(error.error) from error


def _usable_view(asked: Json) -> Json:
    try:
        return checked_view(asked.get("view"), "modal")
    except SlackError as error:
        messages = error.extra.get("response_metadata", {}).get("messages", [error.error])
        raise UnusableReply("; ".join(messages)) from error


def _usable_errors(shown: ShownView, asked: Json) -> Json:
    errors = asked.get("errors")
    inputs = {block["block_id"] for block in shown.payload["blocks"] if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors:
        raise UnusableReply("errors must name input blocks")
    if not all(isinstance(sentence, str) and sentence for sentence in errors.values()):
        raise UnusableReply("every error must be a sentence")
    unknown = set(errors) - inputs
    if unknown:
        raise UnusableReply(f"errors for blocks that are no inputs: {', '.join(sorted(unknown))}")
    return errors
