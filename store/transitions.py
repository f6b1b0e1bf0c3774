"""Writing down what planning answered: one function, every change conditional on what was planned from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, case, delete, func, null, select, update

from engine.core.definition import JsonValue
from engine.core.events import CancelItems, Effect, Fact, Transition
from engine.core.state import RunStatus, TaskState, TaskStatus
from store.columns import constant
from store.effects import carry_out
from store.errors import StaleWrite, expect_rows
from store.locking import LockedRun
from store.tables import attempts, runs, tasks, timers

_TASK = (
    tasks.c.run_id == bindparam("b_run"),
    tasks.c.step_id == bindparam("b_step"),
    tasks.c.item == bindparam("b_item"),
)
_THIS_ATTEMPT = tasks.c.attempt == bindparam("b_attempt")
_IS_ACTIVE = tasks.c.status.in_([constant("pending"), constant("running"), constant("waiting")])
_ARGUMENTS = bindparam("b_arguments", type_=tasks.c.arguments.type)
_NEW_STATE = {
    "status": bindparam("b_status"),
    "due_at": bindparam("b_due_at"),
    "failures": bindparam("b_failures"),
    "losses": bindparam("b_losses"),
    "is_unknown": bindparam("b_is_unknown"),
    "result": bindparam("b_result", type_=tasks.c.result.type),
    "error": bindparam("b_error", type_=tasks.c.error.type),
    "worker": null(),
    "lease_until": null(),
    "stop_requested": False,
    "stop_forced": False,
    "finished_at": bindparam("b_finished_at"),
}
_SETTLED_OR_GOING_ON = update(tasks).values(
    **_NEW_STATE,
    arguments=func.coalesce(_ARGUMENTS, tasks.c.arguments),
    scheduled_at=func.coalesce(tasks.c.scheduled_at, bindparam("b_scheduled_at")),
    started_at=case(
        (bindparam("b_status") == constant("pending"), null()),
        else_=func.coalesce(tasks.c.started_at, bindparam("b_waits_since")),
    ),
)
_CHANGE_TASK = _SETTLED_OR_GOING_ON.where(*_TASK, _THIS_ATTEMPT, _IS_ACTIVE)
# Only a new round changes what was settled. Of what is done again, nothing is left but the number of attempts.
_SETTLE_ANEW = _SETTLED_OR_GOING_ON.where(*_TASK, _THIS_ATTEMPT)
_BEGIN_ANEW = (
    update(tasks)
    .where(*_TASK, _THIS_ATTEMPT)
    .values(
        **_NEW_STATE,
        arguments=_ARGUMENTS,
        scheduled_at=bindparam("b_scheduled_at"),
        started_at=bindparam("b_waits_since"),
    )
)
_END_ATTEMPT = (
    update(attempts)
    .where(
        attempts.c.task_id == select(tasks.c.id).where(*_TASK).scalar_subquery(),
        attempts.c.number == bindparam("b_attempt"),
        attempts.c.finished_at.is_(None),
    )
    .values(
        finished_at=bindparam("b_now"),
        outcome=bindparam("b_outcome"),
        exit_code=bindparam("b_exit_code"),
        error=bindparam("b_error", type_=attempts.c.error.type),
    )
    .returning(attempts.c.worker, attempts.c.started_at)
)
_RUNNING_ITEMS = (
    select(tasks.c.step_id, tasks.c.item, tasks.c.attempt)
    .where(
        tasks.c.run_id == bindparam("b_run"),
        tasks.c.step_id.in_(bindparam("b_steps", expanding=True)),
        tasks.c.item > 0,
        tasks.c.status == constant("running"),
    )
    .order_by(tasks.c.step_id, tasks.c.item)
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
        round=bindparam("b_round"),
        is_queued=bindparam("b_is_queued"),
        chain_length=bindparam("b_new_chain_length"),
        chain_head=bindparam("b_chain_head"),
    )
)
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
    arguments: Mapping[tuple[str, int], JsonValue] = MappingProxyType({}),
) -> None:
    """Write down what planning answered for a run that this transaction has locked.

    `actor` is whom the audit trail names; `exit_code` that of the attempt which ended; `arguments` are those of
    tasks, by step and item, that were not recorded before. Attempts that end here are closed, so nothing can be
    written in their name afterwards. Raises StaleWrite when a row is not as it was planned from; the transaction
    must be given up then.
    """
    if transition.is_noop:
        return
    if locked.status.is_terminal and not transition.is_new_round:
        raise StaleWrite(f"run {locked.id} has ended already")
    _change_tasks(c, locked, transition, now, arguments)
    abandoned = _running_items(c, locked, transition.effects)
    ended = _end_attempts(c, locked, (*transition.tasks, *abandoned), now, exit_code)
    for effect in transition.effects:
        carry_out(c, locked, effect, now, actor)
    if transition.status.is_terminal and transition.may_be_timed:
        _remove_timers(c, locked, [""])  # the run's own
    facts = _with_workers(transition.facts, ended)
    _change_run(c, locked, replace(transition, facts=facts), now, actor)


def _change_tasks(
    c: Connection,
    locked: LockedRun,
    transition: Transition,
    now: int,
    arguments: Mapping[tuple[str, int], JsonValue],
) -> None:
    changed = transition.tasks
    if transition.is_new_round:
        begun = [task for task in changed if not task.status.is_settled]
        settled = [task for task in changed if task.status.is_settled]
        _execute(c, locked, _BEGIN_ANEW, begun, now, arguments)
        _execute(c, locked, _SETTLE_ANEW, settled, now, arguments)
    else:
        _execute(c, locked, _CHANGE_TASK, changed, now, arguments)
    # Only tasks that no worker claims have waited, and so may have left a timer.
    waited = [
        task.step_id
        for task in changed
        if task.status.is_settled and not task.attempt and task.status is not TaskStatus.SKIPPED
    ]
    if waited:
        _remove_timers(c, locked, waited)


def _execute(
    c: Connection,
    locked: LockedRun,
    statement: Any,
    changed: Sequence[TaskState],
    now: int,
    arguments: Mapping[tuple[str, int], JsonValue],
) -> None:
    if changed:
        rows = [_task_values(locked, task, now, arguments) for task in changed]
        expect_rows(c.execute(statement, rows).rowcount, len(changed), f"tasks of run {locked.id}")


def _remove_timers(c: Connection, locked: LockedRun, step_ids: list[str]) -> None:
    c.execute(_REMOVE_TIMERS, {"b_run": locked.id, "b_steps": step_ids})


def _task_values(
    locked: LockedRun, task: TaskState, now: int, arguments: Mapping[tuple[str, int], JsonValue]
) -> dict[str, Any]:
    is_scheduled = task.is_due or task.status is not TaskStatus.PENDING
    return {
        "b_run": locked.id,
        "b_step": task.step_id,
        "b_item": task.item,
        "b_attempt": task.attempt,
        "b_status": task.status.value,
        "b_due_at": now + round(task.delay_seconds * 1000) if task.is_due else None,
        "b_failures": task.failures,
        "b_losses": task.losses,
        "b_is_unknown": task.is_unknown,
        "b_result": task.result,
        "b_error": task.error,
        "b_arguments": arguments.get((task.step_id, task.item)) if task.arguments is None else task.arguments,
        "b_scheduled_at": now if is_scheduled else None,
        "b_waits_since": now if task.status is TaskStatus.WAITING else None,
        "b_finished_at": now if task.status.is_settled else None,
    }


class _Ended(NamedTuple):
    """An attempt that this transition has closed."""

    step_id: str
    item: int
    number: int
    worker: str
    started_at: int


def _running_items(c: Connection, locked: LockedRun, effects: Iterable[Effect]) -> list[TaskState]:
    """Items that run and are given up here: transitions list only the one that an event was about."""
    step_ids = [
        effect.step_id for effect in effects if isinstance(effect, CancelItems) and effect.are_running
    ]
    rows = c.execute(_RUNNING_ITEMS, {"b_run": locked.id, "b_steps": step_ids}) if step_ids else ()
    return [TaskState(row.step_id, TaskStatus.CANCELLED, row.attempt, item=row.item) for row in rows]


def _end_attempts(
    c: Connection, locked: LockedRun, changed: Iterable[TaskState], now: int, exit_code: int | None
) -> list[_Ended]:
    ended = []
    for task in changed:
        values = {
            "b_run": locked.id,
            "b_step": task.step_id,
            "b_item": task.item,
            "b_attempt": task.attempt,
            "b_now": now,
            "b_outcome": _outcome_of(task),
            "b_exit_code": exit_code,
            "b_error": task.error,
        }
        closed = c.execute(_END_ATTEMPT, values).one_or_none() if task.attempt else None
        if closed is not None:
            ended.append(_Ended(task.step_id, task.item, task.attempt, closed.worker, closed.started_at))
    return ended


def _with_workers(facts: tuple[Fact, ...], ended: Iterable[_Ended]) -> tuple[Fact, ...]:
    """The facts, and in them which worker carried out what since when: a claim leaves no line of its own, so the
    first line about its end says it; if there is none, one more."""
    said = list(facts)
    for attempt in ended:
        data: dict[str, JsonValue] = {
            "attempt": attempt.number,
            "worker": attempt.worker,
            "started_at": attempt.started_at,
        }
        which = (attempt.step_id, attempt.item)
        place = next((at for at, fact in enumerate(said) if _task_of(fact) == which), None)
        if place is None:
            step: dict[str, JsonValue] = {"step": attempt.step_id} | (
                {"item": attempt.item} if attempt.item else {}
            )
            said.append(Fact("attempt_ended", step | data))
        else:
            said[place] = Fact(said[place].kind, {**said[place].data, **data})
    return tuple(said)


def _task_of(fact: Fact) -> tuple[JsonValue, JsonValue]:
    return fact.data.get("step"), fact.data.get("item", 0)


def _outcome_of(task: TaskState) -> str:
    """Of an attempt after which its task is in this state. One that failed leaves its error."""
    if task.status is not TaskStatus.PENDING:
        return task.status.value
    return "lost" if task.error is None else "failed"


def _change_run(c: Connection, locked: LockedRun, transition: Transition, now: int, actor: str) -> None:
    chain, length_before = locked.chain, locked.chain.length
    chain.add(transition.facts, actor, now)
    if transition.is_new_round:
        locked.round += 1
        locked.cancelled_by = None
    elif transition.outcome is RunStatus.CANCELLED and locked.outcome is None:
        locked.cancelled_by = actor
    if transition.status is not RunStatus.PENDING and locked.started_at is None:
        locked.started_at = now
    locked.status, locked.outcome = transition.status, transition.outcome
    locked.error, locked.progress = transition.error, transition.progress
    locked.is_queued = transition.is_queued
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
        "b_round": locked.round,
        "b_is_queued": locked.is_queued,
        "b_new_chain_length": chain.length,
        "b_chain_head": chain.head,
    }
    expect_rows(c.execute(_CHANGE_RUN, values).rowcount, 1, f"run {locked.id}")
    chain.insert_rows(c)
