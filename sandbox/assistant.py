"""What an app says of a thread beside its messages: a status line, a title, prompts, and an agent's state."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.changes import Change
from sandbox.clock import Clock
from sandbox.message_store import MessageStore
from sandbox.people import BOT_ID
from sandbox.types import Json

STATUS_SECONDS = 120.0  # a status goes by itself after two minutes, or with the app's next message


@dataclass
class ThreadState:
    """`status` was set at `status_at`; look at it through `Assistant.status`."""

    status: str = ""
    status_at: float = 0.0
    loading_messages: list[str] = field(default_factory=list)
    title: str | None = None
    prompts: list[Json] = field(default_factory=list)
    prompts_title: str | None = None
    session: str | None = None
    session_title: str | None = None


class Assistant:
    """The states of threads by channel and thread. They are gone after a restart, as statuses are in Slack."""

    def __init__(self, clock: Clock, history: MessageStore, publish: Callable[[Change], None]) -> None:
        self._clock = clock
        self._history = history
        self._publish = publish
        self._threads: dict[tuple[str, str], ThreadState] = {}

    def thread(self, channel: str, thread_ts: str) -> ThreadState:
        return self._threads.setdefault((channel, thread_ts), ThreadState())

    def find(self, channel: str, thread_ts: str) -> ThreadState | None:
        return self._threads.get((channel, thread_ts))

    def set_status(self, channel: str, thread_ts: str, status: str, loading: list[str]) -> None:
        state = self.thread(channel, thread_ts)
        state.status, state.loading_messages = status, loading
        state.status_at = self._clock.now()
        self.changed(channel, thread_ts)

    def status(self, channel: str, thread_ts: str) -> str:
        """The line people read under the thread now, such as "is thinking..."; often empty."""
        state = self._threads.get((channel, thread_ts))
        if state is None or self._clock.now() - state.status_at > STATUS_SECONDS:
            return ""
        replies = self._history.thread(channel, thread_ts)[1:]
        said = any(m.payload.get("bot_id") == BOT_ID and float(m.ts) > state.status_at for m in replies)
        return "" if said else state.status

    def changed(self, channel: str, thread_ts: str) -> None:
        self._publish(Change("status", channel, thread_ts=thread_ts))

    def clear(self) -> None:
        self._threads.clear()
