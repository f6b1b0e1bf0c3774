"""Concurrency keys: which run of each is in progress, and which wait for their turn."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert  # its ON CONFLICT is SQLite's too

from engine.core.state import RunStatus
from store import audit
from store.errors import expect_rows
from store.tables import runs, slots
from store.versions import FOLDER_OF_RUN

_KEY = (slots.c.team_id == bindparam("b_team"), slots.c.key == bindparam("b_key"))
_OF_KEY = (runs.c.team_id == bindparam("b_team"), runs.c.concurrency_key == bindparam("b_key"))
# Setting what is there already takes the row's lock.
_LOCK = (
    upsert(slots)
    .on_conflict_do_update(index_elements=["team_id", "key"], set_={"run_id": slots.c.run_id})
    .returning(slots.c.run_id)
)
_GIVE = update(slots).where(*_KEY).values(run_id=bindparam("b_run"))
_RUN = select(
    runs.c.id,
    runs.c.number,
    runs.c.status,
    runs.c.requester,
    runs.c.workflow_name,
    runs.c.outcome,
    runs.c.workflow_digest,
    FOLDER_OF_RUN,
)
_HOLDER = _RUN.where(runs.c.id == bindparam("b_run"))
_QUEUE = _RUN.where(*_OF_KEY, runs.c.is_queued).order_by(runs.c.number)
_FIRST_IN_QUEUE = _QUEUE.limit(1)
# Rows are locked in one order by all who redraw.
_IN_ORDER = (
    select(runs.c.id)
    .where(*_OF_KEY, runs.c.is_queued)
    .order_by(runs.c.number)
    .with_for_update(key_share=True)
)
_REDRAW = update(runs).where(runs.c.id == bindparam("b_run")).values(version=runs.c.version + 1)
_HOLDER_ID = select(slots.c.run_id).where(*_KEY)
_HOLDERS = (
    select(slots.c.run_id)
    .join(runs, and_(runs.c.team_id == slots.c.team_id, runs.c.concurrency_key == slots.c.key))
    .where(runs.c.is_queued, runs.c.id.in_(bindparam("b_runs", expanding=True)))
    .distinct()
)
_QUEUED_KEYS = (
    select(runs.c.team_id, runs.c.concurrency_key)
    .where(runs.c.concurrency_key.is_not(None), runs.c.is_queued)
    .distinct()
)
_PLACE = (
    select(func.count())
    .select_from(runs)
    .where(*_OF_KEY, runs.c.is_queued, runs.c.number <= bindparam("b_number"))
)


@dataclass(frozen=True, slots=True)
class Contender:
    """A run that has a slot, or waits for it."""

    id: str
    number: int
    status: RunStatus
    requester: str
    workflow_name: str
    is_stopping: bool
    workflow_digest: str
    workflow_folder: str


@dataclass(frozen=True, slots=True)
class Queue:
    """`holder` is None when the run that had the slot has ended."""

    holder: Contender | None
    waiting: tuple[Contender, ...]


def take_slot(c: Connection, team_id: str, key: str, run_id: str) -> Contender | None:
    """Give the slot to this run if it is free and nobody waits for it; its lock, and the workspace's, are kept
    until the transaction ends. Returns otherwise who has it, or is the next to have it."""
    audit.lock_workspace(c, team_id)
    names = {"b_team": team_id, "b_key": key}
    holder_id = c.execute(_LOCK, {"team_id": team_id, "key": key, "run_id": run_id}).scalar_one()
    if holder_id == run_id:
        return None
    holder = _contender(c, holder_id)
    if holder is not None and not holder.status.is_terminal:
        return holder
    first = c.execute(_FIRST_IN_QUEUE, names).one_or_none()  # it was not told yet that its turn has come
    if first is not None:
        return _read(first)
    give_slot(c, team_id, key, run_id)
    return None


def lock_queue(c: Connection, team_id: str, key: str) -> Queue:
    """Who has the slot and who waits, by number; and the lock of it all. Whoever needs the lock of a run too takes
    that first, and the workspace's is taken here: it counts the numbers of the runs that begin beside."""
    audit.lock_workspace(c, team_id)
    c.execute(_LOCK, {"team_id": team_id, "key": key, "run_id": ""})
    return look_at_queue(c, team_id, key)


def look_at_queue(c: Connection, team_id: str, key: str) -> Queue:
    """The same without a lock."""
    names = {"b_team": team_id, "b_key": key}
    holder_id = c.execute(_HOLDER_ID, names).scalar_one_or_none()
    waiting = tuple(_read(row) for row in c.execute(_QUEUE, names))
    holder = None if holder_id is None else _contender(c, holder_id)
    return Queue(None if holder is None or holder.status.is_terminal else holder, waiting)


def give_slot(c: Connection, team_id: str, key: str, run_id: str) -> None:
    """To be called with its lock."""
    given = c.execute(_GIVE, {"b_team": team_id, "b_key": key, "b_run": run_id})
    expect_rows(given.rowcount, 1, f"the slot of a concurrency key of {team_id}")


def redraw_queue(c: Connection, team_id: str, key: str) -> list[str]:
    """The places of those that wait have changed; who they are."""
    run_ids = list(c.execute(_IN_ORDER, {"b_team": team_id, "b_key": key}).scalars())
    if run_ids:
        c.execute(_REDRAW, [{"b_run": run_id} for run_id in run_ids])
    return run_ids


def holders_for(c: Connection, run_ids: Collection[str]) -> set[str]:
    """Who has what the queued ones among these runs wait for."""
    return set(c.execute(_HOLDERS, {"b_runs": [*run_ids]}).scalars()) if run_ids else set()


def queued_keys(c: Connection) -> list[tuple[str, str]]:
    """Workspaces and keys for which somebody waits."""
    return [(row.team_id, row.concurrency_key) for row in c.execute(_QUEUED_KEYS)]


def place_in_queue(c: Connection, team_id: str, key: str, number: int) -> int:
    """From 1."""
    return c.execute(_PLACE, {"b_team": team_id, "b_key": key, "b_number": number}).scalar_one()


def _contender(c: Connection, run_id: str) -> Contender | None:
    row = c.execute(_HOLDER, {"b_run": run_id}).one_or_none()
    return None if row is None else _read(row)


def _read(row: Row[*tuple[Any, ...]]) -> Contender:
    return Contender(
        row.id,
        row.number,
        RunStatus(row.status),
        row.requester,
        row.workflow_name,
        row.outcome is not None,
        row.workflow_digest,
        row.workflow_folder,
    )
