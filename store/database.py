"""Connections and transactions, the same for SQLite and Postgres."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, cast

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, select
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, InvalidatePoolError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from engine.core.errors import Busy, Problem
from store import sqlite
from store.columns import now_millis

__all__ = ["Connection", "Database", "now_ms"]

STATEMENT_TIMEOUT_SECONDS = 30
CONNECT_TIMEOUT_SECONDS = 5
RESTED_SECONDS = 1.0
"""No server restarts faster than that."""

_BUSY_SQLSTATES = frozenset(
    {
        "25P03",  # idle in transaction for too long
        "40001",  # serialization failure
        "40P01",  # deadlock
        "55P03",  # lock timeout
        "57014",  # statement timeout
        "57P01",  # the server is shutting down
        "57P02",
        "57P03",
    }
)

_NOW = select(now_millis())


class Database:
    """One database, with a pool of connections for the threads of this process. Make it after forking.

    `url` is "sqlite:////absolute/path" or "postgresql://user@host/name". Raises Problem for another one.
    """

    def __init__(
        self,
        url: str,
        *,
        lock_timeout_seconds: float = 10.0,
        pool_size: int = 8,
        checks_foreign_keys: bool = True,
    ) -> None:
        """Only a migration does without `checks_foreign_keys`, and only SQLite needs that."""
        self.url = url
        parsed = parse_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        make = _sqlite_engines if self.is_sqlite else _postgres_engines
        self._reading, self._writing = make(parsed, lock_timeout_seconds, pool_size)
        if self.is_sqlite and not checks_foreign_keys:
            sqlite.ignore_foreign_keys(self._writing)
        self._lock_timeout_seconds = lock_timeout_seconds
        self._writer_lock = threading.Lock()
        self._turns = sqlite.Turns(str(parsed.database))

    def write(self) -> AbstractContextManager[Connection]:
        """A transaction that may write: committed at the end of the block, rolled back by any exception.

        Raises Busy when a lock cannot be had in time or the database cannot be reached; nothing is done then.
        """
        return self._write_sqlite() if self.is_sqlite else self._transaction(self._writing)

    def read(self) -> AbstractContextManager[Connection]:
        """A transaction that only reads, and sees one instant. Raises Busy like `write`."""
        return self._transaction(self._reading, _begin_reading if self.is_sqlite else None)

    def dispose(self) -> None:
        """Close the idle connections."""
        self._reading.dispose()
        self._writing.dispose()
        self._turns.close()

    @contextmanager
    def _write_sqlite(self) -> Iterator[Connection]:
        deadline = time.monotonic() + self._lock_timeout_seconds

        def begin(connection: Connection) -> None:
            if not self._turns.begin(_sqlite_connection(connection), deadline):
                raise _busy()

        if not self._writer_lock.acquire(timeout=self._lock_timeout_seconds):  # threads queue here
            raise _busy()
        try:
            with self._transaction(self._writing, begin) as connection:
                yield connection
        finally:
            self._writer_lock.release()

    @contextmanager
    def _transaction(
        self, engine: Engine, begin: Callable[[Connection], object] | None = None
    ) -> Iterator[Connection]:
        """`begin` is what a SQLite connection does to begin: others do it by themselves."""
        with _connect(engine) as connection:
            try:
                transaction = connection.begin()
                try:
                    if begin is not None:
                        begin(connection)
                    yield connection
                except BaseException:
                    transaction.rollback()
                    raise
            except DBAPIError as error:
                if _is_busy(error):
                    raise _busy() from error
                raise
            # A connection that is lost here leaves open whether the commit took place: no Busy for that.
            transaction.commit()


def now_ms(c: Connection) -> int:
    """The database's time in milliseconds."""
    return c.execute(_NOW).scalar_one()


def parse_url(url: str) -> URL:
    """The address with the driver that Handrail uses. The sentence of its Problem names no password."""
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except ArgumentError:
        backend = ""
    if backend == "sqlite":
        return parsed.set(drivername="sqlite+pysqlite")
    if backend in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    raise Problem(
        "DATABASE_URL is no address of a database that Handrail knows. "
        "Write sqlite:////absolute/path/of/a/file or postgresql://user:password@host/database."
    )


@contextmanager
def _connect(engine: Engine) -> Iterator[Connection]:
    try:
        connection = engine.connect()
    except PoolTimeout as error:
        raise _busy() from error
    except DBAPIError as error:
        raise Busy("The database cannot be reached. Nothing was changed; try again in a moment.") from error
    with connection:
        yield connection


def _busy() -> Busy:
    return Busy("The database is busy. Nothing was changed; try again in a moment.")


def _is_busy(error: DBAPIError) -> bool:
    if error.connection_invalidated:
        return True
    if isinstance(error.orig, sqlite3.Error):
        return sqlite.is_busy(error.orig)
    return getattr(error.orig, "sqlstate", None) in _BUSY_SQLSTATES


# --- SQLite


def _sqlite_engines(url: URL, lock_timeout_seconds: float, pool_size: int) -> tuple[Engine, Engine]:
    """For reading and for writing: of one process, one thread writes at a time."""
    return (
        sqlite.make_engine(url, lock_timeout_seconds, pool_size, waits_for_locks=True),
        sqlite.make_engine(url, lock_timeout_seconds, 1, waits_for_locks=False),
    )


def _sqlite_connection(connection: Connection) -> sqlite3.Connection:
    return cast(sqlite3.Connection, connection.connection.dbapi_connection)


def _begin_reading(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


# --- Postgres


def _postgres_engines(url: URL, lock_timeout_seconds: float, pool_size: int) -> tuple[Engine, Engine]:
    """For reading and for writing, over one pool."""
    engine = _postgres_engine(url, lock_timeout_seconds, pool_size)
    reading = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return reading, engine


def _postgres_engine(url: URL, lock_timeout_seconds: float, pool_size: int) -> Engine:
    milliseconds = {
        "lock_timeout": lock_timeout_seconds * 1000,
        "statement_timeout": STATEMENT_TIMEOUT_SECONDS * 1000,
        "idle_in_transaction_session_timeout": 2 * STATEMENT_TIMEOUT_SECONDS * 1000,
    }
    limits = " ".join(f"-c {name}={int(value)}" for name, value in milliseconds.items())
    asked = url.query.get("options", "")
    options: dict[str, Any] = {
        "options": f"{limits} {asked if isinstance(asked, str) else ' '.join(asked)}".strip(),
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "application_name": "handrail",
    }
    engine = create_engine(
        url.difference_update_query(["options"]),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=lock_timeout_seconds,
        connect_args=options,
    )
    _ask_rested_connections(engine)
    return engine


def _ask_rested_connections(engine: Engine) -> None:
    """A connection that has rested is asked whether its server is still there, and replaced if not. One that was
    just used is not: that would be one more way to the server and back for each transaction."""

    @event.listens_for(engine, "checkin")
    def rest(connection: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
        record.info["rests_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def ask(connection: DBAPIConnection, record: ConnectionPoolEntry, proxy: object) -> None:
        now = time.monotonic()
        if now - record.info.get("rests_since", now) < RESTED_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error
