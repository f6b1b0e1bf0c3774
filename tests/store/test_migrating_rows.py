"""Rows that an earlier Handrail has written are kept by every migration, and get what new columns need."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData, Table, text
from sqlalchemy.exc import IntegrityError

from store import migrate
from store.database import Connection, Database
from store.migrate import require_current, upgrade
from store.reading import run_picture
from store.tasks import expired_leases

ROWS: dict[str, list[dict[str, Any]]] = {
    "workspace": [{"team_id": "T0001", "last_number": 7, "chain_length": 0, "chain_head": ""}],
    "workflow_version": [
        {"digest": "d" * 64, "name": "deploy", "source": "name: deploy", "folder": "/flows", "created_at": 1}
    ],
    "run": [
        {
            "id": f"run-{number}",
            "team_id": "T0001",
            "number": number,
            "version": 3,
            "workflow_digest": "d" * 64,
            "workflow_name": "deploy",
            "workflow_title": "Deploy",
            "parameters": '{"version":"v1"}',
            "requester": "U0ADA",
            "origin": "slack",
            "status": status,
            "progress": 50,
            "created_at": 1,
            "chain_length": 1,
            "chain_head": "h",
        }
        for number, status in ((1, "running"), (2, "waiting_for_approval"), (3, "completed"))
    ],
    "task": [
        {
            "id": f"task-{step}",
            "team_id": "T0001",
            "run_id": "run-1",
            "position": position,
            "step_id": step,
            "title": step,
            "kind": kind,
            "status": status,
            "attempt": 1,
            "stop_requested": False,
            "worker": "worker-1" if status == "running" else None,
            "lease_until": 99 if status == "running" else None,
            "result": '{"built":true}',
            "scheduled_at": 1,
        }
        for position, (step, kind, status) in enumerate(
            (("build", "run", "running"), ("ask", "approval", "waiting"), ("done", "set", "completed"))
        )
    ],
    "attempt": [
        {
            "task_id": "task-build",
            "number": 1,
            "team_id": "T0001",
            "worker": "worker-1",
            "started_at": 1,
            "last_seq": 1,
            "stdout_size": 5,
            "stderr_size": 0,
        }
    ],
    "log_chunk": [
        {
            "task_id": "task-build",
            "attempt": 1,
            "seq": 1,
            "team_id": "T0001",
            "stream": "stdout",
            "stop": 5,
            "at": 1,
            "text": "hello",
        }
    ],
    "approval": [
        {
            "id": "approval-1",
            "team_id": "T0001",
            "run_id": "run-1",
            "task_id": "task-ask",
            "step_id": "ask",
            "title": "Ship?",
            "message": "",
            "approver_users": '["U0BOB"]',
            "approver_groups": "[]",
            "required": 1,
            "allow_self": False,
            "on_timeout": "reject",
            "status": "open",
            "created_at": 1,
            "expires_at": 9,
        }
    ],
    "timer": [
        {
            "id": "timer-1",
            "team_id": "T0001",
            "run_id": "run-1",
            "step_id": "ask",
            "kind": "approval",
            "due_at": 9,
        }
    ],
    "surface": [
        {
            "id": f"surface-{kind}",
            "team_id": "T0001",
            "run_id": "run-1",
            "kind": kind,
            "state": "live",
            "channel_id": "C1",
            "approval_id": "approval-1" if kind == "approval" else None,
            "nonce": "n",
            "drawn_version": 1,
            "redraws": 0,
            "due_at": 1,
            "tries": 0,
            "created_at": 1,
            "attended_at": 1,
        }
        for kind in ("root", "thread", "approval")
    ],
}
"""By table, in an order that references allow."""

NEW_VALUES: dict[str, dict[str, object]] = {
    "run": {
        "round": 1,
        "is_queued": False,
        "is_rehearsal": False,
        "concurrency_key": None,
        "parent_run_id": None,
        "parent_step_id": None,
        "depth": 0,
    },
    "task": {
        "item": 0,
        "item_value": None,
        "failures": 0,
        "losses": 0,
        "is_unknown": False,
        "stop_forced": False,
    },
    "surface": {"question_id": None, "step_id": None},
}


def upgrade_to(url: str, revision: str) -> None:
    database = Database(url, checks_foreign_keys=False)
    with database.write() as c:
        settings = Config()
        settings.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
        settings.attributes["connection"] = c
        command.upgrade(settings, revision)
    database.dispose()


def fill(c: Connection) -> dict[str, list[dict[str, Any]]]:
    """Rows in every table that is about to change, as they are read back."""
    old = MetaData()
    old.reflect(c)
    for name, rows in ROWS.items():
        c.execute(old.tables[name].insert(), rows)
    return {name: read(c, old.tables[name]) for name in ROWS}


def read(c: Connection, table: Table) -> list[dict[str, Any]]:
    keys = [*table.primary_key.columns]
    return [dict(row) for row in c.execute(table.select().order_by(*keys)).mappings()]


def test_a_database_of_the_first_release_keeps_all_its_rows(empty_url: str) -> None:
    upgrade_to(empty_url, "0001")
    database = Database(empty_url)
    with database.write() as c:
        before = fill(c)
    upgrade(empty_url)
    require_current(database)
    new = MetaData()
    with database.read() as c:
        new.reflect(c)
        after = {name: read(c, new.tables[name]) for name in ROWS}
    for name, rows in before.items():
        kept = [{key: row[key] for key in rows[0]} for row in after[name]]
        assert kept == rows, name
        for row in after[name]:
            assert {key: row[key] for key in NEW_VALUES.get(name, {})} == NEW_VALUES.get(name, {}), name
    database.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE task SET status = 'asleep' WHERE id = 'task-done'",
        "UPDATE task SET status = 'running', lease_until = NULL WHERE id = 'task-done'",
        "UPDATE run SET progress = 101 WHERE id = 'run-1'",
        "UPDATE run SET parent_run_id = 'nobody' WHERE id = 'run-1'",
        "UPDATE timer SET kind = 'egg' WHERE id = 'timer-1'",
        "UPDATE surface SET kind = 'poster' WHERE id = 'surface-root'",
        "UPDATE surface SET state = 'lost' WHERE id = 'surface-root'",
        "UPDATE surface SET kind = 'root' WHERE id = 'surface-thread'",
        "UPDATE task SET step_id = 'ask' WHERE id = 'task-build'",
    ],
)
def test_a_migrated_database_still_refuses_what_is_wrong(empty_url: str, statement: str) -> None:
    upgrade_to(empty_url, "0001")
    database = Database(empty_url)
    with database.write() as c:
        fill(c)
    upgrade(empty_url)
    with pytest.raises(IntegrityError), database.write() as c:
        c.execute(text(statement))
    database.dispose()


def test_a_migrated_run_goes_on(empty_url: str) -> None:
    """What is in the tables can be read and claimed by this version."""
    upgrade_to(empty_url, "0001")
    database = Database(empty_url)
    with database.write() as c:
        fill(c)
    upgrade(empty_url)
    with database.read() as c:
        picture = run_picture(c, "run-1")
        assert [lease.step_id for lease in expired_leases(c, 10)] == ["build"]
    assert picture is not None
    assert (picture.round, picture.is_queued, len(picture.tasks)) == (1, False, 3)
    assert picture.open_approvals[0].title == "Ship?"
    database.dispose()
