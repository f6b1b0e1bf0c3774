"""What the whole language needs: fan-outs, retries, rounds, queues, rehearsals, child runs, inputs, messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_Columns = Sequence[tuple[sa.Column[Any], Any]]
"""Each with what the rows that are there get."""

_TASK_CHECKS = {
    "ck_task_running_has_lease": "status <> 'running' OR (lease_until IS NOT NULL AND worker IS NOT NULL)",
    "ck_task_status": "status IN ('pending', 'running', 'waiting', "
    "'completed', 'failed', 'skipped', 'rejected', 'cancelled', 'error')",
}
_RUN_CHECKS = {
    "ck_run_status": "status IN ('pending', 'running', 'waiting_for_approval', "
    "'completed', 'failed', 'rejected', 'cancelled', 'error')",
    "ck_run_progress": "progress BETWEEN 0 AND 100",
}
_SURFACE_CHECKS = {"ck_surface_state": "state IN ('new', 'live', 'done', 'gone')"}


def upgrade() -> None:
    _change_runs()
    _change_tasks()
    _create_questions()
    _create_slots()
    _create_look_ups()
    _change(
        "timer", {}, new_checks={"ck_timer_kind": "kind IN ('wait', 'approval', 'input', 'message', 'run')"}
    )
    _change_surfaces()
    _index_references()


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _change_runs() -> None:
    columns: _Columns = [
        (sa.Column("round", sa.Integer(), nullable=False), "1"),
        (sa.Column("is_queued", sa.Boolean(), nullable=False), sa.false()),
        (sa.Column("is_rehearsal", sa.Boolean(), nullable=False), sa.false()),
        (sa.Column("concurrency_key", sa.Text(), nullable=True), None),
        (sa.Column("parent_run_id", sa.String(), nullable=True), None),
        (sa.Column("parent_step_id", sa.String(), nullable=True), None),
        (sa.Column("depth", sa.Integer(), nullable=False), "0"),
    ]
    parent = ("fk_run_parent_run_id", "run", ["parent_run_id"], ["id"])
    _change("run", _RUN_CHECKS, columns, foreign_key=parent)
    op.create_index(
        "ix_run_queue",
        "run",
        ["team_id", "concurrency_key", "number"],
        **_where("concurrency_key IS NOT NULL"),
    )
    op.create_index("ix_run_parent", "run", ["parent_run_id"], **_where("parent_run_id IS NOT NULL"))


def _change_tasks() -> None:
    columns: _Columns = [
        (sa.Column("stop_forced", sa.Boolean(), nullable=False), sa.false()),
        (sa.Column("item", sa.Integer(), nullable=False), "0"),
        (sa.Column("item_value", sa.Text(), nullable=True), None),
        (sa.Column("failures", sa.Integer(), nullable=False), "0"),
        (sa.Column("losses", sa.Integer(), nullable=False), "0"),
        (sa.Column("is_unknown", sa.Boolean(), nullable=False), sa.false()),
    ]
    _change("task", _TASK_CHECKS, columns)
    with op.batch_alter_table("task") as batch:
        batch.drop_constraint("uq_task_run_id_step_id", type_="unique")
        batch.create_unique_constraint("uq_task_run_id_step_id_item", ["run_id", "step_id", "item"])
        _check_again(batch, _TASK_CHECKS)
    op.create_index(
        "ix_task_parent", "task", ["run_id"], **_where("kind = 'workflow' AND status = 'waiting'")
    )


def _create_questions() -> None:
    op.create_table(
        "question",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("task_id", sa.String(), nullable=False),
        sa.Column("step_id", sa.String(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("people_users", sa.Text(), nullable=False),
        sa.Column("people_groups", sa.Text(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("answered_by", sa.String(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "status IN ('open', 'answered', 'expired', 'cancelled')", name=op.f("ck_question_status")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_question_run_id")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_question_task_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question")),
    )
    op.create_index("ix_question_run", "question", ["run_id"])
    op.create_index("uq_question_open", "question", ["task_id"], unique=True, **_where("status = 'open'"))


def _create_slots() -> None:
    op.create_table(
        "slot",
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("team_id", "key", name=op.f("pk_slot")),
    )


def _create_look_ups() -> None:
    op.create_table(
        "look_up",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("workflow_digest", sa.String(), nullable=False),
        sa.Column("parameter", sa.String(), nullable=False),
        sa.Column("inputs", sa.Text(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("claim", sa.String(), nullable=True),
        sa.Column("claimed_until", sa.BigInteger(), nullable=True),
        sa.Column("options", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_look_up")),
    )
    op.create_index("ix_look_up_waiting", "look_up", ["created_at"], **_where("done_at IS NULL"))
    op.create_index("ix_look_up_key", "look_up", ["team_id", "key", "created_at"])
    op.create_index("ix_look_up_created", "look_up", ["created_at"])


def _change_surfaces() -> None:
    columns: _Columns = [
        (sa.Column("question_id", sa.String(), nullable=True), None),
        (sa.Column("step_id", sa.String(), nullable=True), None),
    ]
    kinds = "('root', 'thread', 'approval', 'input', 'message', 'failure', 'notice', 'dialog', 'details')"
    _change(
        "surface",
        _SURFACE_CHECKS,
        columns,
        new_checks={"ck_surface_kind": f"kind IN {kinds}"},
        foreign_key=("fk_surface_question_id", "question", ["question_id"], ["id"]),
    )
    op.create_index(
        "uq_surface_question", "surface", ["question_id"], unique=True, **_where("kind = 'input'")
    )
    op.create_index(
        "uq_surface_step",
        "surface",
        ["run_id", "step_id"],
        unique=True,
        **_where("kind = 'message' AND state IN ('new', 'live')"),
    )


def _index_references() -> None:
    """What is looked through when a task, an approval or a question is removed."""
    op.create_index("ix_approval_task", "approval", ["task_id"])
    op.create_index("ix_question_task", "question", ["task_id"])
    for column in ("approval_id", "question_id"):
        name = f"ix_surface_{column.removesuffix('_id')}"
        op.create_index(name, "surface", [column], **_where(f"{column} IS NOT NULL"))


def _change(
    table: str,
    checks: Mapping[str, str],
    columns: _Columns = (),
    *,
    new_checks: Mapping[str, str] | None = None,
    foreign_key: tuple[str, str, list[str], list[str]] | None = None,
) -> None:
    """Add columns, each with what the rows that are there get, and change checks. SQLite makes a new table for
    that, and forgets `checks` while doing so."""
    new_checks = new_checks or {}
    with op.batch_alter_table(table) as batch:
        for column, value in columns:
            column.server_default = None if value is None else sa.DefaultClause(value)
            batch.add_column(column)
        if foreign_key is not None:
            batch.create_foreign_key(*foreign_key)
        for name, condition in new_checks.items():
            if not _is_sqlite():
                batch.drop_constraint(op.f(name), type_="check")
            batch.create_check_constraint(op.f(name), sa.text(condition))
        _check_again(batch, checks)
    if any(value is not None for _, value in columns):
        with op.batch_alter_table(table) as batch:
            for column, value in columns:
                if value is not None:
                    batch.alter_column(column.name, server_default=None)
            _check_again(batch, {**checks, **new_checks})


def _check_again(batch: Any, checks: Mapping[str, str]) -> None:
    if _is_sqlite():
        for name, condition in checks.items():
            batch.create_check_constraint(op.f(name), sa.text(condition))


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
