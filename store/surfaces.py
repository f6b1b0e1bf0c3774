"""Surfaces: the messages and open modals that show a run. `store.projecting` is how the projector keeps them true.

A surface is dirty while `drawn_version` is lower than its run's version, which costs no write, or while it was
asked to be drawn again (`redraws`): output came, somebody went to another page of it.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, BindParameter, Connection, Row, bindparam, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert  # its ON CONFLICT is SQLite's too

from store.columns import constant, now_millis
from store.tables import surfaces

IN_THREAD = "thread"

ASLEEP = 2**62
"""A `due_at` that never comes: the surface is drawn again when its run has ended, or when it is woken."""


class SurfaceKind(StrEnum):
    ROOT = "root"
    THREAD = "thread"
    APPROVAL = "approval"
    INPUT = "input"
    MESSAGE = "message"
    """What a `message` step says, wherever it says it."""
    FAILURE = "failure"
    NOTICE = "notice"
    """Tells the requester that the run's channel takes no messages."""
    DIALOG = "dialog"
    DETAILS = "details"


class SurfaceState(StrEnum):
    NEW = "new"
    LIVE = "live"
    DONE = "done"
    """It shows the final state."""
    GONE = "gone"
    """It cannot be drawn any more; `last_error` says why."""


class Way(StrEnum):
    """How a surface is drawn: as a new message, on a message, or in a modal."""

    POST = "post"
    UPDATE = "update"
    VIEW = "view"


@dataclass(frozen=True, slots=True)
class NewSurface:
    """Messages have a channel, modals a view, the root of its stack, and the person who sees it. `place` is the
    view's own note of which part of the run it shows; a step's message is in the run's thread when it says
    IN_THREAD. `drawn_version` and `drawn_hash` tell of a picture that
    stands there already."""

    team_id: str
    run_id: str
    kind: SurfaceKind
    channel_id: str | None = None
    view_id: str | None = None
    user_id: str | None = None
    place: str | None = None
    approval_id: str | None = None
    question_id: str | None = None
    step_id: str | None = None
    root_view_id: str | None = None
    drawn_version: int = 0
    drawn_hash: str | None = None


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
    question_id: str | None
    step_id: str | None
    nonce: str
    drawn_version: int
    drawn_hash: str | None
    redraws: int
    due_at: int
    tries: int
    last_error: str | None
    created_at: int
    attended_at: int
    """When a person last opened it, or acted in it."""
    posted_at: int | None
    doubt_at: int | None
    """When to look for a copy of this message whose posting got no answer; None: there is no doubt."""
    closed_at: int | None

    @property
    def way(self) -> Way:
        if self.view_id is not None:
            return Way.VIEW
        return Way.POST if self.ts is None else Way.UPDATE

    @property
    def is_attended(self) -> bool:
        """A person has just acted in it, and waits for what it shows next."""
        return self.view_id is not None and self.due_at == self.attended_at


ROOT = surfaces.alias("root")
_IS_IN_THREAD = or_(
    surfaces.c.kind.in_([constant("thread"), constant("approval"), constant("input"), constant("failure")]),
    (surfaces.c.kind == constant("message")) & (surfaces.c.place == IN_THREAD),
)
WITH_ROOT = surfaces.outerjoin(
    ROOT,
    (ROOT.c.run_id == surfaces.c.run_id) & (ROOT.c.kind == constant("root")) & _IS_IN_THREAD,
)
COLUMNS = [
    ROOT.c.ts.label("thread_ts") if name == "thread_ts" else surfaces.c[name]
    for name in Surface.__dataclass_fields__
]
NOW: BindParameter[int] = bindparam("b_now", type_=BigInteger)
_ID = surfaces.c.id == bindparam("b_id")
IS_OPEN = surfaces.c.state.in_([constant("new"), constant("live")])
_INSERT = (
    upsert(surfaces)
    .values(state="new", redraws=0, tries=0, created_at=now_millis(), attended_at=now_millis())
    .on_conflict_do_nothing()
    .returning(surfaces.c.id)
)
FIND = select(*COLUMNS).select_from(WITH_ROOT)
_FIND_BY_ID = FIND.where(_ID)
_FIND_BY_VIEW = FIND.where(surfaces.c.view_id == bindparam("b_view"), IS_OPEN)
_FIND_BY_RUN = FIND.where(surfaces.c.run_id == bindparam("b_run")).order_by(
    surfaces.c.created_at, surfaces.c.id
)
_REDRAW_DETAILS = (
    update(surfaces)
    .where(surfaces.c.run_id == bindparam("b_run"), surfaces.c.kind == constant("details"), IS_OPEN)
    .values(redraws=surfaces.c.redraws + 1)
)
_REOPEN = (
    update(surfaces)
    .where(
        surfaces.c.run_id == bindparam("b_run"),
        surfaces.c.kind.in_([constant("root"), constant("thread"), constant("failure")]),
        surfaces.c.state == constant("done"),
    )
    .values(state="live", closed_at=None, due_at=NOW)
)
# The next failure is news again: it gets a message of its own, below all that was said before.
_FORGET_FAILURE = (
    update(surfaces)
    .where(
        surfaces.c.run_id == bindparam("b_run"),
        surfaces.c.kind == constant("failure"),
        surfaces.c.state.in_([constant("live"), constant("done")]),
    )
    .values(state="new", ts=None, drawn_version=0, drawn_hash=None, nonce=bindparam("b_nonce"), due_at=NOW)
)
_VIEW = surfaces.c.view_id == bindparam("b_view")
_ATTEND = (
    update(surfaces)
    .where(surfaces.c.view_id.in_(bindparam("b_views", expanding=True)), IS_OPEN)
    .values(redraws=surfaces.c.redraws + 1, due_at=NOW, attended_at=NOW)
)
_TURN = (
    update(surfaces)
    .where(_VIEW, IS_OPEN, surfaces.c.run_id == bindparam("b_run"), surfaces.c.kind == bindparam("b_kind"))
    .values(redraws=surfaces.c.redraws + 1, due_at=NOW, attended_at=NOW, place=bindparam("b_place"))
)
GONE = update(surfaces).values(
    state="gone",
    closed_at=NOW,
    last_error=bindparam("b_reason", type_=surfaces.c.last_error.type),
)
_REPLACE_VIEW = GONE.where(_VIEW, IS_OPEN)
_CLOSE_STACK = GONE.where(or_(_VIEW, surfaces.c.root_view_id == bindparam("b_view")), IS_OPEN)


def insert_surface(c: Connection, new: NewSurface, due_at: int) -> str | None:
    """Remember a surface that is to be drawn from `due_at` on; its id.

    None when there is one already: a run has one root, thread, failure message and notice, an approval one
    message, an open modal one surface.
    """
    row = {
        "id": secrets.token_hex(16),
        "team_id": new.team_id,
        "run_id": new.run_id,
        "kind": new.kind.value,
        "channel_id": new.channel_id,
        "view_id": new.view_id,
        "root_view_id": new.root_view_id,
        "user_id": new.user_id,
        "place": new.place,
        "approval_id": new.approval_id,
        "question_id": new.question_id,
        "step_id": new.step_id,
        "nonce": secrets.token_hex(8),
        "drawn_version": new.drawn_version,
        "drawn_hash": new.drawn_hash,
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
    return [read_surface(row) for row in c.execute(_FIND_BY_RUN, {"b_run": run_id})]


def reopen_messages(c: Connection, run_id: str, now: int) -> None:
    """The run goes on after its end: its messages live again."""
    c.execute(_REOPEN, {"b_run": run_id, "b_now": now})


def repeat_failure(c: Connection, run_id: str, now: int) -> None:
    """The run has failed again: that is told by a new message."""
    c.execute(_FORGET_FAILURE, {"b_run": run_id, "b_nonce": secrets.token_hex(8), "b_now": now})


def redraw_details(c: Connection, run_id: str) -> None:
    """Output came, which is no change of the run: only open details show it."""
    c.execute(_REDRAW_DETAILS, {"b_run": run_id})


def attend_views(c: Connection, view_ids: Collection[str], now: int) -> None:
    """Somebody acts in these modals: they are drawn now, awake."""
    c.execute(_ATTEND, {"b_views": list(view_ids), "b_now": now})


def turn_view(c: Connection, view_id: str, run_id: str, kind: SurfaceKind, place: str, now: int) -> bool:
    """The modal shows another part of the run from now on. False: it is not kept true any more."""
    values = {"b_view": view_id, "b_run": run_id, "b_kind": kind.value, "b_place": place, "b_now": now}
    return c.execute(_TURN, values).rowcount == 1


def replace_view(c: Connection, view_id: str, now: int, reason: str = "replaced") -> bool:
    """The modal shows something else from now on, or was closed. False: it showed no run."""
    return c.execute(_REPLACE_VIEW, {"b_view": view_id, "b_reason": reason, "b_now": now}).rowcount == 1


def close_stack(c: Connection, root_view_id: str, now: int) -> None:
    """The modal was closed with all that stood on it."""
    c.execute(_CLOSE_STACK, {"b_view": root_view_id, "b_reason": "closed", "b_now": now})


def _surface_or_none(row: Row[*tuple[Any, ...]] | None) -> Surface | None:
    return None if row is None else read_surface(row)


def read_surface(row: Row[*tuple[Any, ...]]) -> Surface:
    """The surface in a row of COLUMNS."""
    values = {name: row._mapping[name] for name in Surface.__dataclass_fields__}
    values["kind"] = SurfaceKind(row.kind)
    values["state"] = SurfaceState(row.state)
    return Surface(**values)
