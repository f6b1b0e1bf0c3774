"""What people do with messages that are there: edit and delete their own, and put others aside as unread."""

from sandbox.context import Sandbox
from sandbox.errors import ControlError
from sandbox.message_store import Message
from sandbox.people import Channel
from sandbox.sight import Choice, Sight
from sandbox.typed_blocks import typed_parts
from sandbox.typed_text import as_typed, escape_typed
from sandbox.types import Json


class OwnMessages:
    """One method for each thing. Impossible ones raise ControlError."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._workspace = sandbox.workspace
        self._sight = Sight(sandbox.workspace)

    def edit(self, user: str, channel_id: str, ts: str, text: str) -> Json:
        """Change the words of a message; the same words change nothing."""
        channel, message = self._own(user, channel_id, ts, "edit")
        if not text.strip():
            raise ControlError("no_text", "There is nothing left of the message. Delete it instead.")
        parts = typed_parts(escape_typed(self._workspace, text.strip()))
        if parts["text"] != message.payload["text"]:
            edited = {"user": user, "ts": self._workspace.timestamps.next()}
            self._workspace.history.replace(channel.id, ts, message.payload | parts | {"edited": edited})
        return {"ok": True, "channel": channel.id, "ts": ts, "text": parts["text"]}

    def delete(self, user: str, channel_id: str, ts: str) -> Json:
        channel, _ = self._own(user, channel_id, ts, "delete")
        self._workspace.history.delete(channel.id, ts)
        return {"ok": True}

    def source(self, user: str, channel_id: str, ts: str) -> Json:
        """The words of an own message as they were typed, to be edited."""
        _, message = self._own(user, channel_id, ts, "edit")
        return {"ok": True, "text": as_typed(self._workspace, str(message.payload.get("text") or ""))}

    def mark_unread(self, user: str, channel_id: str, ts: str) -> Json:
        """Make this message, and what came after it, new again."""
        self._sight.person(user)
        channel, message = self._sight.message(user, Choice("", channel=channel_id, ts=ts))
        thread = message.thread_ts if message.is_reply and not message.broadcast else None
        self._sandbox.reads.mark_unread(user, channel.id, ts, thread)
        return {"ok": True}

    def _own(self, user: str, channel_id: str, ts: str, what: str) -> tuple[Channel, Message]:
        self._sight.person(user)
        channel = self._sight.place(user, channel_id)
        _, message = self._sight.message(user, Choice("", channel=channel_id, ts=ts))
        if message.payload.get("user") != user or message.payload.get("bot_id") or message.is_tombstone:
            raise ControlError(f"cant_{what}_message", f"{user} can {what} only what they wrote.", 403)
        return channel, message
