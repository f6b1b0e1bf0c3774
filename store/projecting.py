"""What the projector keeps about surfaces: which are due and in which order, and what was drawn of them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Connection,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    true,
    update,
)

from engine.core.state import TERMINAL_RUN_STATUSES, RunStatus
from store.columns import constant
from store.surfaces import (
    ASLEEP,
    COLUMNS,
    FIND,
    GONE,
    IS_OPEN,
    NOW,
    ROOT,
    WITH_ROOT,
    Surface,
    SurfaceState,
    Way,
    read_surface,
)
from store.tables import runs, surfaces

SLEEPS_AFTER_MS = 900_000
"""A dialog that nobody has touched for so long is drawn once more, asleep."""

REPOST_AFTER_MS = 600_000
"""A deleted message is replaced at once, but not again and again: people who delete it do not want it back."""


@dataclass(frozen=True, slots=True)
class DueSurface:
    """A dirty surface, and what its run has come to. `is_tired`: it shall go to sleep."""

    surface: Surface
    run_version: int
    run_status: RunStatus
    is_tired: bool = False


_ID = surfaces.c.id == bindparam("b_id")
_IS_VIEW = surfaces.c.view_id.is_not(None)
_IS_POSTED = surfaces.c.ts.is_not(None)
_HAS_ENDED = runs.c.status.in_([constant(status) for status in sorted(TERMINAL_RUN_STATUSES)])
_IS_TIRED = and_(
    surfaces.c.kind == constant("dialog"),
    surfaces.c.due_at < ASLEEP,
    surfaces.c.attended_at <= NOW - SLEEPS_AFTER_MS,
)
_IS_DIRTY = or_(surfaces.c.drawn_version < runs.c.version, surfaces.c.redraws > 0, _IS_TIRED)
_IS_DUE = or_(surfaces.c.due_at <= NOW, (surfaces.c.due_at == ASLEEP) & _HAS_ENDED)
# A message in a thread waits for its root, but not for one that was deleted and may not come back for a while.
_HAS_PLACE = or_(
    _IS_POSTED,
    ROOT.c.id.is_(None),
    ROOT.c.ts.is_not(None),
    ROOT.c.state == constant("gone"),
    ROOT.c.replaced_at.is_not(None) & (ROOT.c.due_at > NOW),
)
_IS_ROOT = surfaces.c.kind == constant("root")
_RANK = case(
    (surfaces.c.kind.in_([constant("approval"), constant("input")]), 0),
    (_IS_ROOT & surfaces.c.ts.is_(None), 1),  # approvals hang on it
    (_IS_VIEW & (surfaces.c.due_at == surfaces.c.attended_at), 1),
    (surfaces.c.kind == constant("failure"), 1),
    (_HAS_ENDED & _IS_ROOT, 1),
    (_HAS_ENDED, 2),
    (_IS_VIEW, 4),
    else_=3,
)
_WAYS: dict[Way | None, ColumnElement[bool]] = {
    None: true(),
    Way.VIEW: _IS_VIEW,
    Way.UPDATE: ~_IS_VIEW & _IS_POSTED,
    Way.POST: ~_IS_VIEW & ~_IS_POSTED,
}


def _due(way: Way | None) -> Select[Any]:
    return (
        select(
            *COLUMNS,
            runs.c.version.label("run_version"),
            runs.c.status.label("run_status"),
            (_IS_TIRED & ~_HAS_ENDED).label("is_tired"),
        )
        .select_from(WITH_ROOT.join(runs, runs.c.id == surfaces.c.run_id))
        .where(surfaces.c.team_id == bindparam("b_team"), IS_OPEN, _IS_DIRTY, _IS_DUE, _HAS_PLACE, _WAYS[way])
        .order_by(_RANK, surfaces.c.due_at, surfaces.c.created_at, surfaces.c.id)
        .limit(bindparam("b_limit"))
    )


_DUE = {way: _due(way) for way in (None, *Way)}
_DOUBTFUL = FIND.where(
    surfaces.c.team_id == bindparam("b_team"), surfaces.c.doubt_at <= NOW, _IS_POSTED
).limit(bindparam("b_limit"))
_OPEN_VIEWS = (
    select(func.count())
    .select_from(surfaces)
    .where(
        surfaces.c.team_id == bindparam("b_team"),
        IS_OPEN,
        _IS_VIEW,
        surfaces.c.due_at < ASLEEP,
        surfaces.c.due_at > NOW - SLEEPS_AFTER_MS,
    )
)
_POSTED = (
    update(surfaces)
    .where(_ID, IS_OPEN, surfaces.c.ts.is_(None))
    .values(
        state="live",
        ts=bindparam("b_ts"),
        channel_id=func.coalesce(bindparam("b_channel"), surfaces.c.channel_id),
        posted_at=NOW,
        doubt_at=bindparam("b_doubt_at"),
    )
)
_SEEN: BindParameter[int] = bindparam("b_redraws", type_=Integer)
_DRAWN = (
    update(surfaces)
    .where(
        _ID,
        IS_OPEN,
        or_(
            surfaces.c.drawn_version < bindparam("b_version"),
            (surfaces.c.drawn_version == bindparam("b_version")) & (_SEEN > 0),
        ),
    )
    .values(
        # What was asked for while it was drawn is still to come.
        state=case((surfaces.c.redraws > _SEEN, "live"), else_=bindparam("b_state")),
        closed_at=case((surfaces.c.redraws > _SEEN, None), else_=bindparam("b_closed_at", type_=BigInteger)),
        due_at=case(
            (surfaces.c.attended_at > bindparam("b_attended_at"), surfaces.c.due_at),
            else_=bindparam("b_due_at", type_=BigInteger),
        ),
        redraws=case((surfaces.c.redraws > _SEEN, surfaces.c.redraws - _SEEN), else_=0),
        drawn_version=bindparam("b_version"),
        drawn_hash=bindparam("b_hash"),
        tries=0,
        last_error=None,
    )
)
_FALL_ASLEEP = (
    update(surfaces)
    .where(_ID, IS_OPEN, surfaces.c.attended_at == bindparam("b_attended_at"))
    .values(
        state="live",
        due_at=ASLEEP,
        redraws=0,
        drawn_version=bindparam("b_version"),
        drawn_hash=bindparam("b_hash"),
        tries=0,
        last_error=None,
    )
)
_POSTPONE = update(surfaces).where(_ID, IS_OPEN).values(due_at=bindparam("b_due_at"))
_ERROR = bindparam("b_error", type_=surfaces.c.last_error.type)
# What stands there after a call that went wrong is not known: nothing is left out as unchanged.
_POSTPONE_FAILED = _POSTPONE.values(tries=surfaces.c.tries + 1, last_error=_ERROR, drawn_hash=None)
_DOUBT = update(surfaces).where(_ID).values(doubt_at=bindparam("b_doubt_at"))
_NEXT_POST = case(
    (surfaces.c.replaced_at + REPOST_AFTER_MS > NOW, surfaces.c.replaced_at + REPOST_AFTER_MS), else_=NOW
)
_REPOST = (
    update(surfaces)
    .where(_ID, IS_OPEN, _IS_POSTED)
    .values(
        state="new",
        ts=None,
        nonce=bindparam("b_nonce"),
        drawn_version=0,
        drawn_hash=None,
        due_at=_NEXT_POST,
        replaced_at=_NEXT_POST,
        doubt_at=None,
        tries=0,
        last_error=_ERROR,
    )
)
_MARK_GONE = GONE.where(_ID, IS_OPEN)


def due_surfaces(
    c: Connection, team_id: str, now: int, limit: int, way: Way | None = None
) -> list[DueSurface]:
    """Dirty surfaces whose time has come, of one way of drawing or of all: approvals first, then what starts or
    ends a run or somebody waits for, then other messages, then modals; oldest due first. New messages in a
    thread are left out until their root is posted or gone."""
    rows = c.execute(_DUE[way], {"b_team": team_id, "b_now": now, "b_limit": limit})
    return [
        DueSurface(read_surface(row), row.run_version, RunStatus(row.run_status), bool(row.is_tired))
        for row in rows
    ]


def doubtful_surfaces(c: Connection, team_id: str, now: int, limit: int) -> list[Surface]:
    """Posted messages of which another copy may stand in Slack, and it is time to look."""
    rows = c.execute(_DOUBTFUL, {"b_team": team_id, "b_now": now, "b_limit": limit})
    return [read_surface(row) for row in rows]


def open_view_count(c: Connection, team_id: str, now: int) -> int:
    """How many modals of this workspace are kept live; those that have shown nothing new for long cost nothing."""
    return c.execute(_OPEN_VIEWS, {"b_team": team_id, "b_now": now}).scalar_one()


def record_posted(
    c: Connection,
    surface_id: str,
    ts: str,
    now: int,
    *,
    channel_id: str | None = None,
    doubt_at: int | None = None,
) -> bool:
    """The message stands in Slack; when an earlier copy may too, it is looked for at `doubt_at`. False: it had
    been posted before, or is gone."""
    values = {"b_id": surface_id, "b_ts": ts, "b_channel": channel_id, "b_now": now, "b_doubt_at": doubt_at}
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
    seen: Surface | None = None,
) -> bool:
    """The surface shows this version of its run, or would look the same. `due_at` is the earliest time to
    draw it again; `final` ends it (at `now`, else at `due_at`). `seen` is the surface as it was before it was
    drawn: what was asked for since is not done yet. False: a newer version was drawn before."""
    values = {
        "b_id": surface_id,
        "b_version": version,
        "b_hash": drawn_hash,
        "b_due_at": due_at,
        "b_state": SurfaceState.DONE.value if final else SurfaceState.LIVE.value,
        "b_closed_at": (now or due_at) if final else None,
        "b_redraws": seen.redraws if seen else 0,
        "b_attended_at": seen.attended_at if seen else ASLEEP,
    }
    return c.execute(_DRAWN, values).rowcount == 1


def fall_asleep(c: Connection, seen: Surface, version: int, drawn_hash: str) -> bool:
    """It was drawn asleep, and is drawn again when its run ends or somebody wakes it. False: somebody just did."""
    values = {
        "b_id": seen.id,
        "b_attended_at": seen.attended_at,
        "b_version": version,
        "b_hash": drawn_hash,
    }
    return c.execute(_FALL_ASLEEP, values).rowcount == 1


def postpone(c: Connection, surface_id: str, due_at: int, error: str | None = None) -> bool:
    """Draw it later, at the earliest; `ASLEEP` and the present are times too. `error` counts as a try."""
    values = {"b_id": surface_id, "b_due_at": due_at}
    if error is None:
        return c.execute(_POSTPONE, values).rowcount == 1
    return c.execute(_POSTPONE_FAILED, values | {"b_error": error}).rowcount == 1


def doubt(c: Connection, surface_id: str, doubt_at: int | None) -> None:
    """A copy of the message that we do not know of may stand in Slack, or (None) surely does not."""
    c.execute(_DOUBT, {"b_id": surface_id, "b_doubt_at": doubt_at})


def repost(c: Connection, surface_id: str, reason: str, now: int) -> bool:
    """The message is not there any more: a new one takes its place, at once the first time, REPOST_AFTER_MS
    after the last replacement at the earliest. False: it was not posted."""
    values = {"b_id": surface_id, "b_nonce": secrets.token_hex(8), "b_error": reason, "b_now": now}
    return c.execute(_REPOST, values).rowcount == 1


def mark_gone(c: Connection, surface_id: str, reason: str, now: int) -> bool:
    """It cannot be drawn any more: Slack does not accept it, the modal is closed."""
    return c.execute(_MARK_GONE, {"b_id": surface_id, "b_reason": reason, "b_now": now}).rowcount == 1
