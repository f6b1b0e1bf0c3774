"""What a run's picture has only when the run has it: fan-outs, questions, child runs, a parent, a place in a queue.
A statement or two each, asked for only when there is something to read."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import BindParameter, Connection, bindparam, case, desc, func, select

from engine.core.definition import JsonValue
from engine.core.events import InputStatus
from engine.core.picture import (
    ChildPicture,
    FanOutPicture,
    ParentPicture,
    QuestionPicture,
    QueuePicture,
    TaskPicture,
)
from engine.core.state import RunStatus, TaskStatus
from store.columns import constant
from store.tables import audit_events, questions, runs, slots, tasks

ITEMS_SHOWN = 20
"""Of one fan-out."""

_OF_RUN: BindParameter[str] = bindparam("b_run")
_ARE_ITEMS = (tasks.c.run_id == _OF_RUN, tasks.c.item > 0)
_IS_PENDING = tasks.c.status == constant("pending")
_COUNTS = {
    "pending": _IS_PENDING & tasks.c.due_at.is_(None),
    "due": _IS_PENDING & tasks.c.due_at.is_not(None),
    "running": tasks.c.status == constant("running"),
    "completed": tasks.c.status == constant("completed"),
    "failed": tasks.c.status.in_([constant("failed"), constant("error")]),
    "cancelled": tasks.c.status == constant("cancelled"),
}
_FAN_OUTS = (
    select(
        tasks.c.step_id,
        *(func.sum(case((condition, 1), else_=0)).label(name) for name, condition in _COUNTS.items()),
    )
    .where(*_ARE_ITEMS)
    .group_by(tasks.c.step_id)
)
_RANK = case(
    (_COUNTS["failed"], 0),
    (_IS_PENDING & (tasks.c.failures > 0), 1),
    (_COUNTS["running"], 2),
)
_RANKED = (
    select(
        tasks.c.id,
        tasks.c.step_id,
        func.row_number().over(partition_by=tasks.c.step_id, order_by=(_RANK, tasks.c.item)).label("place"),
    )
    .where(*_ARE_ITEMS, _RANK.is_not(None))
    .subquery()
)
_ITEMS = (
    select(_RANKED.c.id).where(_RANKED.c.place <= ITEMS_SHOWN).order_by(_RANKED.c.step_id, _RANKED.c.place)
)
_QUESTIONS = (
    select(questions).where(questions.c.run_id == _OF_RUN).order_by(questions.c.created_at, questions.c.id)
)
_CHILDREN = (
    select(runs.c.id, runs.c.number, runs.c.parent_step_id, runs.c.status)
    .where(runs.c.parent_run_id == _OF_RUN)
    .order_by(runs.c.number)
)
_PARENT = select(runs.c.id, runs.c.number, runs.c.workflow_title).where(runs.c.id == _OF_RUN)
_RESUMER = (
    select(audit_events.c.actor)
    .where(audit_events.c.chain == _OF_RUN, audit_events.c.kind == constant("run_resumed"))
    .order_by(desc(audit_events.c.seq))
    .limit(1)
)
_AHEAD = select(func.count(), func.max(runs.c.number)).where(
    runs.c.team_id == bindparam("b_team"),
    runs.c.concurrency_key == bindparam("b_key"),
    runs.c.is_queued,
    runs.c.number < bindparam("b_number"),
)
_HOLDER = (
    select(runs.c.number)
    .join(slots, slots.c.run_id == runs.c.id)
    .where(slots.c.team_id == bindparam("b_team"), slots.c.key == bindparam("b_key"))
)


def has_fan_out(task: TaskPicture) -> bool:
    """Whether a step may have items: nobody has claimed it, and it has begun all the same."""
    has_begun = task.status not in (TaskStatus.PENDING, TaskStatus.SKIPPED)
    return task.kind.is_carried_out and not task.attempt and has_begun


def read_fan_outs(c: Connection, run_id: str) -> tuple[dict[str, FanOutPicture], list[str]]:
    """The items of each step, counted; and the ids of those to show: failed ones first, a few of each step."""
    values = {"b_run": run_id}
    fan_outs = {
        row.step_id: FanOutPicture(**{name: int(getattr(row, name)) for name in _COUNTS})
        for row in c.execute(_FAN_OUTS, values)
    }
    return fan_outs, list(c.execute(_ITEMS, values).scalars()) if fan_outs else []


def read_questions(
    c: Connection, run_id: str, pictures: Sequence[TaskPicture]
) -> tuple[QuestionPicture, ...]:
    """All that was asked, oldest first. Of a step that has gone on, its last question has the values."""
    rows = c.execute(_QUESTIONS, {"b_run": run_id}).all()
    results = {task.step_id: task.result for task in pictures if task.status is TaskStatus.COMPLETED}
    newest = {row.step_id: row.id for row in rows}
    return tuple(
        QuestionPicture(
            row.id,
            row.step_id,
            row.title,
            row.message,
            InputStatus(row.status),
            tuple(row.people_users),
            tuple(row.people_groups),
            row.created_at,
            row.expires_at,
            row.closed_at,
            row.answered_by,
            _values(results.get(row.step_id)) if newest[row.step_id] == row.id else None,
        )
        for row in rows
    )


def _values(result: JsonValue) -> dict[str, JsonValue] | None:
    return result if isinstance(result, dict) else None


def read_children(c: Connection, run_id: str) -> dict[str, ChildPicture]:
    """The newest run that each step has started, by step."""
    return {
        row.parent_step_id: ChildPicture(row.id, row.number, row.parent_step_id, RunStatus(row.status))
        for row in c.execute(_CHILDREN, {"b_run": run_id})
    }


def read_parent(c: Connection, run_id: str, step_id: str) -> ParentPicture | None:
    row = c.execute(_PARENT, {"b_run": run_id}).one_or_none()
    return None if row is None else ParentPicture(row.id, row.number, row.workflow_title, step_id)


def read_resumer(c: Connection, run_id: str) -> str | None:
    """Who began the run's last round."""
    actor: str | None = c.execute(_RESUMER, {"b_run": run_id}).scalar_one_or_none()
    return actor


def read_queue(c: Connection, team_id: str, key: str, number: int) -> QueuePicture:
    """The place of a run that waits for its turn."""
    names = {"b_team": team_id, "b_key": key}
    count, last = c.execute(_AHEAD, {**names, "b_number": number}).one()
    behind: int | None = last if count else c.execute(_HOLDER, names).scalar_one_or_none()
    return QueuePicture(count + 1, behind)
