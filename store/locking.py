"""A run's lock, and what is read under it. The run's row is the lock; it is taken before any other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, bindparam, select, update

from engine.core.definition import JsonValue, StepKind
from engine.core.state import ApprovalState, Ballot, RunSnapshot, RunStatus, TaskState, TaskStatus
from store.audit import Chain
from store.columns import constant, now_millis
from store.tables import approvals, decisions, runs, tasks
from store.versions import FOLDER_OF_RUN


@dataclass(slots=True)
class LockedRun:
    """A run whose row this transaction holds, as it is now: `apply_transition` keeps it up to date."""

    id: str
    team_id: str
    number: int
    version: int
    workflow_digest: str
    workflow_folder: str
    workflow_name: str
    requester: str
    channel_id: str | None
    origin: str
    parameters: Mapping[str, JsonValue]
    created_at: int
    started_at: int | None
    status: RunStatus
    outcome: RunStatus | None
    error: str | None
    progress: int
    cancelled_by: str | None
    now: int
    """The database's time when the lock was had: for all that this transaction writes."""
    chain: Chain

    @property
    def context(self) -> dict[str, JsonValue]:
        return run_context(self.number, self.requester, self.channel_id, self.created_at)


_LOCK = (
    update(runs)
    .where(runs.c.id == bindparam("b_run"))
    .values(version=runs.c.version + 1)
    .returning(
        *(runs.c[name] for name in LockedRun.__dataclass_fields__ if name in runs.c),
        now_millis().label("now"),
        FOLDER_OF_RUN,
        runs.c.chain_length,
        runs.c.chain_head,
    )
)
_TASKS = (
    select(
        tasks.c.step_id,
        tasks.c.kind,
        tasks.c.status,
        tasks.c.attempt,
        tasks.c.due_at,
        tasks.c.stop_requested,
        tasks.c.result,
        tasks.c.error,
    )
    .where(tasks.c.run_id == bindparam("b_run"))
    .order_by(tasks.c.position)
)
_OPEN_APPROVALS = (
    select(approvals.c.step_id, approvals.c.required, decisions.c.user_id, decisions.c.approve)
    .select_from(approvals.outerjoin(decisions, decisions.c.approval_id == approvals.c.id))
    .where(approvals.c.run_id == bindparam("b_run"), approvals.c.status == constant("open"))
    .order_by(decisions.c.at, decisions.c.user_id)
)


def lock_run(c: Connection, run_id: str) -> LockedRun | None:
    """Take the run's lock until the transaction ends, and count its version up. None: no such run."""
    row = c.execute(_LOCK, {"b_run": run_id}).mappings().one_or_none()
    if row is None:
        return None
    values = dict(row)
    chain = Chain(row["id"], row["team_id"], values.pop("chain_length"), values.pop("chain_head"))
    values["status"] = RunStatus(row["status"])
    values["outcome"] = RunStatus(row["outcome"]) if row["outcome"] else None
    return LockedRun(**values, chain=chain)


def load_snapshot(c: Connection, locked: LockedRun) -> RunSnapshot:
    """The run as planning sees it. Read before a decision is inserted: a ballot found here counts already."""
    states, asks = load_tasks(c, locked.id)
    return RunSnapshot(
        status=locked.status,
        parameters=locked.parameters,
        requester=locked.requester,
        tasks=states,
        approvals=_load_approvals(c, locked.id) if asks else {},
        outcome=locked.outcome,
        error=locked.error,
        context=locked.context,
    )


def load_tasks(c: Connection, run_id: str) -> tuple[dict[str, TaskState], bool]:
    """All tasks of a run in the file's order, and whether one of them waits for an approval."""
    states = {}
    asks = False
    for step_id, kind, status, attempt, due_at, stop_requested, result, error in c.execute(
        _TASKS, {"b_run": run_id}
    ):
        state = TaskStatus(status)
        is_due = state is TaskStatus.PENDING and due_at is not None
        states[step_id] = TaskState(
            step_id, state, attempt, is_due=is_due, is_stopping=stop_requested, result=result, error=error
        )
        asks = asks or (state is TaskStatus.WAITING and kind == StepKind.APPROVAL)
    return states, asks


def run_context(number: int, requester: str, channel_id: str | None, created_at: int) -> dict[str, JsonValue]:
    """What expressions see as `run`. It stays the same from the first step to the last."""
    started_at = datetime.fromtimestamp(created_at // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"number": number, "requester": requester, "channel": channel_id, "started_at": started_at}


def _load_approvals(c: Connection, run_id: str) -> dict[str, ApprovalState]:
    required: dict[str, int] = {}
    ballots: dict[str, list[Ballot]] = defaultdict(list)
    for row in c.execute(_OPEN_APPROVALS, {"b_run": run_id}):
        required[row.step_id] = row.required
        if row.user_id is not None:
            ballots[row.step_id].append(Ballot(row.user_id, row.approve))
    return {step: ApprovalState(step, count, tuple(ballots[step])) for step, count in required.items()}
