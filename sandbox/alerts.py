"""What Slack would notify a person of: direct messages, mentions, and replies in threads that they follow."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sandbox.message_store import Message
from sandbox.people import Channel
from sandbox.reads import Reads
from sandbox.types import Json
from sandbox.workspace import Workspace

MOST_SHOWN = 30
LOOKED_AT = 200  # the newest messages of a channel, which can still matter
_IDS = re.compile(r'<@(\w+)|"user_id": "(\w+)"|<!(here|channel|everyone)|"range": "(here|channel|everyone)"')
_GROUPS = re.compile(r'<!subteam\^(\w+)|"usergroup_id": "(\w+)"')
EVERYBODY = frozenset({"here", "channel", "everyone"})


@dataclass(frozen=True)
class Alert:
    """One notification. Its text is the message's own `text`: blocks are not read out."""

    kind: Literal["direct", "mention", "reply"]
    channel: str
    message: Message
    is_new: bool

    @property
    def thread(self) -> str | None:
        """The thread to open, for a reply."""
        return self.message.thread_ts if self.message.is_reply else None


class Alerts:
    """Finds them; remembers whom a message mentions, and who follows a thread, as long as it stays the same."""

    def __init__(self, workspace: Workspace, reads: Reads) -> None:
        self._workspace = workspace
        self._reads = reads
        self._mentioned: dict[tuple[str, str], tuple[Json, frozenset[str]]] = {}
        self._followed: dict[tuple[str, str, str], tuple[Json, bool]] = {}

    def of(self, user: str) -> list[Alert]:
        """The newest first."""
        mine = (channel for channel in self._workspace.channels_of(user) if user in channel.members)
        found = [alert for channel in mine for alert in self._in_channel(user, channel)]
        return sorted(found, key=lambda alert: float(alert.message.ts), reverse=True)[:MOST_SHOWN]

    def follows(self, user: str, channel: str, thread: str) -> bool:
        """Whether the person began, joined, or was mentioned in a thread."""
        parent = self._workspace.history.get(channel, thread)
        if parent is None:
            return False
        known = self._followed.get((user, channel, thread))
        if known is not None and known[0] is parent.payload:  # which is another one after each reply
            return known[1]
        is_followed = any(
            message.payload.get("user") == user or user in self.mentioned(channel, message)
            for message in self._workspace.thread(channel, thread)
        )
        self._followed[user, channel, thread] = parent.payload, is_followed
        return is_followed

    def mentioned(self, channel: str, message: Message) -> frozenset[str]:
        """The people a message mentions, by name, by group, or all at once."""
        key = (channel, message.ts)
        known = self._mentioned.get(key)
        if known is not None and known[0] is message.payload:
            return known[1]
        found = frozenset(self._read(channel, message.payload))
        self._mentioned[key] = (message.payload, found)
        return found

    def _read(self, channel: str, payload: Json) -> Iterator[str]:
        spoken = str(payload.get("text") or "")
        if payload.get("blocks"):
            spoken += json.dumps(payload["blocks"])
        for match in _IDS.finditer(spoken):
            name = next(group for group in match.groups() if group)
            if name in EVERYBODY:
                yield from self._workspace.channels[channel].members
            else:
                yield name
        for match in _GROUPS.finditer(spoken):
            group = self._workspace.groups.get(match[1] or match[2])
            yield from group.members if group else ()

    def _in_channel(self, user: str, channel: Channel) -> Iterator[Alert]:
        for message in self._workspace.history.everything(channel.id)[-LOOKED_AT:]:
            if message.payload.get("user") == user or message.is_tombstone:
                continue
            kind = self._kind(user, channel, message)
            if kind is not None:
                yield Alert(kind, channel.id, message, self._reads.is_new(user, channel.id, message))

    def _kind(
        self, user: str, channel: Channel, message: Message
    ) -> Literal["direct", "mention", "reply"] | None:
        if user in self.mentioned(channel.id, message):
            return "mention"
        if message.is_reply:
            return "reply" if self.follows(user, channel.id, str(message.thread_ts)) else None
        return "direct" if channel.kind in ("im", "mpim") else None
