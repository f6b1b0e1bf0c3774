"""Hints that a run changed, for those who show runs: best effort, and only to be sooner than their own looking."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import redis.asyncio
from redis.asyncio.client import PubSub

from engine.broker import CHANGED_CHANNEL

_PAUSE_SECONDS = 1.0
_LISTEN_SECONDS = 5.0


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
