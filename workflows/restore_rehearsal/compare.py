"""Compares a restored database with its original: a function of a `python` step."""

import hashlib
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path


class RestoreFailed(Exception):
    """The step fails, and its text is what people read."""


@dataclass
class Table:
    rows: int
    sha256: str


@dataclass
class Compared:
    rows: int
    tables: dict[str, Table]


def compare(original: Path, restored: Path, seconds: float, limit: float) -> Compared:
    expected = read(original)
    try:
        found = read(restored)
    except sqlite3.DatabaseError as error:
        raise RestoreFailed(f"the restored database cannot be read: {error}") from error
    for name, table in expected.items():
        print(f"{name}: {table.rows} rows, sha256 {table.sha256}")
    different = [name for name in expected if found.get(name) != expected[name]]
    if different or len(found) != len(expected):
        raise RestoreFailed(f"not what was backed up: {', '.join(different) or 'there are more tables'}")
    if seconds > limit:
        raise RestoreFailed(f"restoring took {seconds} seconds, and {limit} are allowed")
    return Compared(sum(table.rows for table in expected.values()), expected)


def read(path: Path) -> dict[str, Table]:
    """The tables of a database. Raises sqlite3.DatabaseError when it is damaged."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
        (verdict,) = database.execute("PRAGMA integrity_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict.splitlines()[-1])
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: digest(database, name) for name in names}


def digest(database: sqlite3.Connection, table: str) -> Table:
    rows, sha256 = 0, hashlib.sha256()
    for row in database.execute(f'SELECT * FROM "{table}" ORDER BY id'):
        rows += 1
        sha256.update(repr(row).encode())
    return Table(rows, sha256.hexdigest())
