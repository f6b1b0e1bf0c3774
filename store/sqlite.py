"""Connections to a SQLite file, and the order in which its writers begin."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable

from sqlalchemy import URL, Engine, create_engine, event

from engine.core.errors import Problem

OLDEST = (3, 35, 0)  # the first with RETURNING
BUSY_CODES = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})

PATIENCE_SECONDS = 0.01
_LONG_PAUSE_SECONDS, _SHORT_PAUSE_SECONDS = 0.001, 0.0002


def is_busy(error: sqlite3.Error) -> bool:
    return (error.sqlite_errorcode & 0xFF) in BUSY_CODES  # the upper bits say which kind of busy


def make_engine(url: URL, lock_timeout_seconds: float, pool_size: int, *, waits_for_locks: bool) -> Engine:
    """An engine whose transactions are begun by whoever uses it, with statements of their own. Raises Problem."""
    if sqlite3.sqlite_version_info < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise Problem(f"This Python comes with SQLite {sqlite3.sqlite_version}; Handrail needs {oldest}.")
    if not url.database or url.database == ":memory:":
        raise Problem("Handrail needs a SQLite file: write sqlite:////absolute/path/of/a/file.")
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=lock_timeout_seconds,
        # no transactions by sqlite3's own ideas
        connect_args={"isolation_level": None, "timeout": lock_timeout_seconds},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, record: object) -> None:
        _use_write_ahead_log(connection, lock_timeout_seconds)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        if not waits_for_locks:
            connection.execute("PRAGMA busy_timeout=0")

    return engine


def ignore_foreign_keys(engine: Engine) -> None:
    """For connections that are made from now on."""

    @event.listens_for(engine, "connect")
    def ignore(connection: sqlite3.Connection, record: object) -> None:
        connection.execute("PRAGMA foreign_keys=OFF")


def _use_write_ahead_log(connection: sqlite3.Connection, timeout_seconds: float) -> None:
    """Switching needs the file for itself, and SQLite does not wait for that by itself."""
    deadline = time.monotonic() + timeout_seconds
    while connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        try:
            connection.execute("PRAGMA journal_mode=WAL").fetchone()
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


class Turns:
    """Lets the writers of one file begin in turn, also those of different processes; for one thread at a time.

    SQLite lets in whoever asks at the right moment, and a process that writes again and again leaves the others
    hardly such a moment, for seconds. So whoever has waited for a while locks a file beside the database until
    SQLite has let it in: nobody else asks meanwhile. Taking strict turns from the start would cost more time than
    it saves.
    """

    def __init__(self, database: str) -> None:
        """`database` is the path of the SQLite file."""
        self._database = database
        self._file: int | None = None

    def begin(self, connection: sqlite3.Connection, deadline: float) -> bool:
        """Begin a transaction that may write, on a connection that does not wait for locks by itself. False: not
        to be had before `deadline`, of the monotonic clock."""
        if self._file is None:
            mode = os.stat(self._database).st_mode & 0o666  # whoever may write to the database may take turns
            self._file = os.open(f"{self._database}-turn", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, mode)
        file = self._file
        patience_ends = min(deadline, time.monotonic() + PATIENCE_SECONDS)
        if _try_until(
            patience_ends, _LONG_PAUSE_SECONDS, lambda: not _is_locked(file) and _begin(connection)
        ):
            return True
        if not _try_until(deadline, _LONG_PAUSE_SECONDS, lambda: _lock(file, fcntl.LOCK_EX)):
            return _begin(
                connection
            )  # whoever has the turn may be frozen: the turn is a courtesy, and no lock
        try:
            return _try_until(deadline, _SHORT_PAUSE_SECONDS, lambda: _begin(connection))
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _try_until(deadline: float, pause_seconds: float, attempt: Callable[[], bool]) -> bool:
    while not attempt():
        if time.monotonic() >= deadline:
            return False
        time.sleep(pause_seconds)
    return True


def _lock(file: int, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_locked(file: int) -> bool:
    if not _lock(file, fcntl.LOCK_SH):
        return True
    fcntl.flock(file, fcntl.LOCK_UN)
    return False


def _begin(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if not is_busy(error):
            raise
        return False
    return True
