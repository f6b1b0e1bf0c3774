"""Hints that a run changed, for those who show runs: best effort, and only to be sooner than their own looking.

One end in each process: workers and commands send, whoever shows runs listens.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection
from contextlib import aclosing

import redis.asyncio
from redis.asyncio.client import PubSub

from engine.broker import CHANGED_CHANNEL

_PAUSE_SECONDS = 1.0
_LISTEN_SECONDS = 5.0
_GATHER_SECONDS = 0.02


class HintSender:
    """Publishes hints from a thread of its own, those of a moment together: nothing that changes a run waits for
    Redis. `publish` must not raise."""

    def __init__(self, publish: Callable[[Collection[str]], object]) -> None:
        self._publish = publish
        self._waiting: set[str] = set()
        self._added = threading.Condition()
        self._thread: threading.Thread | None = None

    def __call__(self, run_id: str) -> None:
        with self._added:
            self._waiting.add(run_id)
            if self._thread is None:
                self._thread = threading.Thread(target=self._send, name="hints", daemon=True)
                self._thread.start()
            self._added.notify()

    def _send(self) -> None:
        while True:
            with self._added:
                self._added.wait_for(lambda: self._waiting)
                run_ids, self._waiting = self._waiting, set()
            self._publish(run_ids)
            time.sleep(_GATHER_SECONDS)


async def changed_runs(redis_url: str) -> AsyncIterator[str]:
    """Ids of runs that changed, for ever. Whatever happens to Redis, it only yields nothing for a while."""
    while True:
        client = redis.asyncio.Redis.from_url(
            redis_url, socket_connect_timeout=_PAUSE_SECONDS, health_check_interval=15
        )
        try:
            async with client, client.pubsub(ignore_subscribe_messages=True) as channel:
                await channel.subscribe(CHANGED_CHANNEL)
                async with aclosing(_messages(channel)) as messages:
                    async for run_id in messages:
                        yield run_id
        except (redis.RedisError, OSError):
            await asyncio.sleep(_PAUSE_SECONDS)


async def _messages(channel: PubSub) -> AsyncGenerator[str, None]:
    while True:
        message = await channel.get_message(timeout=_LISTEN_SECONDS)
        data = message["data"] if message is not None else None
        if isinstance(data, bytes):
            yield data.decode("utf-8", "replace")
