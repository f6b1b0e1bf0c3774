"""The messages of every channel, and the bookkeeping of threads."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sandbox.changes import Change, ChangeKind
from sandbox.message_events import posted, removed, replaced
from sandbox.types import Json

THREAD_KEYS = ("reply_count", "reply_users_count", "reply_users", "latest_reply")


@dataclass
class Message:
    """One message. `payload` is Slack's message JSON and is replaced on change, never edited in place.

    Keys of `payload`: type, ts, team, text, user, and where they apply bot_id, app_id, bot_profile, blocks,
    attachments, metadata, thread_ts, parent_user_id, subtype, edited, and on a thread's parent reply_count,
    reply_users_count, reply_users and latest_reply.
    """

    payload: Json
    ephemeral_for: str | None = None
    broadcast: bool = False  # a thread reply that is shown in the channel too

    @property
    def ts(self) -> str:
        return str(self.payload["ts"])

    @property
    def thread_ts(self) -> str | None:
        return self.payload.get("thread_ts")

    @property
    def is_reply(self) -> bool:
        return self.thread_ts not in (None, self.ts)

    @property
    def is_tombstone(self) -> bool:
        return self.payload.get("subtype") == "tombstone"

    def may_be_seen_by(self, viewer: str | None) -> bool:
        return self.ephemeral_for is None or self.ephemeral_for == viewer

    def dump(self) -> Json:
        return {"payload": self.payload, "broadcast": self.broadcast}


class MessageStore:
    """Messages by channel and ts, oldest first: timestamps only grow, so insertion order is time order."""

    def __init__(
        self,
        publish: Callable[[Change], None],
        happened: Callable[[Json, str], None] = lambda event, channel: None,
    ) -> None:
        self._publish = publish
        self._happened = happened
        self._channels: dict[str, dict[str, Message]] = {}

    def get(self, channel: str, ts: str, viewer: str | None = None) -> Message | None:
        message = self._channels.get(channel, {}).get(ts)
        return message if message is not None and message.may_be_seen_by(viewer) else None

    def everything(self, channel: str, viewer: str | None = None) -> list[Message]:
        """All messages of the channel, replies too, oldest first."""
        return [m for m in self._channels.get(channel, {}).values() if m.may_be_seen_by(viewer)]

    def timeline(self, channel: str, viewer: str | None = None) -> list[Message]:
        """What the channel's main pane shows: no replies, except those also sent to the channel."""
        return [m for m in self.everything(channel, viewer) if not m.is_reply or m.broadcast]

    def thread(self, channel: str, thread_ts: str, viewer: str | None = None) -> list[Message]:
        """The parent and its replies, oldest first; empty when there is no such message."""
        parent = self.get(channel, thread_ts, viewer)
        if parent is None:
            return []
        replies = (m for m in self.everything(channel, viewer) if m.is_reply and m.thread_ts == thread_ts)
        return [parent, *replies]

    def add(self, channel: str, message: Message) -> None:
        self._channels.setdefault(channel, {})[message.ts] = message
        if message.is_reply and message.ephemeral_for is None:
            self._summarise_thread(channel, str(message.thread_ts))
        self._announce("message", channel, message)
        parent = self.get(channel, str(message.thread_ts)) if message.is_reply else None
        self._tell(message, posted(message.payload, channel, parent.payload if parent else None), channel)

    def replace(self, channel: str, ts: str, payload: Json, *, broadcast: bool | None = None) -> Message:
        """Give an existing message new content; its ts and place stay."""
        message = self._channels[channel][ts]
        before, message.payload = message.payload, payload
        if broadcast is not None:
            message.broadcast = broadcast
        self._announce("message", channel, message)
        self._tell(message, replaced(payload, before, channel), channel)
        return message

    def decorate(self, channel: str, ts: str, **marks: object) -> Message:
        """Give a message marks that are not its content, such as reactions; an empty one is taken away."""
        message = self._channels[channel][ts]
        payload = {key: value for key, value in message.payload.items() if key not in marks}
        message.payload = payload | {key: value for key, value in marks.items() if value}
        self._announce("message", channel, message)
        return message

    def delete(self, channel: str, ts: str) -> None:
        """Take a message away; a parent that still has replies leaves a tombstone, as in Slack."""
        message = self._channels[channel][ts]
        before = message.payload
        if message.payload.get("reply_count"):
            message.payload = _tombstone(message.payload)
        else:
            del self._channels[channel][ts]
        if message.is_reply and message.ephemeral_for is None:
            self._summarise_thread(channel, str(message.thread_ts))
        self._announce("message_deleted", channel, message)
        is_left = message.is_tombstone
        self._tell(
            message,
            replaced(message.payload, before, channel) if is_left else removed(before, channel),
            channel,
        )

    def clear(self) -> None:
        self._channels.clear()

    def dump(self) -> Json:
        """Everything that outlives a restart: ephemeral messages do not."""
        return {
            channel: [m.dump() for m in messages.values() if m.ephemeral_for is None]
            for channel, messages in self._channels.items()
        }

    def load(self, data: Json) -> Iterable[str]:
        """Take over what `dump` gave; the timestamps of all messages come back."""
        for channel, rows in data.items():
            messages = [Message(row["payload"], broadcast=bool(row.get("broadcast"))) for row in rows]
            self._channels[channel] = {m.ts: m for m in messages}
        return [ts for messages in self._channels.values() for ts in messages]

    def _announce(self, kind: ChangeKind, channel: str, message: Message) -> None:
        self._publish(Change(kind, channel, message.ts, message.thread_ts, message.ephemeral_for))

    def _tell(self, message: Message, events: Iterable[Json], channel: str) -> None:
        """Let the Events API hear; of what only one person sees nobody is told."""
        if message.ephemeral_for is None:
            for event in events:
                self._happened(event, channel)

    def _summarise_thread(self, channel: str, thread_ts: str) -> None:
        parent = self.get(channel, thread_ts)
        if parent is None:
            return
        replies = [m.payload for m in self.thread(channel, thread_ts)[1:] if m.ephemeral_for is None]
        bare = {key: value for key, value in parent.payload.items() if key not in (*THREAD_KEYS, "thread_ts")}
        parent.payload = bare | _thread_summary(thread_ts, replies)
        self._announce("message", channel, parent)


def _thread_summary(thread_ts: str, replies: list[Json]) -> Json:
    if not replies:
        return {}
    users = list(dict.fromkeys(str(reply.get("user") or reply.get("bot_id")) for reply in replies))
    return {
        "thread_ts": thread_ts,
        "reply_count": len(replies),
        "reply_users_count": len(users),
        "reply_users": users,
        "latest_reply": replies[-1]["ts"],
    }


def _tombstone(payload: Json) -> Json:
    kept = {key: payload[key] for key in ("type", "ts", "thread_ts", *THREAD_KEYS) if key in payload}
    return kept | {
        "subtype": "tombstone",
        "hidden": True,
        "user": "USLACKBOT",
        "text": "This message was deleted.",
    }
