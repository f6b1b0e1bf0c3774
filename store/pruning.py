"""Forgetting runs that ended long ago, whole: a run goes with its children and all that belongs to them, and its
audit chain is recorded in the workspace's. Who calls commits after every few of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, Connection, Row, bindparam, delete, select, tuple_

from engine.core.state import TERMINAL_RUN_STATUSES
from store import audit
from store.children import FAMILY
from store.tables import (
    approvals,
    attempts,
    audit_events,
    decisions,
    log_chunks,
    page_links,
    questions,
    runs,
    slots,
    surfaces,
    tasks,
    timers,
    web_sessions,
)
from store.tables import workflow_versions as versions

RUNS_AT_ONCE = 200
CHUNKS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Page:
    """Runs without a parent, whose families may be forgotten; and the number to go on after, None at the end."""

    run_ids: tuple[str, ...]
    after: int | None


_OLDEST = (
    select(
        runs.c.id, runs.c.number, runs.c.parent_run_id, runs.c.status, runs.c.created_at, runs.c.finished_at
    )
    .where(runs.c.team_id == bindparam("b_team"), runs.c.number > bindparam("b_after"))
    .order_by(runs.c.number)
    .limit(RUNS_AT_ONCE)
)
_MEMBERS = select(
    runs.c.id,
    runs.c.team_id,
    runs.c.number,
    runs.c.status,
    runs.c.finished_at,
    runs.c.chain_length,
    runs.c.chain_head,
).where(runs.c.id.in_(FAMILY))
_LOCK_ROOT = select(runs.c.id).where(runs.c.id == bindparam("b_run")).with_for_update(skip_locked=True)
_LOCK_MEMBERS = _MEMBERS.with_for_update()

_RUNS: BindParameter[str] = bindparam("b_runs", expanding=True)
_TASKS = select(tasks.c.id).where(tasks.c.run_id.in_(_RUNS))
_CHUNKS = tuple_(log_chunks.c.task_id, log_chunks.c.attempt, log_chunks.c.seq)
_SOME_CHUNKS = delete(log_chunks).where(
    _CHUNKS.in_(
        select(log_chunks.c.task_id, log_chunks.c.attempt, log_chunks.c.seq)
        .where(log_chunks.c.task_id.in_(_TASKS))
        .limit(CHUNKS_AT_ONCE)
    )
)
_APPROVALS = select(approvals.c.id).where(approvals.c.run_id.in_(_RUNS))
_ALL_OF_RUNS = (
    delete(log_chunks).where(log_chunks.c.task_id.in_(_TASKS)),
    delete(attempts).where(attempts.c.task_id.in_(_TASKS)),
    delete(decisions).where(decisions.c.approval_id.in_(_APPROVALS)),
    *(delete(table).where(table.c.run_id.in_(_RUNS)) for table in (surfaces, approvals, questions, timers)),
    *(delete(table).where(table.c.run_id.in_(_RUNS)) for table in (page_links, web_sessions, slots, tasks)),
    delete(audit_events).where(audit_events.c.chain.in_(_RUNS)),
    delete(runs).where(runs.c.id.in_(_RUNS)),
)
"""In an order in which nothing refers to what is gone."""

_IS_UNUSED = versions.c.digest.not_in(select(runs.c.workflow_digest))
_UNUSED_VERSIONS = (
    select(versions.c.digest)
    .where(versions.c.created_at < bindparam("b_before"), _IS_UNUSED)
    .with_for_update(skip_locked=True)
)
_REMOVE_VERSIONS = delete(versions).where(
    versions.c.digest.in_(bindparam("b_digests", expanding=True)), _IS_UNUSED
)


def old_runs(c: Connection, team_id: str, before: int, after: int) -> Page:
    """Look through a workspace's runs, oldest first, behind the one numbered `after`: which ended before then
    (milliseconds). Numbers count up with the time of creation, so what is younger is not even looked at."""
    rows = c.execute(_OLDEST, {"b_team": team_id, "b_after": after}).all()
    older = [row for row in rows if row.created_at < before]
    found = tuple(row.id for row in older if row.parent_run_id is None and _is_over(row, before))
    return Page(found, rows[-1].number if len(rows) == RUNS_AT_ONCE and older else None)


def family_of(c: Connection, run_id: str, before: int) -> tuple[str, ...]:
    """The run with its children and theirs, when all of them ended before then; else nothing."""
    return tuple(row.id for row in _over(c.execute(_MEMBERS, {"b_run": run_id}).all(), before))


def remove_some_output(c: Connection, run_ids: Collection[str]) -> bool:
    """Remove a part of what the steps of these runs wrote. False when nothing is left of it."""
    return c.execute(_SOME_CHUNKS, {"b_runs": [*run_ids]}).rowcount > 0


def prune_family(c: Connection, run_id: str, before: int, actor: str, now: int) -> int:
    """Forget a run with its children and theirs; how many they were. 0: it is gone already, or one of them is in
    progress, has ended too lately, or is in somebody's hands."""
    if c.execute(_LOCK_ROOT, {"b_run": run_id}).one_or_none() is None:
        return 0
    members = _over(c.execute(_LOCK_MEMBERS, {"b_run": run_id}).all(), before)
    if not members:
        return 0
    audit.lock_workspace(c, members[0].team_id)  # before any slot, as all do
    for statement in _ALL_OF_RUNS:
        c.execute(statement, {"b_runs": [row.id for row in members]})
    for row in members:
        pruned = {"run": row.number, "id": row.id, "head": row.chain_head, "count": row.chain_length}
        audit.append_fact(c, row.team_id, None, actor, "pruned", pruned, now)
    return len(members)


def prune_versions(c: Connection, before: int) -> int:
    """Forget workflow versions kept since before then that no run refers to; how many they were."""
    digests = list(c.execute(_UNUSED_VERSIONS, {"b_before": before}).scalars())
    # Asked once more with their locks: a run may have begun to refer to one.
    return c.execute(_REMOVE_VERSIONS, {"b_digests": digests}).rowcount if digests else 0


def _over(rows: Sequence[Row[*tuple[Any, ...]]], before: int) -> list[Row[*tuple[Any, ...]]]:
    """All of a family, or nobody, by number."""
    return sorted(rows, key=lambda row: int(row.number)) if all(_is_over(row, before) for row in rows) else []


def _is_over(row: Row[*tuple[Any, ...]], before: int) -> bool:
    return row.status in TERMINAL_RUN_STATUSES and row.finished_at is not None and row.finished_at < before
