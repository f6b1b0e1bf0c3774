"""The yardstick of runs: plain Dramatiq actors over its own Redis broker, one raw commit a step, nothing else.

`dramatiq benchmarks.plain:set_up` works for them, with REDIS_URL and DATABASE_URL set.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import dramatiq
import psycopg
import redis
from dramatiq.brokers.redis import RedisBroker

from benchmarks.workflow_files import STEPS

ENDED = "plain:ended"
_TABLE = (
    "CREATE TABLE IF NOT EXISTS plain_step (run TEXT NOT NULL, step INTEGER NOT NULL, at BIGINT NOT NULL)"
)
_SQLITE_INSERT = "INSERT INTO plain_step VALUES (?, ?, ?)"
_POSTGRES_INSERT = "INSERT INTO plain_step VALUES (%s, %s, %s)"


class Plain:
    """The actors, for sending and for working. `ended` waits for one of them to come to its end."""

    def __init__(self, redis_url: str, database_url: str) -> None:
        self._client = redis.Redis.from_url(redis_url)
        self.broker = RedisBroker(url=redis_url)  # type: ignore[no-untyped-call]  # Dramatiq annotates it in part
        self._commit = _committer(database_url)
        self._step = self._actor("step", self._carry_out)
        self._touch = self._actor("touch", self._say_that_it_runs)

    def start_run(self, name: str) -> None:
        self._step.send(name, 1)

    def touch(self) -> None:
        """Send a message whose actor only says that it runs."""
        self._touch.send()

    def wait_for_end(self, seconds: float = 60) -> None:
        """Until one more run has ended, or one more `touch` runs."""
        if self._client.blpop([ENDED], seconds) is None:
            raise TimeoutError(f"plain actors came to no end within {seconds:g} seconds")

    def close(self) -> None:
        self.broker.close()
        self._client.close()

    def _actor(self, name: str, function: Callable[..., None]) -> dramatiq.Actor[..., None]:
        return dramatiq.Actor(
            function, broker=self.broker, actor_name=name, queue_name="default", priority=0, options={}
        )

    def _carry_out(self, run: str, step: int) -> None:
        self._commit(run, step)
        if step < STEPS:
            self._step.send(run, step + 1)
        else:
            self._say_that_it_runs()

    def _say_that_it_runs(self) -> None:
        self._client.lpush(ENDED, 1)


def set_up() -> None:
    """For the command line of Dramatiq."""
    dramatiq.set_broker(Plain(os.environ["REDIS_URL"], os.environ["DATABASE_URL"]).broker)


def create_table(url: str) -> None:
    """What the actors write to."""
    with closing(_connect(url)) as connection:
        connection.execute(_TABLE)


def _committer(url: str) -> Callable[[str, int], None]:
    """Notes one step in one transaction, over a connection a thread."""
    kept = threading.local()
    insert = _SQLITE_INSERT if _is_sqlite(url) else _POSTGRES_INSERT

    def commit(run: str, step: int) -> None:
        if not hasattr(kept, "connection"):
            kept.connection = _connect(url)
        kept.connection.execute(insert, (run, step, time.time_ns()))

    return commit


def _is_sqlite(url: str) -> bool:
    return url.startswith("sqlite")


def _connect(url: str) -> Any:
    """A connection whose statements are transactions of their own, as durable as Handrail's."""
    if not _is_sqlite(url):
        return psycopg.connect(url, autocommit=True)
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=10)
    connection.execute("PRAGMA journal_mode=WAL").fetchone()
    connection.execute("PRAGMA synchronous=FULL")
    return connection
