"""A feed of what happened, for everybody who watches: the page's stream, waiting tests, the state file."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from sandbox.types import Json

ChangeKind = Literal[
    "message",
    "message_deleted",
    "view",
    "home",
    "notice",
    "channel",
    "marks",
    "access",
    "file",
    "scheduled",
    "status",
    "app",
    "reset",
]
T = TypeVar("T")


@dataclass(frozen=True)
class Change:
    """Something in the workspace changed; look there for what it is now.

    `view`, `notice` and `marks` (what is unread) concern only `user`; an ephemeral message has its `user`
    set as well.
    """

    kind: ChangeKind
    channel: str | None = None
    ts: str | None = None
    thread_ts: str | None = None
    user: str | None = None


@dataclass(frozen=True)
class Happening:
    """Something the Events API tells an app. `event` is Slack's inner event without `event_ts`.

    `channel` is where it happened, for the app hears only of places it is in; None: nowhere in particular.
    """

    event: Json
    channel: str | None = None


class Feed(Generic[T]):
    """Hands each published item to every subscriber's queue; publishing never waits."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[T]] = set()

    def publish(self, item: T) -> None:
        for queue in self._queues:
            queue.put_nowait(item)

    @asynccontextmanager
    async def subscribe(self) -> AsyncIterator[asyncio.Queue[T]]:
        queue: asyncio.Queue[T] = asyncio.Queue()
        self._queues.add(queue)
        try:
            yield queue
        finally:
            self._queues.discard(queue)
