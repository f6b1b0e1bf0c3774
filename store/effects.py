"""What a transition asks for besides new states: questions, timers, orders to stop, the items of fan-outs."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import Connection, bindparam, insert, null, select, update

from engine.core.definition import JsonValue
from engine.core.events import (
    AddItems,
    CancelItems,
    CloseApproval,
    CloseInput,
    Effect,
    InputStatus,
    MarkItems,
    OpenApproval,
    OpenInput,
    ResetItems,
    SendMessage,
    StartChild,
    StartItems,
    StartRunTimer,
    StartWait,
    StopChild,
    StopItems,
    StopTask,
)
from store.columns import constant
from store.errors import expect_rows
from store.locking import LockedRun
from store.tables import approvals, questions, tasks, timers

_STEP = (tasks.c.run_id == bindparam("b_run"), tasks.c.step_id == bindparam("b_step"))
_STEP_ID = select(tasks.c.id).where(*_STEP, tasks.c.item == 0).scalar_subquery()
_OPEN_APPROVAL = insert(approvals).values(task_id=_STEP_ID)
_CLOSE_APPROVAL = (
    update(approvals)
    .where(
        approvals.c.run_id == bindparam("b_run"),
        approvals.c.step_id == bindparam("b_step"),
        approvals.c.status == constant("open"),
    )
    .values(status=bindparam("b_status"), closed_at=bindparam("b_now"))
)
_OPEN_QUESTION = insert(questions).values(task_id=_STEP_ID)
_CLOSE_QUESTION = (
    update(questions)
    .where(
        questions.c.run_id == bindparam("b_run"),
        questions.c.step_id == bindparam("b_step"),
        questions.c.status == constant("open"),
    )
    .values(status=bindparam("b_status"), closed_at=bindparam("b_now"), answered_by=bindparam("b_by"))
)
_START_TIMER = insert(timers)
_STOP = {"stop_requested": True, "stop_forced": bindparam("b_forced")}
_STOP_TASK = (
    update(tasks)
    .where(
        *_STEP,
        tasks.c.item == bindparam("b_item"),
        tasks.c.status.in_([constant("running"), constant("waiting")]),
    )
    .values(_STOP)
)
# The step itself is marked too: it has been told.
_STOP_ITEMS = (
    update(tasks).where(*_STEP, tasks.c.status.in_([constant("running"), constant("waiting")])).values(_STOP)
)
_NOT_BEGUN = (tasks.c.status == constant("pending"), tasks.c.due_at.is_(None))
_NEXT_ITEMS = (
    select(tasks.c.id)
    .where(*_STEP, tasks.c.item > 0, *_NOT_BEGUN)
    .order_by(tasks.c.item)
    .limit(bindparam("b_count"))
)
_START_ITEMS = (
    update(tasks)
    .where(tasks.c.id.in_(_NEXT_ITEMS), *_NOT_BEGUN)
    .values(due_at=bindparam("b_now"), scheduled_at=bindparam("b_now"))
)
_CANCEL_ITEMS = {
    are_running: update(tasks)
    .where(*_STEP, tasks.c.item > 0, tasks.c.status.in_(statuses))
    .values(
        status="cancelled", due_at=null(), worker=null(), lease_until=null(), finished_at=bindparam("b_now")
    )
    for are_running, statuses in (
        (False, [constant("pending")]),
        (True, [constant("pending"), constant("running")]),
    )
}
_SETTLED_BADLY = [constant("failed"), constant("error"), constant("cancelled")]
_RESET_ITEMS = {
    is_all: update(tasks)
    .where(*_STEP, tasks.c.item > 0, tasks.c.status.in_(statuses))
    .values(
        status="pending",
        due_at=null(),
        failures=0,
        losses=0,
        is_unknown=False,
        arguments=null(),
        result=null(),
        error=null(),
        scheduled_at=null(),
        started_at=null(),
        finished_at=null(),
    )
    for is_all, statuses in ((False, _SETTLED_BADLY), (True, [*_SETTLED_BADLY, constant("completed")]))
}
_MARK_ITEMS = (
    update(tasks)
    .where(*_STEP, tasks.c.item > 0, tasks.c.is_unknown)
    .values(status="completed", is_unknown=False, error=null())
)
_PARENT = select(tasks.c.position, tasks.c.title, tasks.c.kind).where(*_STEP, tasks.c.item == 0)
_ADD_ITEMS = insert(tasks)


def carry_out(c: Connection, locked: LockedRun, effect: Effect, now: int, actor: str) -> None:
    """Raises StaleWrite when a row is not as it was planned from. Messages and child runs are the caller's: what
    they need is not known here."""
    match effect:
        case OpenApproval() | OpenInput() | CloseApproval() | CloseInput():
            _ask(c, locked, effect, now, actor)
        case StartWait(step_id, seconds):
            start_timer(c, locked, step_id, "wait", seconds, now)
        case SendMessage(step_id):
            start_timer(c, locked, step_id, "message", effect.timeout_seconds, now)
        case StartRunTimer(seconds):
            start_timer(c, locked, "", "run", seconds, now)
        case StopTask(step_id, item, is_forced):
            _stop(c, locked, step_id, item, is_forced)
        case StopChild(step_id, is_forced):
            _stop(c, locked, step_id, 0, is_forced)
        case StartChild():
            pass
        case _:
            _change_items(c, locked, effect, now)


def _ask(
    c: Connection,
    locked: LockedRun,
    effect: OpenApproval | OpenInput | CloseApproval | CloseInput,
    now: int,
    actor: str,
) -> None:
    values = {"b_run": locked.id, "b_step": effect.step_id, "b_now": now}
    match effect:
        case OpenApproval(step_id):
            c.execute(_OPEN_APPROVAL, {**values, **_approval_row(locked, effect, now)})
            start_timer(c, locked, step_id, "approval", effect.timeout_seconds, now)
        case OpenInput(step_id):
            c.execute(_OPEN_QUESTION, {**values, **_question_row(locked, effect, now)})
            start_timer(c, locked, step_id, "input", effect.timeout_seconds, now)
        case CloseApproval(step_id, status):
            closed = c.execute(_CLOSE_APPROVAL, {**values, "b_status": status.value})
            expect_rows(closed.rowcount, 1, f"the open approval of {step_id} in run {locked.id}")
        case CloseInput(step_id, answer):
            by = actor if answer is InputStatus.ANSWERED else None
            closed = c.execute(_CLOSE_QUESTION, {**values, "b_status": answer.value, "b_by": by})
            expect_rows(closed.rowcount, 1, f"the open question of {step_id} in run {locked.id}")


def _approval_row(locked: LockedRun, effect: OpenApproval, now: int) -> dict[str, Any]:
    action = effect.action
    return {
        "id": secrets.token_hex(16),
        "team_id": locked.team_id,
        "run_id": locked.id,
        "step_id": effect.step_id,
        "title": action.title,
        "message": action.message,
        "approver_users": list(action.approvers.users),
        "approver_groups": list(action.approvers.groups),
        "required": action.required,
        "allow_self": action.allow_self,
        "on_timeout": action.on_timeout.value,
        "status": "open",
        "created_at": now,
        "expires_at": now + round(effect.timeout_seconds * 1000),
    }


def _question_row(locked: LockedRun, effect: OpenInput, now: int) -> dict[str, Any]:
    action = effect.action
    return {
        "id": secrets.token_hex(16),
        "team_id": locked.team_id,
        "run_id": locked.id,
        "step_id": effect.step_id,
        "title": action.title,
        "message": action.message,
        "people_users": list(action.people.users),
        "people_groups": list(action.people.groups),
        "status": "open",
        "created_at": now,
        "expires_at": now + round(effect.timeout_seconds * 1000),
    }


def start_timer(c: Connection, locked: LockedRun, step_id: str, kind: str, seconds: float, now: int) -> None:
    row = {
        "id": secrets.token_hex(16),
        "team_id": locked.team_id,
        "run_id": locked.id,
        "step_id": step_id,
        "kind": kind,
        "due_at": now + round(seconds * 1000),
    }
    c.execute(_START_TIMER, row)


def _stop(c: Connection, locked: LockedRun, step_id: str, item: int, is_forced: bool) -> None:
    values = {"b_run": locked.id, "b_step": step_id, "b_item": item, "b_forced": is_forced}
    told = c.execute(_STOP_TASK, values)
    expect_rows(told.rowcount, 1, f"the running task {step_id} of run {locked.id}")


# --- fan-outs


def _change_items(
    c: Connection,
    locked: LockedRun,
    effect: AddItems | StartItems | CancelItems | StopItems | ResetItems | MarkItems,
    now: int,
) -> None:
    step = {"b_run": locked.id, "b_step": effect.step_id}
    which = f"the items of {effect.step_id} in run {locked.id}"
    match effect:
        case AddItems(step_id, values):
            parent = c.execute(_PARENT, step).one()
            c.execute(_ADD_ITEMS, _item_rows(locked, step_id, parent, values))
        case StartItems(_, count):
            started = c.execute(_START_ITEMS, {**step, "b_count": count, "b_now": now})
            expect_rows(started.rowcount, count, which)
        case CancelItems(_, count, are_running):
            cancelled = c.execute(_CANCEL_ITEMS[are_running], {**step, "b_now": now})
            expect_rows(cancelled.rowcount, count, which)
        case StopItems(_, is_forced):
            c.execute(_STOP_ITEMS, {**step, "b_forced": is_forced})
        case ResetItems(_, count, is_all):
            expect_rows(c.execute(_RESET_ITEMS[is_all], step).rowcount, count, which)
        case MarkItems(_, count):
            expect_rows(c.execute(_MARK_ITEMS, step).rowcount, count, which)


def _item_rows(
    locked: LockedRun, step_id: str, parent: Any, values: tuple[JsonValue, ...]
) -> list[dict[str, Any]]:
    return [
        {
            "id": secrets.token_hex(16),
            "team_id": locked.team_id,
            "run_id": locked.id,
            "position": parent.position,
            "step_id": step_id,
            "title": parent.title,
            "kind": parent.kind,
            "status": "pending",
            "attempt": 0,
            "stop_requested": False,
            "stop_forced": False,
            "item": number,
            "item_value": value,
            "failures": 0,
            "losses": 0,
            "is_unknown": False,
        }
        for number, value in enumerate(values, 1)
    ]
