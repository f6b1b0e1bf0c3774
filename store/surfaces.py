"""Surfaces: the messages and open modals that show a run, and what the projector needs to keep them true.

A surface is dirty while `drawn_version` is lower than its run's version; nothing is written to make it so.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, bindparam, case, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert  # its ON CONFLICT is SQLite's too

from engine.core.state import TERMINAL_RUN_STATUSES, RunStatus
from store.columns import constant, now_millis
from store.tables import leases, runs, surfaces

ASLEEP = 2**62
"""A `due_at` that never comes: the surface is drawn again when its run has ended, or when it is woken."""


REPOST_AFTER_MS = 600_000
"""People who delete a message do not want it back at once, again and again."""


class SurfaceKind(StrEnum):
    ROOT = "root"
    THREAD = "thread"
    APPROVAL = "approval"
    FAILURE = "failure"
    DIALOG = "dialog"
    DETAILS = "details"


class SurfaceState(StrEnum):
    NEW = "new"
    LIVE = "live"
    DONE = "done"
    """It shows the final state."""
    GONE = "gone"
    """It cannot be drawn any more; `last_error` says why."""


@dataclass(frozen=True, slots=True)
class NewSurface:
    """Messages have a channel, modals a view and the person who sees it. `place` is the view's own note of
    which part of the run it shows."""

    team_id: str
    run_id: str
    kind: SurfaceKind
    channel_id: str | None = None
    view_id: str | None = None
    user_id: str | None = None
    place: str | None = None
    approval_id: str | None = None


@dataclass(frozen=True, slots=True)
class Surface:
    """`thread_ts` is the root message's `ts`, for messages in its thread; None while it is not posted."""

    id: str
    team_id: str
    run_id: str
    kind: SurfaceKind
    state: SurfaceState
    channel_id: str | None
    ts: str | None
    thread_ts: str | None
    view_id: str | None
    user_id: str | None
    place: str | None
    approval_id: str | None
    nonce: str
    drawn_version: int
    drawn_hash: str | None
    due_at: int
    tries: int
    last_error: str | None
    created_at: int
    posted_at: int | None
    closed_at: int | None


@dataclass(frozen=True, slots=True)
class DueSurface:
    """A dirty surface, and what its run has come to."""

    surface: Surface
    run_version: int
    run_status: RunStatus


_ROOT = surfaces.alias("root")
_WITH_ROOT = surfaces.outerjoin(
    _ROOT,
    (_ROOT.c.run_id == surfaces.c.run_id)
    & (_ROOT.c.kind == constant("root"))
    & surfaces.c.kind.in_([constant("thread"), constant("approval"), constant("failure")]),
)
_COLUMNS = [
    _ROOT.c.ts.label("thread_ts") if name == "thread_ts" else surfaces.c[name]
    for name in Surface.__dataclass_fields__
]
_IS_OPEN = surfaces.c.state.in_([constant("new"), constant("live")])
_HAS_ENDED = runs.c.status.in_([constant(status) for status in sorted(TERMINAL_RUN_STATUSES)])
_RANK = case(
    (surfaces.c.kind == constant("approval"), 0),
    (_HAS_ENDED, 1),
    (surfaces.c.kind.in_([constant("root"), constant("thread"), constant("failure")]), 2),
    else_=3,
)
_ID = surfaces.c.id == bindparam("b_id")

_INSERT = (
    upsert(surfaces)
    .values(state="new", drawn_version=0, tries=0, created_at=now_millis())
    .on_conflict_do_nothing()
    .returning(surfaces.c.id)
)
_FIND = select(*_COLUMNS).select_from(_WITH_ROOT)
_FIND_BY_ID = _FIND.where(_ID)
_FIND_BY_VIEW = _FIND.where(surfaces.c.view_id == bindparam("b_view"), _IS_OPEN)
_FIND_BY_RUN = _FIND.where(surfaces.c.run_id == bindparam("b_run")).order_by(
    surfaces.c.created_at, surfaces.c.id
)
_DUE = (
    select(*_COLUMNS, runs.c.version.label("run_version"), runs.c.status.label("run_status"))
    .select_from(_WITH_ROOT.join(runs, runs.c.id == surfaces.c.run_id))
    .where(
        surfaces.c.team_id == bindparam("b_team"),
        _IS_OPEN,
        surfaces.c.drawn_version < runs.c.version,
        or_(
            surfaces.c.due_at <= bindparam("b_now"),
            (surfaces.c.due_at == ASLEEP) & _HAS_ENDED,
        ),
        # A message in a thread waits for its root, as long as one may still come.
        or_(_ROOT.c.id.is_(None), _ROOT.c.ts.is_not(None), _ROOT.c.state == constant("gone")),
    )
    .order_by(_RANK, surfaces.c.due_at, surfaces.c.created_at, surfaces.c.id)
    .limit(bindparam("b_limit"))
)
_OPEN_VIEWS = (
    select(func.count())
    .select_from(surfaces)
    .where(
        surfaces.c.team_id == bindparam("b_team"),
        _IS_OPEN,
        surfaces.c.view_id.is_not(None),
        surfaces.c.due_at < ASLEEP,
    )
)
_POSTED = (
    update(surfaces)
    .where(_ID, _IS_OPEN, surfaces.c.ts.is_(None))
    .values(
        state="live",
        ts=bindparam("b_ts"),
        channel_id=func.coalesce(bindparam("b_channel"), surfaces.c.channel_id),
        posted_at=bindparam("b_now"),
    )
)
_DRAWN = (
    update(surfaces)
    .where(_ID, _IS_OPEN, surfaces.c.drawn_version < bindparam("b_version"))
    .values(
        state=bindparam("b_state"),
        drawn_version=bindparam("b_version"),
        drawn_hash=bindparam("b_hash"),
        due_at=bindparam("b_due_at"),
        closed_at=bindparam("b_closed_at"),
        tries=0,
        last_error=None,
    )
)
_POSTPONE = update(surfaces).where(_ID, _IS_OPEN).values(due_at=bindparam("b_due_at"))
_POSTPONE_FAILED = _POSTPONE.values(
    tries=surfaces.c.tries + 1, last_error=bindparam("b_error", type_=surfaces.c.last_error.type)
)
_REPOST = (
    update(surfaces)
    .where(_ID, _IS_OPEN, surfaces.c.ts.is_not(None))
    .values(
        state="new",
        ts=None,
        nonce=bindparam("b_nonce"),
        drawn_version=0,
        drawn_hash=None,
        due_at=case(
            (
                surfaces.c.posted_at + REPOST_AFTER_MS > bindparam("b_now"),
                surfaces.c.posted_at + REPOST_AFTER_MS,
            ),
            else_=bindparam("b_now"),
        ),
        tries=0,
        last_error=bindparam("b_error", type_=surfaces.c.last_error.type),
    )
)
_REDRAW_DETAILS = (
    update(surfaces)
    .where(surfaces.c.run_id == bindparam("b_run"), surfaces.c.kind == constant("details"), _IS_OPEN)
    .values(drawn_version=0)
)
_GONE = update(surfaces).values(
    state="gone",
    closed_at=bindparam("b_now"),
    last_error=bindparam("b_reason", type_=surfaces.c.last_error.type),
)
_MARK_GONE = _GONE.where(_ID, _IS_OPEN)
_REPLACE_VIEW = _GONE.where(surfaces.c.view_id == bindparam("b_view"), _IS_OPEN)

_NEW_LEASE = upsert(leases).values(until=now_millis() + bindparam("b_ttl_ms"))
_ACQUIRE = _NEW_LEASE.on_conflict_do_update(
    index_elements=["name"],
    set_={"owner": _NEW_LEASE.excluded.owner, "until": _NEW_LEASE.excluded.until},
    where=or_(leases.c.owner == _NEW_LEASE.excluded.owner, leases.c.until <= now_millis()),
).returning(leases.c.name)


def insert_surface(c: Connection, new: NewSurface, due_at: int) -> str | None:
    """Remember a surface that is to be drawn from `due_at` on; its id.

    None when there is one already: a run has one root, thread and failure message, an approval one message,
    an open modal one surface.
    """
    row = {
        "id": secrets.token_hex(16),
        "team_id": new.team_id,
        "run_id": new.run_id,
        "kind": new.kind.value,
        "channel_id": new.channel_id,
        "view_id": new.view_id,
        "user_id": new.user_id,
        "place": new.place,
        "approval_id": new.approval_id,
        "nonce": secrets.token_hex(8),
        "due_at": due_at,
    }
    return c.execute(_INSERT, row).scalar_one_or_none()


def find_surface(c: Connection, surface_id: str) -> Surface | None:
    return _surface_or_none(c.execute(_FIND_BY_ID, {"b_id": surface_id}).one_or_none())


def find_view(c: Connection, view_id: str) -> Surface | None:
    """What the open modal shows, if it shows a run."""
    return _surface_or_none(c.execute(_FIND_BY_VIEW, {"b_view": view_id}).one_or_none())


def run_surfaces(c: Connection, run_id: str) -> list[Surface]:
    """All surfaces of a run, oldest first."""
    return [_surface(row) for row in c.execute(_FIND_BY_RUN, {"b_run": run_id})]


def due_surfaces(c: Connection, team_id: str, now: int, limit: int) -> list[DueSurface]:
    """Dirty surfaces whose time has come: approvals first, then runs that ended, then messages, then modals;
    oldest due first. Messages in a thread are left out until their root is posted or gone."""
    rows = c.execute(_DUE, {"b_team": team_id, "b_now": now, "b_limit": limit})
    return [DueSurface(_surface(row), row.run_version, RunStatus(row.run_status)) for row in rows]


def open_view_count(c: Connection, team_id: str) -> int:
    """How many modals of this workspace are kept live."""
    return c.execute(_OPEN_VIEWS, {"b_team": team_id}).scalar_one()


def record_posted(
    c: Connection, surface_id: str, ts: str, now: int, *, channel_id: str | None = None
) -> bool:
    """The message stands in Slack. False: it had been posted before, or is gone."""
    values = {"b_id": surface_id, "b_ts": ts, "b_channel": channel_id, "b_now": now}
    return c.execute(_POSTED, values).rowcount == 1


def record_drawn(
    c: Connection,
    surface_id: str,
    version: int,
    drawn_hash: str,
    *,
    due_at: int,
    final: bool = False,
    now: int | None = None,
) -> bool:
    """The surface shows this version of its run, or would look the same. `due_at` is the earliest time to
    draw it again; `final` ends it (at `now`, else at `due_at`). False: a newer version was drawn before."""
    values = {
        "b_id": surface_id,
        "b_version": version,
        "b_hash": drawn_hash,
        "b_due_at": due_at,
        "b_state": SurfaceState.DONE.value if final else SurfaceState.LIVE.value,
        "b_closed_at": (now or due_at) if final else None,
    }
    return c.execute(_DRAWN, values).rowcount == 1


def postpone(c: Connection, surface_id: str, due_at: int, error: str | None = None) -> bool:
    """Draw it later, at the earliest; `ASLEEP` and the present are times too. `error` counts as a try."""
    values = {"b_id": surface_id, "b_due_at": due_at}
    if error is None:
        return c.execute(_POSTPONE, values).rowcount == 1
    return c.execute(_POSTPONE_FAILED, values | {"b_error": error}).rowcount == 1


def repost(c: Connection, surface_id: str, reason: str, now: int) -> bool:
    """The message is not there any more: a new one takes its place, REPOST_AFTER_MS after the last one at the
    earliest. False: it was not posted."""
    values = {"b_id": surface_id, "b_nonce": secrets.token_hex(8), "b_error": reason, "b_now": now}
    return c.execute(_REPOST, values).rowcount == 1


def redraw_details(c: Connection, run_id: str) -> None:
    """Output came, which is no change of the run: only open details show it."""
    c.execute(_REDRAW_DETAILS, {"b_run": run_id})


def mark_gone(c: Connection, surface_id: str, reason: str, now: int) -> bool:
    """It cannot be drawn any more: the message was deleted, the modal closed."""
    return c.execute(_MARK_GONE, {"b_id": surface_id, "b_reason": reason, "b_now": now}).rowcount == 1


def replace_view(c: Connection, view_id: str, now: int, reason: str = "replaced") -> bool:
    """The modal shows something else from now on, or was closed. False: it showed no run."""
    return c.execute(_REPLACE_VIEW, {"b_view": view_id, "b_reason": reason, "b_now": now}).rowcount == 1


def acquire_sender(c: Connection, name: str, owner: str, ttl_ms: int) -> bool:
    """Become or stay the one holder of a duty for `ttl_ms` from now. False: somebody else holds it."""
    row = {"name": name, "owner": owner, "b_ttl_ms": ttl_ms}
    return c.execute(_ACQUIRE, row).one_or_none() is not None


def _surface_or_none(row: Row[*tuple[Any, ...]] | None) -> Surface | None:
    return None if row is None else _surface(row)


def _surface(row: Row[*tuple[Any, ...]]) -> Surface:
    values = {name: row._mapping[name] for name in Surface.__dataclass_fields__}
    values["kind"] = SurfaceKind(row.kind)
    values["state"] = SurfaceState(row.state)
    return Surface(**values)
