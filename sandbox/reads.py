"""How far each person has read each channel and each thread that they follow."""

from sandbox.changes import Change
from sandbox.message_store import Message
from sandbox.workspace import Workspace

Pane = tuple[str, str | None]  # a channel, and the thread when it is one


class Reads:
    """What was there at the start counts as read; so does what a person wrote."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.clear()

    def clear(self) -> None:
        """Everything that is there now is read."""
        self._start = self._workspace.clock.now()
        self._marks: dict[tuple[str, Pane], float] = {}
        self._held: set[tuple[str, Pane]] = set()

    def read(self, user: str, channel: str, thread: str | None = None) -> None:
        """The person has this channel, or thread, before their eyes."""
        key = (user, (channel, thread))
        messages = self._messages(user, channel, thread)
        if messages and key not in self._held:
            self._marks[key] = float(messages[-1].ts)

    def mark_unread(self, user: str, channel: str, ts: str, thread: str | None = None) -> None:
        """Everything from this message on is new again, until the person has gone elsewhere and come back."""
        key = (user, (channel, thread))
        self._marks[key] = float(ts) - 0.000_000_5
        self._held.add(key)
        self._workspace.publish(Change("marks", channel, ts, thread, user))

    def moved(self, user: str, channel: str, thread: str | None) -> None:
        """The person looks at this channel and thread now, so what they marked as unread elsewhere may be read."""
        here = {(user, (channel, None)), (user, (channel, thread))}
        self._held = {held for held in self._held if held[0] != user or held in here}

    def is_new(self, user: str, channel: str, message: Message) -> bool:
        """Whether the person has yet to read this message."""
        if message.payload.get("user") == user:
            return False
        panes: list[Pane] = [(channel, message.thread_ts)] if message.is_reply else [(channel, None)]
        if message.is_reply and message.broadcast:
            panes.append((channel, None))
        return all(float(message.ts) > self._marks.get((user, pane), self._start) for pane in panes)

    def mark(self, user: str, channel: str, thread: str | None = None) -> float:
        """The time of the last message that counts as read."""
        return self._marks.get((user, (channel, thread)), self._start)

    def unread(self, user: str, channel: str) -> int:
        """How many new messages the channel's main pane has."""
        return self._count(user, (channel, None))

    def unread_replies(self, user: str, channel: str, thread: str) -> int:
        """How many new replies a thread has."""
        return self._count(user, (channel, thread))

    def _count(self, user: str, pane: Pane) -> int:
        mark = self._marks.get((user, pane), self._start)
        count = 0
        for message in reversed(self._messages(user, *pane)):
            if float(message.ts) <= mark:
                break
            count += message.payload.get("user") != user
        return count

    def _messages(self, user: str, channel: str, thread: str | None) -> list[Message]:
        if thread is None:
            return self._workspace.messages(channel, user)
        return self._workspace.thread(channel, thread, user)
