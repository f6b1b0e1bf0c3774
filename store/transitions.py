"""Writing down what planning answered: one function, every change conditional on what was planned from."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, bindparam, case, delete, func, insert, null, select, update

from engine.core.definition import JsonValue
from engine.core.events import CloseApproval, Effect, OpenApproval, StartWait, StopTask, Transition
from engine.core.state import RunStatus, TaskState, TaskStatus
from store.columns import constant
from store.errors import StaleWrite, expect_rows
from store.locking import LockedRun
from store.tables import approvals, attempts, runs, tasks, timers

_TASK_ID = (
    select(tasks.c.id)
    .where(tasks.c.run_id == bindparam("b_run"), tasks.c.step_id == bindparam("b_step"))
    .scalar_subquery()
)
_CHANGE_TASK = (
    update(tasks)
    .where(
        tasks.c.run_id == bindparam("b_run"),
        tasks.c.step_id == bindparam("b_step"),
        tasks.c.attempt == bindparam("b_attempt"),
        tasks.c.status.in_([constant("pending"), constant("running"), constant("waiting")]),
    )
    .values(
        status=bindparam("b_status"),
        due_at=bindparam("b_due_at"),
        result=bindparam("b_result", type_=tasks.c.result.type),
        error=bindparam("b_error", type_=tasks.c.error.type),
        arguments=func.coalesce(bindparam("b_arguments", type_=tasks.c.arguments.type), tasks.c.arguments),
        worker=null(),
        lease_until=null(),
        stop_requested=False,
        scheduled_at=func.coalesce(tasks.c.scheduled_at, bindparam("b_scheduled_at")),
        started_at=case(
            (bindparam("b_status") == constant("pending"), null()),
            else_=func.coalesce(tasks.c.started_at, bindparam("b_waits_since")),
        ),
        finished_at=bindparam("b_finished_at"),
    )
)
_END_ATTEMPT = (
    update(attempts)
    .where(
        attempts.c.task_id == _TASK_ID,
        attempts.c.number == bindparam("b_attempt"),
        attempts.c.finished_at.is_(None),
    )
    .values(
        finished_at=bindparam("b_now"),
        outcome=bindparam("b_outcome"),
        exit_code=bindparam("b_exit_code"),
        error=bindparam("b_error", type_=attempts.c.error.type),
    )
)
_CHANGE_RUN = (
    update(runs)
    .where(
        runs.c.id == bindparam("b_run"),
        runs.c.version == bindparam("b_version"),
        runs.c.chain_length == bindparam("b_chain_length"),
    )
    .values(
        status=bindparam("b_status"),
        outcome=bindparam("b_outcome"),
        error=bindparam("b_error", type_=runs.c.error.type),
        progress=bindparam("b_progress"),
        outputs=bindparam("b_outputs", type_=runs.c.outputs.type),
        cancelled_by=bindparam("b_cancelled_by"),
        started_at=bindparam("b_started_at"),
        finished_at=bindparam("b_finished_at"),
        chain_length=bindparam("b_new_chain_length"),
        chain_head=bindparam("b_chain_head"),
    )
)
_OPEN_APPROVAL = insert(approvals).values(task_id=_TASK_ID)
_CLOSE_APPROVAL = (
    update(approvals)
    .where(
        approvals.c.run_id == bindparam("b_run"),
        approvals.c.step_id == bindparam("b_step"),
        approvals.c.status == constant("open"),
    )
    .values(status=bindparam("b_status"), closed_at=bindparam("b_now"))
)
_STOP_TASK = (
    update(tasks)
    .where(
        tasks.c.run_id == bindparam("b_run"),
        tasks.c.step_id == bindparam("b_step"),
        tasks.c.status == constant("running"),
    )
    .values(stop_requested=True)
)
_START_TIMER = insert(timers)
_REMOVE_TIMERS = delete(timers).where(
    timers.c.run_id == bindparam("b_run"), timers.c.step_id.in_(bindparam("b_steps", expanding=True))
)


def apply_transition(
    c: Connection,
    locked: LockedRun,
    transition: Transition,
    now: int,
    actor: str,
    *,
    exit_code: int | None = None,
    arguments: Mapping[str, JsonValue] = MappingProxyType({}),
) -> None:
    """Write down what planning answered for a run that this transaction has locked.

    `actor` is whom the audit trail names; `exit_code` that of the attempt which ended; `arguments` are those of
    steps, by id, that were not recorded before. Attempts that end here are closed, so nothing can be written in
    their name afterwards. Raises StaleWrite when a row is not as it was planned from; the transaction must be
    given up then.
    """
    if transition.is_noop:
        return
    if locked.status.is_terminal:
        raise StaleWrite(f"run {locked.id} has ended already")
    _change_tasks(c, locked, transition.tasks, now, arguments)
    _end_attempts(c, locked, transition.tasks, now, exit_code)
    for effect in transition.effects:
        _carry_out(c, locked, effect, now)
    _change_run(c, locked, transition, now, actor)


def _change_tasks(
    c: Connection,
    locked: LockedRun,
    changed: Sequence[TaskState],
    now: int,
    arguments: Mapping[str, JsonValue],
) -> None:
    if not changed:
        return
    rows = [
        {**_task_values(locked, task, now), "b_arguments": arguments.get(task.step_id)} for task in changed
    ]
    result = c.execute(_CHANGE_TASK, rows)
    expect_rows(result.rowcount, len(changed), f"tasks of run {locked.id}")
    # Only tasks that no worker has ever claimed have waited, and so may have left a timer.
    settled = [task for task in changed if task.status.is_settled and not task.attempt]
    waited = [task.step_id for task in settled if task.status is not TaskStatus.SKIPPED]
    if waited:
        c.execute(_REMOVE_TIMERS, {"b_run": locked.id, "b_steps": waited})


def _task_values(locked: LockedRun, task: TaskState, now: int) -> dict[str, Any]:
    is_scheduled = task.is_due or task.status is not TaskStatus.PENDING
    return {
        "b_run": locked.id,
        "b_step": task.step_id,
        "b_attempt": task.attempt,
        "b_status": task.status.value,
        "b_due_at": now if task.is_due else None,
        "b_result": task.result,
        "b_error": task.error,
        "b_scheduled_at": now if is_scheduled else None,
        "b_waits_since": now if task.status is TaskStatus.WAITING else None,
        "b_finished_at": now if task.status.is_settled else None,
    }


def _end_attempts(
    c: Connection, locked: LockedRun, changed: Iterable[TaskState], now: int, exit_code: int | None
) -> None:
    ended = [
        {
            "b_run": locked.id,
            "b_step": task.step_id,
            "b_attempt": task.attempt,
            "b_now": now,
            "b_outcome": "lost" if task.status is TaskStatus.PENDING else task.status.value,
            "b_exit_code": exit_code,
            "b_error": task.error,
        }
        for task in changed
        if task.attempt
    ]
    if ended:
        c.execute(_END_ATTEMPT, ended)


def _carry_out(c: Connection, locked: LockedRun, effect: Effect, now: int) -> None:
    step = {"b_run": locked.id, "b_step": effect.step_id}
    match effect:
        case OpenApproval():
            _open_approval(c, locked, effect, now)
        case StartWait(step_id, seconds):
            _start_timer(c, locked, step_id, "wait", now + round(seconds * 1000))
        case CloseApproval(step_id, status):
            closed = c.execute(_CLOSE_APPROVAL, {**step, "b_status": status.value, "b_now": now})
            expect_rows(closed.rowcount, 1, f"the open approval of {step_id} in run {locked.id}")
        case StopTask(step_id):
            told = c.execute(_STOP_TASK, step)
            expect_rows(told.rowcount, 1, f"the running task {step_id} of run {locked.id}")


def _open_approval(c: Connection, locked: LockedRun, effect: OpenApproval, now: int) -> None:
    action = effect.action
    expires_at = now + round(effect.timeout_seconds * 1000)
    row = {
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
        "expires_at": expires_at,
    }
    c.execute(_OPEN_APPROVAL, {**row, "b_run": locked.id, "b_step": effect.step_id})
    _start_timer(c, locked, effect.step_id, "approval", expires_at)


def _start_timer(c: Connection, locked: LockedRun, step_id: str, kind: str, due_at: int) -> None:
    row = {
        "id": secrets.token_hex(16),
        "team_id": locked.team_id,
        "run_id": locked.id,
        "step_id": step_id,
        "kind": kind,
        "due_at": due_at,
    }
    c.execute(_START_TIMER, row)


def _change_run(c: Connection, locked: LockedRun, transition: Transition, now: int, actor: str) -> None:
    chain, length_before = locked.chain, locked.chain.length
    chain.add(transition.facts, actor, now)
    if transition.outcome is RunStatus.CANCELLED and locked.outcome is None:
        locked.cancelled_by = actor
    if transition.status is not RunStatus.PENDING and locked.started_at is None:
        locked.started_at = now
    locked.status, locked.outcome = transition.status, transition.outcome
    locked.error, locked.progress = transition.error, transition.progress
    values = {
        "b_run": locked.id,
        "b_version": locked.version,
        "b_chain_length": length_before,
        "b_status": locked.status.value,
        "b_outcome": locked.outcome.value if locked.outcome else None,
        "b_error": locked.error,
        "b_progress": locked.progress,
        "b_outputs": None if transition.outputs is None else dict(transition.outputs),
        "b_cancelled_by": locked.cancelled_by,
        "b_started_at": locked.started_at,
        "b_finished_at": now if locked.status.is_terminal else None,
        "b_new_chain_length": chain.length,
        "b_chain_head": chain.head,
    }
    expect_rows(c.execute(_CHANGE_RUN, values).rowcount, 1, f"run {locked.id}")
    chain.insert_rows(c)
