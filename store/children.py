"""Child runs, as their parents see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, func, or_, select

from engine.core.definition import JsonValue
from engine.core.state import TERMINAL_RUN_STATUSES, RunStatus
from store.columns import constant
from store.tables import runs, tasks

_HAS_ENDED = [constant(status) for status in sorted(TERMINAL_RUN_STATUSES)]


@dataclass(frozen=True, slots=True)
class Child:
    """The newest run that a step has started. `is_stopping`: how it ends is fixed already."""

    id: str
    number: int
    status: RunStatus
    error: str | None
    outputs: JsonValue
    is_stopping: bool
    parent_run_id: str
    parent_step_id: str
    is_to_be_forced: bool = False
    """Its parent was cancelled by force."""


def _family() -> Select[tuple[str]]:
    member = select(runs.c.id).where(runs.c.id == bindparam("b_run")).cte("family", recursive=True)
    return select(member.union_all(select(runs.c.id).where(runs.c.parent_run_id == member.c.id)).c.id)


FAMILY = _family()
"""The run `b_run`, its children, and theirs."""


def _ancestors() -> Select[tuple[str]]:
    member = select(runs.c.id, runs.c.parent_run_id).where(runs.c.id == bindparam("b_run"))
    found = member.cte("ancestors", recursive=True)
    parents = select(runs.c.id, runs.c.parent_run_id).where(runs.c.id == found.c.parent_run_id)
    return select(found.union_all(parents).c.id)


_ANCESTORS = _ancestors()
_MEMBERS = select(runs.c.id, runs.c.status).where(runs.c.id.in_(FAMILY)).order_by(runs.c.number)
_OTHER = runs.alias("other")
_CHILD = select(
    runs.c.id,
    runs.c.number,
    runs.c.status,
    runs.c.error,
    runs.c.outputs,
    runs.c.outcome,
    runs.c.parent_run_id,
    runs.c.parent_step_id,
)
_NEWEST = (
    _CHILD.where(runs.c.parent_run_id == bindparam("b_parent"), runs.c.parent_step_id == bindparam("b_step"))
    .order_by(runs.c.number.desc())
    .limit(1)
)
_NEWEST_NUMBER = (
    select(func.max(_OTHER.c.number))
    .where(_OTHER.c.parent_run_id == runs.c.parent_run_id, _OTHER.c.parent_step_id == runs.c.parent_step_id)
    .scalar_subquery()
)
_WAITS_FOR_IT = and_(
    tasks.c.run_id == runs.c.parent_run_id,
    tasks.c.step_id == runs.c.parent_step_id,
    tasks.c.item == 0,
    tasks.c.kind == constant("workflow"),
    tasks.c.status == constant("waiting"),
)
_WAITED_FOR = (
    _CHILD.add_columns(tasks.c.stop_forced.label("is_to_be_forced"))
    .select_from(runs.join(tasks, _WAITS_FOR_IT))
    .where(
        runs.c.parent_run_id.is_not(None),
        runs.c.number == _NEWEST_NUMBER,
        or_(runs.c.status.in_(_HAS_ENDED), tasks.c.stop_requested & runs.c.outcome.is_(None)),
    )
    .limit(bindparam("b_limit"))
)


def ancestors(c: Connection, run_id: str) -> frozenset[str]:
    """A run, whoever has started it, and whoever has started that."""
    return frozenset(row.id for row in c.execute(_ANCESTORS, {"b_run": run_id}))


def family(c: Connection, run_id: str) -> dict[str, RunStatus]:
    """A run, its children, and theirs, by id, in the order they were started."""
    return {row.id: RunStatus(row.status) for row in c.execute(_MEMBERS, {"b_run": run_id})}


def newest_child(c: Connection, parent_run_id: str, step_id: str) -> Child | None:
    return _read(c.execute(_NEWEST, {"b_parent": parent_run_id, "b_step": step_id}).one_or_none())


def unsettled_children(c: Connection, limit: int) -> list[Child]:
    """Children that have ended while their parent's step still waits, or that were not told to stop yet."""
    found = (_read(row) for row in c.execute(_WAITED_FOR, {"b_limit": limit}))
    return [child for child in found if child is not None]


def _read(row: Row[*tuple[Any, ...]] | None) -> Child | None:
    if row is None:
        return None
    values = dict(row._mapping)
    is_stopping = values.pop("outcome") is not None
    return Child(**{**values, "status": RunStatus(row.status)}, is_stopping=is_stopping)
