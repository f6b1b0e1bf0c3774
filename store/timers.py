"""What happens to waiting steps by itself: the end of a wait, the expiry of an approval."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, select

from store.columns import now_millis
from store.tables import timers


@dataclass(frozen=True, slots=True)
class Timer:
    """`kind` is "wait" or "approval"."""

    id: str
    run_id: str
    step_id: str
    kind: str


_DUE = (
    select(timers.c.id, timers.c.run_id, timers.c.step_id, timers.c.kind)
    .where(timers.c.due_at <= now_millis())
    .order_by(timers.c.due_at)
    .limit(bindparam("b_limit"))
)
_FIRE = delete(timers).where(timers.c.id == bindparam("b_timer"), timers.c.due_at <= bindparam("b_now"))


def due_timers(c: Connection, limit: int) -> list[Timer]:
    """Timers whose time has come, oldest first."""
    return [Timer(*row) for row in c.execute(_DUE, {"b_limit": limit})]


def fire_timer(c: Connection, timer_id: str, now: int) -> bool:
    """Take the timer, under its run's lock. False: somebody else did, or its step does not wait any more."""
    return c.execute(_FIRE, {"b_timer": timer_id, "b_now": now}).rowcount == 1
