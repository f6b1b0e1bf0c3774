"""Bringing the tables to this version's state, and refusing to work on any other."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from engine.core.errors import Problem
from store.database import Database, parse_url
from store.errors import SchemaBehind

LOCK_TIMEOUT_SECONDS = 120.0
_ADVISORY_LOCK = 0x48616E64  # any number that no other program on this database is likely to use


def upgrade(url: str) -> None:
    """Migrate the database to the newest schema. Safe when several processes call it at once: one migrates
    while the others wait, then find nothing to do. All of it is one transaction."""
    database = Database(url, lock_timeout_seconds=LOCK_TIMEOUT_SECONDS, checks_foreign_keys=False)
    try:
        if database.is_sqlite:
            Path(str(parse_url(url).database)).parent.mkdir(parents=True, exist_ok=True)
        with database.write() as c:
            if not database.is_sqlite:
                c.execute(text("SET LOCAL statement_timeout = 0"))
                c.execute(text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
            config = _config()
            config.attributes["connection"] = c
            command.upgrade(config, "head")
            if database.is_sqlite:
                _check_foreign_keys(c)
    finally:
        database.dispose()


def _check_foreign_keys(c: Connection) -> None:
    """SQLite changes a table by making it anew, which it can do only while it does not look at foreign keys."""
    broken = c.execute(text("PRAGMA foreign_key_check")).first()
    if broken is not None:
        raise Problem(
            f"Migrating would leave rows of {broken[0]} without those they refer to. Nothing was changed."
        )


def require_current(database: Database) -> None:
    """Raise SchemaBehind unless the schema is exactly that of this version."""
    with database.read() as c:
        found = _revision(c)
    scripts = ScriptDirectory.from_config(_config())
    newest = scripts.get_current_head()
    if found == newest:
        return
    known = {script.revision for script in scripts.walk_revisions()}
    if found is None or found in known:
        raise SchemaBehind(
            f"The database is at schema {found or 'none'}, and this Handrail needs {newest}. "
            "Run `handrail migrate`, then start it again."
        )
    raise SchemaBehind(
        f"The database is at schema {found}, which this Handrail does not know: a newer one has migrated it. "
        "Start the newer Handrail."
    )


def _revision(c: Connection) -> str | None:
    return MigrationContext.configure(c).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config
