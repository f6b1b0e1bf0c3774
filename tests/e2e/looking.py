"""What a stack's database says about its runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import text

from store import audit_check
from store.database import Connection, Database
from tests.support.stack import Stack

TEAM = "T0001"


def number(root: dict[str, Any]) -> int:
    """The number of the run that a root message shows."""
    return int(root["text"].split("#")[1].split()[0])


def run_count(stack: Stack) -> int:
    with _reading(stack) as c:
        found: int = c.execute(text("SELECT count(*) FROM run")).scalar_one()
    return found


def posts_in_doubt(stack: Stack) -> int:
    """Messages that were sent, and nobody has written down yet what Slack answered."""
    with _reading(stack) as c:
        query = text("SELECT count(*) FROM surface WHERE doubt_at IS NOT NULL AND ts IS NULL")
        found: int = c.execute(query).scalar_one()
    return found


def facts_of(stack: Stack, root: dict[str, Any]) -> list[str]:
    """What the audit trail of a run tells, in its order; it must be whole."""
    with _reading(stack) as c:
        run_id = _run_id(c, number(root), TEAM)
        assert audit_check.is_whole(c, run_id), "the audit trail is broken"
        query = text("SELECT kind FROM event WHERE chain = :run ORDER BY seq")
        return [row.kind for row in c.execute(query, {"run": run_id})]


def attempts_of(stack: Stack, root: dict[str, Any], team: str = TEAM) -> dict[str, list[str]]:
    """The workers of each step's attempts, oldest first."""
    query = text(
        "SELECT task.step_id, attempt.worker FROM attempt JOIN task ON task.id = attempt.task_id "
        "WHERE task.run_id = :run ORDER BY attempt.number"
    )
    workers: dict[str, list[str]] = defaultdict(list)
    with _reading(stack) as c:
        for row in c.execute(query, {"run": _run_id(c, number(root), team)}):
            workers[row.step_id].append(row.worker)
    return workers


def decisions_of(stack: Stack, root: dict[str, Any]) -> list[tuple[str, bool]]:
    """Who decided what in a run."""
    query = text(
        "SELECT decision.user_id, decision.approve FROM decision "
        "JOIN approval ON approval.id = decision.approval_id WHERE approval.run_id = :run"
    )
    with _reading(stack) as c:
        found = c.execute(query, {"run": _run_id(c, number(root), TEAM)})
        return [(row.user_id, bool(row.approve)) for row in found]


@contextmanager
def _reading(stack: Stack) -> Iterator[Connection]:
    database = Database(stack.database_url)
    try:
        with database.read() as c:
            yield c
    finally:
        database.dispose()


def _run_id(c: Connection, number: int, team: str) -> str:
    query = text("SELECT id FROM run WHERE team_id = :team AND number = :number")
    found: str = c.execute(query, {"team": team, "number": number}).scalar_one()
    return found
