"""Looks into a stack's runs and surfaces, and moves their times: a test cannot wait ten minutes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from store.database import Database
from tests.e2e.looking import TEAM, number
from tests.support.sandbox_client import Json
from tests.support.stack import Stack


def surfaces_of(stack: Stack, root: Json) -> dict[str, Json]:
    """The surfaces of a run by kind; of several of one kind the newest."""
    query = text(
        "SELECT surface.* FROM surface JOIN run ON run.id = surface.run_id "
        "WHERE run.team_id = :team AND run.number = :number ORDER BY surface.created_at"
    )
    database = Database(stack.database_url)
    try:
        with database.read() as c:
            rows = c.execute(query, {"team": TEAM, "number": number(root)})
            return {row.kind: dict(row._mapping) for row in rows}
    finally:
        database.dispose()


def move(stack: Stack, surface: Json, **times: Any) -> None:
    """Set columns of a surface: `due_at=0` makes it due, whatever it waited for."""
    changes = ", ".join(f"{name} = :{name}" for name in times)
    database = Database(stack.database_url)
    try:
        with database.write() as c:
            c.execute(text(f"UPDATE surface SET {changes} WHERE id = :id"), {**times, "id": surface["id"]})
    finally:
        database.dispose()


def run_status(stack: Stack, root: Json) -> str:
    """What a run has come to, whatever its message says."""
    query = text("SELECT status FROM run WHERE team_id = :team AND number = :number")
    database = Database(stack.database_url)
    try:
        with database.read() as c:
            return str(c.execute(query, {"team": TEAM, "number": number(root)}).scalar_one())
    finally:
        database.dispose()
