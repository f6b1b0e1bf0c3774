"""News of changed runs inside the web process: from Redis to whoever waits for them.

They only hurry things along. Whoever misses one finds out within a second by looking.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import aclosing, suppress
from dataclasses import dataclass, field

from engine.hints import changed_runs

QUEUE_SIZE = 1000


@dataclass(slots=True)
class Hints:
    """Lives in one event loop. `wake` is called for every hint."""

    wake: Callable[[], None] = field(default=lambda: None)
    _queues: set[asyncio.Queue[str]] = field(default_factory=set)

    def publish(self, run_id: str) -> None:
        self.wake()
        for queue in self._queues:
            if not queue.full():
                queue.put_nowait(run_id)

    async def subscribe(self) -> AsyncGenerator[str, None]:
        """Ids of runs that changed, from now on."""
        queue: asyncio.Queue[str] = asyncio.Queue(QUEUE_SIZE)
        self._queues.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._queues.discard(queue)

    async def wait_for(self, ids: Collection[str], seconds: float) -> None:
        """Wait until one of these changes, at most for so long."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._hear(ids), seconds)

    async def _hear(self, ids: Collection[str]) -> None:
        async with aclosing(self.subscribe()) as changed:
            async for each in changed:
                if each in ids:
                    return

    async def listen(self, redis_url: str) -> None:
        """Pass on what Redis tells, until cancelled; while Redis is away, there is nothing to pass on."""
        async for run_id in changed_runs(redis_url):
            self.publish(run_id)
