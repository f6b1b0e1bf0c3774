"""Runs: starting one, finding one, and (from the modules beside) locking one and writing down its changes."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert  # its ON CONFLICT is SQLite's too

from engine.core.definition import JsonValue, Workflow
from engine.core.plan import initial_tasks
from engine.core.state import RunStatus
from store.audit import new_workspace
from store.columns import now_millis
from store.locking import LockedRun, load_snapshot, lock_run
from store.tables import runs, tasks, workspaces
from store.transitions import apply_transition
from store.versions import keep_version

__all__ = [
    "InsertedRun",
    "LockedRun",
    "NewRun",
    "RunKey",
    "apply_transition",
    "find_run",
    "insert_run",
    "load_snapshot",
    "lock_run",
    "parent_step",
    "run_key",
]


@dataclass(frozen=True, slots=True)
class ParentStep:
    """The step that a child run belongs to. `depth` is the child's: 1 for the child of a run without a parent."""

    run_id: str
    step_id: str
    depth: int


@dataclass(frozen=True, slots=True)
class NewRun:
    """`origin` says where it was asked for: "slack", "terminal". `parameters` are checked already."""

    team_id: str
    workflow: Workflow
    parameters: Mapping[str, JsonValue]
    requester: str
    channel_id: str | None = None
    origin: str = "slack"
    is_rehearsal: bool = False
    concurrency_key: str | None = None
    parent: ParentStep | None = None
    id: str = field(default_factory=lambda: secrets.token_hex(16))


@dataclass(frozen=True, slots=True)
class InsertedRun:
    id: str
    number: int


@dataclass(frozen=True, slots=True)
class RunKey:
    """What permissions and answers need to know of a run."""

    id: str
    team_id: str
    number: int
    workflow_name: str
    requester: str
    status: RunStatus
    channel_id: str | None


_NEXT_NUMBER = (
    upsert(workspaces)
    .on_conflict_do_update(index_elements=["team_id"], set_={"last_number": workspaces.c.last_number + 1})
    .returning(workspaces.c.last_number)
)
_INSERT_RUN = insert(runs).values(created_at=now_millis())
_INSERT_TASKS = insert(tasks)
_KEY = select(
    runs.c.id,
    runs.c.team_id,
    runs.c.number,
    runs.c.workflow_name,
    runs.c.requester,
    runs.c.status,
    runs.c.channel_id,
)
_PARENT = select(runs.c.parent_run_id, runs.c.parent_step_id, runs.c.depth).where(
    runs.c.id == bindparam("b_run"), runs.c.parent_run_id.is_not(None)
)
_KEY_BY_NUMBER = _KEY.where(runs.c.team_id == bindparam("b_team"), runs.c.number == bindparam("b_number"))
_KEY_BY_ID = _KEY.where(runs.c.id == bindparam("b_run"))


def insert_run(c: Connection, new: NewRun) -> InsertedRun:
    """Remember a run with all its tasks, pending and not yet due, and the workflow's version with it.

    Follow it by lock_run, load_snapshot, plan(RunStarted) and apply_transition in the same transaction.
    """
    run_id = new.id
    first = new_workspace(new.team_id) | {"last_number": 1}
    number = c.execute(_NEXT_NUMBER, first).scalar_one()  # the workspace's lock, before any other's
    keep_version(c, new.workflow)
    row = {
        "id": run_id,
        "team_id": new.team_id,
        "number": number,
        "version": 1,
        "workflow_digest": new.workflow.digest,
        "workflow_name": new.workflow.name,
        "workflow_title": new.workflow.title,
        "parameters": dict(new.parameters),
        "requester": new.requester,
        "channel_id": new.channel_id,
        "origin": new.origin,
        "status": RunStatus.PENDING.value,
        "progress": 0,
        "chain_length": 0,
        "chain_head": "",
        "round": 1,
        "is_queued": False,
        "is_rehearsal": new.is_rehearsal,
        "concurrency_key": new.concurrency_key,
        "parent_run_id": new.parent.run_id if new.parent else None,
        "parent_step_id": new.parent.step_id if new.parent else None,
        "depth": new.parent.depth if new.parent else 0,
    }
    c.execute(_INSERT_RUN, row)
    rows = _task_rows(new, run_id)
    if rows:
        c.execute(_INSERT_TASKS, rows)
    return InsertedRun(run_id, number)


def find_run(c: Connection, team_id: str, number: int) -> RunKey | None:
    """The run that people of this workspace call `#number`."""
    return _run_key(c.execute(_KEY_BY_NUMBER, {"b_team": team_id, "b_number": number}).one_or_none())


def run_key(c: Connection, run_id: str) -> RunKey | None:
    return _run_key(c.execute(_KEY_BY_ID, {"b_run": run_id}).one_or_none())


def parent_step(c: Connection, run_id: str) -> ParentStep | None:
    """The step that waits for this run, if it is a child."""
    row = c.execute(_PARENT, {"b_run": run_id}).one_or_none()
    return None if row is None else ParentStep(*row)


def _run_key(row: Row[*tuple[Any, ...]] | None) -> RunKey | None:
    if row is None:
        return None
    return RunKey(**{**row._mapping, "status": RunStatus(row.status)})


def _task_rows(new: NewRun, run_id: str) -> list[dict[str, Any]]:
    states = {state.step_id: state for state in initial_tasks(new.workflow)}
    return [
        {
            "id": secrets.token_hex(16),
            "team_id": new.team_id,
            "run_id": run_id,
            "position": position,
            "step_id": step.id,
            "title": step.title,
            "kind": step.kind.value,
            "status": states[step.id].status.value,
            "attempt": states[step.id].attempt,
            "stop_requested": False,
            "stop_forced": False,
            "item": 0,
            "failures": 0,
            "losses": 0,
            "is_unknown": False,
        }
        for position, step in enumerate(new.workflow.steps)
    ]
