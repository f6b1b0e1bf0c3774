"""A run's lock, and what is read under it. The run's row is the lock; it is taken before any other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from engine.core.definition import JsonValue, StepKind
from engine.core.state import (
    ApprovalState,
    Ballot,
    FanOut,
    RunSnapshot,
    RunStatus,
    TaskState,
    TaskStatus,
)
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
    round: int
    is_queued: bool
    is_rehearsal: bool
    concurrency_key: str | None
    parent_run_id: str | None
    parent_step_id: str | None
    depth: int
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
        tasks.c.failures,
        tasks.c.losses,
        tasks.c.is_unknown,
    )
    .where(tasks.c.run_id == bindparam("b_run"), tasks.c.item == 0)
    .order_by(tasks.c.position)
)
_ITEM = select(
    tasks.c.status,
    tasks.c.attempt,
    tasks.c.due_at,
    tasks.c.stop_requested,
    tasks.c.result,
    tasks.c.error,
    tasks.c.failures,
    tasks.c.losses,
    tasks.c.is_unknown,
).where(
    tasks.c.run_id == bindparam("b_run"),
    tasks.c.step_id == bindparam("b_step"),
    tasks.c.item == bindparam("b_item"),
)
_IS_DUE = tasks.c.due_at.is_not(None)
_FAN_OUTS = (
    select(tasks.c.step_id, tasks.c.status, _IS_DUE, tasks.c.is_unknown, func.count())
    .where(tasks.c.run_id == bindparam("b_run"), tasks.c.item > 0)
    .group_by(tasks.c.step_id, tasks.c.status, _IS_DUE, tasks.c.is_unknown)
)
_RESULTS = select(tasks.c.item, tasks.c.result).where(
    tasks.c.run_id == bindparam("b_run"),
    tasks.c.step_id == bindparam("b_step"),
    tasks.c.item > 0,
    tasks.c.status == constant("completed"),
)
_OPEN_APPROVALS = (
    select(approvals.c.step_id, approvals.c.required, decisions.c.user_id, decisions.c.approve)
    .select_from(approvals.outerjoin(decisions, decisions.c.approval_id == approvals.c.id))
    .where(approvals.c.run_id == bindparam("b_run"), approvals.c.status == constant("open"))
    .order_by(decisions.c.at, decisions.c.user_id)
)


_VERSION = select(runs.c.workflow_digest, FOLDER_OF_RUN).where(runs.c.id == bindparam("b_run"))


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


@dataclass(frozen=True, slots=True)
class RunVersion:
    """The workflow that a run was started with, and where it lies now."""

    digest: str
    folder: str


def version_of(c: Connection, run_id: str) -> RunVersion:
    """To be asked for without a lock: it never changes."""
    return RunVersion(*c.execute(_VERSION, {"b_run": run_id}).one())


def load_snapshot(
    c: Connection, locked: LockedRun, step_id: str = "", item: int = 0, *, goes_on: bool = False
) -> RunSnapshot:
    """The run as planning sees it, with the one item that the event concerns, if it concerns one. `goes_on`: that
    item has ended well, so a fan-out ends with it only when nothing of it is pending. Read before a decision is
    inserted: a ballot found here counts already."""
    loaded = load_tasks(c, locked.id)
    is_resumed = (
        locked.round > 1 or locked.status.is_terminal
    )  # then steps that have not begun may have items
    has_items = loaded.fans_out or is_resumed or item
    return RunSnapshot(
        status=locked.status,
        parameters=locked.parameters,
        requester=locked.requester,
        tasks=loaded.states,
        approvals=_load_approvals(c, locked.id) if loaded.asks else {},
        outcome=locked.outcome,
        error=locked.error,
        context=locked.context,
        now=locked.now,
        progress=locked.progress,
        is_queued=locked.is_queued,
        is_rehearsal=locked.is_rehearsal,
        inputs=loaded.inputs,
        fan_outs=_load_fan_outs(c, locked.id, goes_on) if has_items else {},
        items=_load_item(c, locked.id, step_id, item) if item else {},
    )


@dataclass(frozen=True, slots=True)
class LoadedTasks:
    """The steps of a run, in the file's order. `asks`: one waits for an approval; `fans_out`: one for its items;
    `inputs` wait for somebody's values."""

    states: dict[str, TaskState]
    asks: bool
    fans_out: bool
    inputs: frozenset[str]


def load_tasks(c: Connection, run_id: str) -> LoadedTasks:
    states: dict[str, TaskState] = {}
    waiting: dict[str, StepKind] = {}
    for step_id, kind, *columns in c.execute(_TASKS, {"b_run": run_id}):
        states[step_id] = _state(step_id, 0, *columns)
        if states[step_id].status is TaskStatus.WAITING:
            waiting[step_id] = StepKind(kind)
    return LoadedTasks(
        states,
        asks=StepKind.APPROVAL in waiting.values(),
        fans_out=any(kind.is_carried_out for kind in waiting.values()),
        inputs=frozenset(step_id for step_id, kind in waiting.items() if kind is StepKind.INPUT),
    )


def _state(
    step_id: str,
    item: int,
    status: str,
    attempt: int,
    due_at: int | None,
    is_stopping: bool,
    result: JsonValue,
    error: str | None,
    failures: int,
    losses: int,
    is_unknown: bool,
) -> TaskState:
    return TaskState(
        step_id,
        TaskStatus(status),
        attempt,
        is_due=status == TaskStatus.PENDING and due_at is not None,
        result=result,
        error=error,
        is_stopping=is_stopping,
        item=item,
        failures=failures,
        losses=losses,
        is_unknown=is_unknown,
    )


def _load_item(c: Connection, run_id: str, step_id: str, item: int) -> dict[tuple[str, int], TaskState]:
    row = c.execute(_ITEM, {"b_run": run_id, "b_step": step_id, "b_item": item}).one_or_none()
    return {} if row is None else {(step_id, item): _state(step_id, item, *row)}


def _load_fan_outs(c: Connection, run_id: str, goes_on: bool) -> dict[str, FanOut]:
    counts: dict[str, dict[str, Any]] = defaultdict(lambda: defaultdict(int))
    for step_id, status, is_due, is_unknown, count in c.execute(_FAN_OUTS, {"b_run": run_id}):
        counts[step_id][_FAN_OUT_FIELDS[status, bool(is_due)]] += count
        counts[step_id]["unknown"] += count if is_unknown else 0
    fan_outs = {step_id: FanOut(**fields) for step_id, fields in counts.items()}
    return {
        step_id: replace(fan, results=_load_results(c, run_id, step_id))
        if fan.active <= 1 and not (goes_on and fan.pending)
        else fan
        for step_id, fan in fan_outs.items()
    }


_FAN_OUT_FIELDS = {
    ("pending", False): "pending",
    ("pending", True): "due",
    ("running", False): "running",
    ("completed", False): "completed",
    ("failed", False): "failed",
    ("error", False): "errored",
    ("cancelled", False): "cancelled",
}
"""How an item of this status, due or not, is counted."""


def _load_results(c: Connection, run_id: str, step_id: str) -> dict[int, JsonValue]:
    rows = c.execute(_RESULTS, {"b_run": run_id, "b_step": step_id})
    return {row.item: row.result for row in rows}


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
