"""The migrated schema is the declared one, and migrating is safe for processes that start together."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from store.database import Connection, Database
from store.errors import SchemaBehind
from store.migrate import require_current, upgrade
from store.tables import metadata
from tests.support.databases import PostgresServer

ROOT = Path(__file__).parents[2]


def test_the_migrated_tables_are_those_that_are_declared(database: Database) -> None:
    with database.read() as c:
        assert compare_metadata(MigrationContext.configure(c, opts={"compare_type": True}), metadata) == []


def sqlite_schema(c: Connection) -> dict[str, str]:
    rows = c.execute(text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
    return {
        row.name: "".join(row.sql.replace('"', "").split()) for row in rows if row.name != "alembic_version"
    }


def postgres_schema(c: Connection) -> dict[str, str]:
    rows = c.execute(
        text(
            "SELECT conname AS name, pg_get_constraintdef(oid) AS sql FROM pg_constraint "
            "WHERE connamespace = 'public'::regnamespace "
            "UNION ALL SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
        )
    )
    return {row.name: row.sql for row in rows if "alembic" not in row.name}


def sorted_parts(definition: str) -> list[str]:
    """Constraints of a table may come in any order."""
    return sorted(definition.split(","))


def test_constraints_and_partial_indexes_are_the_declared_ones_on_sqlite(
    migrated_sqlite_file: Path, tmp_path: Path
) -> None:
    migrated, declared = Database(f"sqlite:///{migrated_sqlite_file}"), Database(f"sqlite:///{tmp_path}/d.db")
    with declared.write() as c:
        metadata.create_all(c)
        expected = {name: sorted_parts(sql) for name, sql in sqlite_schema(c).items()}
    with migrated.read() as c:
        found = {name: sorted_parts(sql) for name, sql in sqlite_schema(c).items()}
    migrated.dispose()
    declared.dispose()
    assert len(expected) > 20
    assert normal(found) == normal(expected)


def normal(schema: dict[str, list[str]]) -> dict[str, str]:
    """Parts without the brackets that only the last one of a table has."""
    return {name: "".join(sorted("".join(parts).replace(")", ""))) for name, parts in schema.items()}


def test_constraints_and_partial_indexes_are_the_declared_ones_on_postgres(
    postgres_server: PostgresServer,
) -> None:
    urls = postgres_server.create("handrail_template"), postgres_server.create()
    migrated, declared = (Database(url) for url in urls)
    with declared.write() as c:
        metadata.create_all(c)
        expected = postgres_schema(c)
    with migrated.read() as c:
        found = postgres_schema(c)
    for database, url in zip((migrated, declared), urls, strict=True):
        database.dispose()
        postgres_server.drop(url)
    assert len(expected) > 40
    assert found == expected


def test_four_processes_may_migrate_at_once(empty_url: str) -> None:
    script = (
        "import sys, store.tables; from store.migrate import upgrade\n"
        "print('ready', flush=True); sys.stdin.readline(); upgrade(sys.argv[1])"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", script, empty_url], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(4)
    ]
    for process in started:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
    for process in started:
        assert process.stdin
        process.stdin.write(b"go\n")
        process.stdin.flush()
    for process in started:
        process.communicate(timeout=60)
    assert [process.returncode for process in started] == [0] * 4
    database = Database(empty_url)
    require_current(database)
    with database.read() as c:
        assert c.execute(text("SELECT count(*) FROM run")).scalar_one() == 0
    database.dispose()


def test_migrating_twice_changes_nothing(database: Database) -> None:
    with database.write() as c:
        c.execute(text("INSERT INTO delivery (key, created_at) VALUES ('a', 0)"))
    upgrade(database.url)
    with database.read() as c:
        assert c.execute(text("SELECT count(*) FROM delivery")).scalar_one() == 1


def test_a_migration_that_fails_leaves_nothing_behind(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alembic.op.create_index", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        upgrade(empty_url)
    monkeypatch.undo()
    database = Database(empty_url)
    with pytest.raises(SchemaBehind):
        require_current(database)
    upgrade(empty_url)
    require_current(database)
    database.dispose()


def test_a_database_without_tables_is_refused_with_what_to_do(empty_url: str) -> None:
    database = Database(empty_url)
    with pytest.raises(SchemaBehind, match="Run `handrail migrate`"):
        require_current(database)
    database.dispose()


def test_a_database_of_a_newer_handrail_is_refused(database: Database) -> None:
    with database.write() as c:
        c.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaBehind, match="newer"):
        require_current(database)


def test_migrating_makes_the_folder_of_a_sqlite_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/not/yet/there.db"
    upgrade(url)
    database = Database(url)
    require_current(database)
    database.dispose()
