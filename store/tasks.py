"""Claiming tasks, keeping their leases, and finding those whose worker was lost.

A claim counts `attempt` up; every later write of that attempt carries its number and fails when the task has
gone on without it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, bindparam, case, func, insert, null, select, update
from sqlalchemy.exc import DBAPIError

from engine.core.definition import JsonValue
from engine.core.eligibility import TERMINAL_TEAM
from engine.core.evaluate import Names, expression_names
from engine.core.state import RunStatus, TaskState
from store.children import FAMILY
from store.columns import constant, now_millis
from store.locking import LockedRun, load_tasks, run_context
from store.tables import attempts, runs, tasks
from store.versions import FOLDER_OF_RUN

MAX_LOST_RACES = 10


@dataclass(frozen=True, slots=True)
class Claim:
    """One attempt at one task, owned by the worker that claimed it while `lease_until` lies ahead. `names` is
    what the step's expressions see."""

    task_id: str
    run_id: str
    team_id: str
    run_number: int
    step_id: str
    attempt: int
    lease_until: int
    workflow_digest: str
    workflow_folder: str
    workflow_name: str
    requester: str
    names: Names
    item: int = 0
    is_rehearsal: bool = False


@dataclass(frozen=True, slots=True)
class Renewal:
    """A task that is still its worker's own, after a renewal. `is_extended`: its lease was; else its row was just
    being written to, and it keeps its older lease."""

    task_id: str
    attempt: int
    is_extended: bool
    stop_requested: bool
    stop_forced: bool


class ExpiredLease(NamedTuple):
    run_id: str
    step_id: str
    item: int
    attempt: int


_NOW = now_millis()
_IS_DUE = (
    tasks.c.status == constant("pending"),
    tasks.c.due_at.is_not(None),
    tasks.c.due_at <= _NOW,
)
_IS_RUNNING = tasks.c.status == constant("running")
_OLDEST_FIRST = (tasks.c.due_at, tasks.c.position, tasks.c.item)

# SQLite has one writer anyway and leaves FOR UPDATE out: what is due is free. On Postgres the run's row is locked,
# never the task's: whoever holds a run may want its tasks.
_CANDIDATE = (
    select(tasks.c.id)
    .join(runs, runs.c.id == tasks.c.run_id)
    .where(*_IS_DUE)
    .order_by(*_OLDEST_FIRST)
    .limit(1)
)
_FREE_CANDIDATE = _CANDIDATE.with_for_update(of=runs, key_share=True, skip_locked=True)
_ANY_CANDIDATE = _CANDIDATE.with_for_update(of=runs, key_share=True)
# Whoever holds a run has done so for a moment, or for long: then others may become due that are free.
_WAIT_BRIEFLY = "SAVEPOINT before_waiting; SET LOCAL lock_timeout = 500"
_WAITED_IN_VAIN = "ROLLBACK TO SAVEPOINT before_waiting"
_NOT_IN_TIME = "55P03"
_OF_RUN = tasks.c.run_id == bindparam("b_run")
# What was started in a terminal is carried out by the process that runs there, and by no other.
_OF_WORKERS = tasks.c.team_id != constant(TERMINAL_TEAM)
_OF_FAMILY = tasks.c.run_id.in_(FAMILY)
_CANDIDATES = {
    is_for_run: (_FREE_CANDIDATE.where(which), _CANDIDATE.where(which), _ANY_CANDIDATE.where(which))
    for is_for_run, which in ((False, _OF_WORKERS), (True, _OF_FAMILY))
}

_CLAIMED = (
    tasks.c.id,
    tasks.c.run_id,
    tasks.c.team_id,
    tasks.c.step_id,
    tasks.c.item,
    tasks.c.item_value,
    tasks.c.attempt,
    tasks.c.lease_until,
)
_CLAIM = (
    update(tasks)
    .where(tasks.c.status == constant("pending"), tasks.c.due_at.is_not(None))
    .values(
        status="running",
        attempt=tasks.c.attempt + 1,
        worker=bindparam("b_worker"),
        lease_until=_NOW + bindparam("b_lease_ms"),
        due_at=null(),
        started_at=_NOW,
        scheduled_at=func.coalesce(tasks.c.scheduled_at, _NOW),
        stop_requested=False,
        stop_forced=False,
    )
    .returning(*_CLAIMED)
)
_CLAIM_TASK = _CLAIM.where(tasks.c.id == bindparam("b_task"))
_CLAIM_IN_RUN = _CLAIM.where(
    tasks.c.id
    == select(tasks.c.id).where(_OF_RUN, *_IS_DUE).order_by(*_OLDEST_FIRST).limit(1).scalar_subquery()
)
_START_ATTEMPT = insert(attempts).values(started_at=_NOW)
_RUN_OF_CLAIM = (
    runs.c.number,
    runs.c.workflow_digest,
    FOLDER_OF_RUN,
    runs.c.workflow_name,
    runs.c.requester,
    runs.c.channel_id,
    runs.c.parameters,
    runs.c.created_at,
    runs.c.outcome,
    runs.c.is_rehearsal,
)
_MOVE_RUN = (
    update(runs)
    .where(runs.c.id == bindparam("b_run"))
    .values(
        version=runs.c.version + 1,
        status=case((runs.c.status == constant("pending"), constant("running")), else_=runs.c.status),
        started_at=func.coalesce(runs.c.started_at, _NOW),
    )
    .returning(*_RUN_OF_CLAIM)
)
_READ_RUN = select(*_RUN_OF_CLAIM).where(runs.c.id == bindparam("b_run"))
_START_LOCKED_RUN = (
    update(runs)
    .where(runs.c.id == bindparam("b_run"), runs.c.status == constant("pending"))
    .values(status="running", started_at=_NOW)
    .returning(runs.c.started_at)
)
_RECORD_ARGUMENTS = (
    update(tasks)
    .where(tasks.c.id == bindparam("b_task"), tasks.c.attempt == bindparam("b_attempt"), _IS_RUNNING)
    .values(arguments=bindparam("b_arguments", type_=tasks.c.arguments.type))
)
_OF_WORKER = (tasks.c.worker == bindparam("b_worker"), _IS_RUNNING, tasks.c.lease_until > _NOW)
_OWN = (tasks.c.id.in_(bindparam("b_tasks", expanding=True)), *_OF_WORKER)
_RUNNING_OF_WORKER = select(tasks.c.id, tasks.c.attempt).where(*_OF_WORKER)
_EXTEND = (
    update(tasks)
    # A row that somebody is writing to is left out: waiting for it while holding others could deadlock.
    .where(tasks.c.id.in_(select(tasks.c.id).where(*_OWN).with_for_update(skip_locked=True)))
    .values(lease_until=_NOW + bindparam("b_lease_ms"))
    .returning(*_CLAIMED)
)
_STILL_OWN = select(tasks.c.id, tasks.c.attempt, tasks.c.stop_requested, tasks.c.stop_forced).where(*_OWN)
_EXPIRED = (
    select(tasks.c.run_id, tasks.c.step_id, tasks.c.item, tasks.c.attempt)
    .where(_IS_RUNNING, tasks.c.lease_until <= _NOW)
    .order_by(tasks.c.lease_until)
    .limit(bindparam("b_limit"))
)
_IS_EXPIRED = select(tasks.c.id).where(
    _OF_RUN,
    tasks.c.step_id == bindparam("b_step"),
    tasks.c.item == bindparam("b_item"),
    tasks.c.attempt == bindparam("b_attempt"),
    _IS_RUNNING,
    tasks.c.lease_until <= _NOW,
)
_DUE_COUNT = select(func.count()).select_from(tasks).where(*_IS_DUE)
_DUE_COUNTS = {False: _DUE_COUNT.where(_OF_WORKERS), True: _DUE_COUNT.where(_OF_FAMILY)}


def claim_next(c: Connection, worker: str, lease_ms: int, run_id: str | None = None) -> Claim | None:
    """Claim the task that has been due for the longest time: of one run and its children, or of all but those in
    terminals.
    None when nothing is due.

    Counts the run's version up and sets it running.
    """
    free, any_, held = _CANDIDATES[run_id is not None]
    values = {} if run_id is None else {"b_run": run_id}
    for race in range(MAX_LOST_RACES):
        task_id = c.execute(free, values).scalar()
        if task_id is None and race == 0:
            # Is every run with something due in somebody's hands? Then wait for one, it may have more than that.
            # Not with another run's lock in hand, lest two claimers wait for each other.
            if c.execute(any_, values).scalar() is None:
                return None
            task_id = _wait_for(c, held, values)
            if task_id is None:
                continue
        if task_id is None:
            return None
        row = c.execute(
            _CLAIM_TASK, {"b_task": task_id, "b_worker": worker, "b_lease_ms": lease_ms}
        ).one_or_none()
        if row is not None:
            _start_attempt(c, row, worker)
            run = c.execute(_MOVE_RUN, {"b_run": row.run_id}).one()
            return _claim(row, run, _names(c, row.run_id, run))
    return None


def _wait_for(c: Connection, candidate: Select[str], values: Mapping[str, str]) -> str | None:
    """The candidate with its run's lock, which somebody else has on Postgres. None: it could not be had soon."""
    if c.dialect.name == "sqlite":
        return c.execute(candidate, values).scalar()
    c.exec_driver_sql(_WAIT_BRIEFLY)  # both at once: each way to the server and back is felt here
    try:
        return c.execute(candidate, values).scalar()
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _NOT_IN_TIME:
            raise
    c.exec_driver_sql(_WAITED_IN_VAIN)
    return None


def claim_in_run(
    c: Connection, locked: LockedRun, worker: str, lease_ms: int, states: Mapping[str, TaskState]
) -> Claim | None:
    """Claim the next due task of a run that this transaction has locked; its version was counted up then.
    `states` are its tasks as they are now."""
    row = c.execute(
        _CLAIM_IN_RUN, {"b_run": locked.id, "b_worker": worker, "b_lease_ms": lease_ms}
    ).one_or_none()
    if row is None:
        return None
    if locked.status is RunStatus.PENDING:
        locked.started_at = c.execute(_START_LOCKED_RUN, {"b_run": locked.id}).scalar_one()
        locked.status = RunStatus.RUNNING
    _start_attempt(c, row, worker)
    names = expression_names(
        locked.parameters, locked.context, states, locked.outcome, is_rehearsal=locked.is_rehearsal
    )
    return _claim(row, locked, names)


def record_arguments(c: Connection, task_id: str, attempt: int, arguments: JsonValue) -> bool:
    """Keep what the step is carried out with. False: the attempt does not own the task any more."""
    values = {"b_task": task_id, "b_attempt": attempt, "b_arguments": arguments}
    return c.execute(_RECORD_ARGUMENTS, values).rowcount == 1


def extend_leases(c: Connection, worker: str, lease_ms: int, task_ids: Collection[str]) -> list[Renewal]:
    """Renew the leases of this worker's tasks that it works on, and return what is still its own of them.

    An expired lease is not renewed: from then on anybody may give the attempt up; and neither is that of a task
    which the worker has lost sight of. A task that another transaction is just writing to keeps its older lease
    until the next call.
    """
    which = {"b_worker": worker, "b_tasks": [*task_ids]}
    extended = {row.id for row in c.execute(_EXTEND, which | {"b_lease_ms": lease_ms})}
    own = c.execute(_STILL_OWN, which)
    return [
        Renewal(row.id, row.attempt, row.id in extended, row.stop_requested, row.stop_forced) for row in own
    ]


def running_of(c: Connection, worker: str) -> set[tuple[str, int]]:
    """The tasks, with their attempts, that this worker is carrying out by what is known here."""
    return {(row.id, row.attempt) for row in c.execute(_RUNNING_OF_WORKER, {"b_worker": worker})}


def claim_again(c: Connection, worker: str, lease_ms: int, task_id: str) -> Claim | None:
    """The claim of a task that is this worker's already, with a new lease: for a worker that never learned of it.
    None when it is not the worker's any more, or just being written to."""
    which = {"b_worker": worker, "b_tasks": [task_id], "b_lease_ms": lease_ms}
    row = c.execute(_EXTEND, which).one_or_none()
    if row is None:
        return None
    run = c.execute(_READ_RUN, {"b_run": row.run_id}).one()
    return _claim(row, run, _names(c, row.run_id, run))


def expired_leases(c: Connection, limit: int) -> list[ExpiredLease]:
    """Running attempts without a word from their workers for too long, longest first."""
    return [ExpiredLease(*row) for row in c.execute(_EXPIRED, {"b_limit": limit})]


def is_expired(c: Connection, run_id: str, step_id: str, item: int, attempt: int) -> bool:
    """Whether this attempt runs without a lease: to be asked again under the run's lock."""
    values = {"b_run": run_id, "b_step": step_id, "b_item": item, "b_attempt": attempt}
    return c.execute(_IS_EXPIRED, values).scalar() is not None


def due_count(c: Connection, run_id: str | None = None) -> int:
    """How many tasks `claim_next` may claim now."""
    values = {} if run_id is None else {"b_run": run_id}
    return c.execute(_DUE_COUNTS[run_id is not None], values).scalar_one()


def _start_attempt(c: Connection, task: Row[*tuple[Any, ...]], worker: str) -> None:
    row = {
        "task_id": task.id,
        "number": task.attempt,
        "team_id": task.team_id,
        "worker": worker,
        "last_seq": 0,
        "stdout_size": 0,
        "stderr_size": 0,
    }
    c.execute(_START_ATTEMPT, row)


def _names(c: Connection, run_id: str, run: Row[*tuple[Any, ...]]) -> Names:
    context = run_context(run.number, run.requester, run.channel_id, run.created_at)
    outcome = RunStatus(run.outcome) if run.outcome else None
    states = load_tasks(c, run_id).states
    return expression_names(run.parameters, context, states, outcome, is_rehearsal=run.is_rehearsal)


def _claim(task: Row[*tuple[Any, ...]], run: Row[*tuple[Any, ...]] | LockedRun, names: Names) -> Claim:
    return Claim(
        task_id=task.id,
        run_id=task.run_id,
        team_id=task.team_id,
        run_number=run.number,
        step_id=task.step_id,
        attempt=task.attempt,
        lease_until=task.lease_until,
        workflow_digest=run.workflow_digest,
        workflow_folder=run.workflow_folder,
        workflow_name=run.workflow_name,
        requester=run.requester,
        names={**names, "item": task.item_value, "index": task.item - 1} if task.item else names,
        item=task.item,
        is_rehearsal=run.is_rehearsal,
    )
