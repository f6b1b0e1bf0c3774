"""Connections to Redis that fail soon and never repeat a command by themselves."""

from __future__ import annotations

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry


def connect(url: str, *, timeout_seconds: float) -> redis.Redis:
    """A client for redis://, rediss:// or unix:// URLs. Connecting and each command take at most this long."""
    return redis.Redis.from_url(
        url,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
        health_check_interval=15,
        retry=Retry(NoBackoff(), 0),
    )
