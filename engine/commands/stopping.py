"""Asking a run to stop."""

from __future__ import annotations

from dataclasses import dataclass

from engine.advance import Changes, Engine, advance
from engine.commands.once import Asked, once
from engine.commands.rights import require_canceller
from engine.core.errors import Conflict, NotFound
from engine.core.events import CancelRequested
from engine.core.permission import Principal
from store import locking
from store.database import Connection


@dataclass(frozen=True, slots=True)
class CancelAsked:
    """A cancel that was recorded. `status` is the run's: terminal at once when nothing was active."""

    run_id: str
    number: int
    status: str


def cancel_run(
    engine: Engine,
    principal: Principal,
    run_id: str,
    *,
    is_forced: bool = False,
    delivery_key: str | None = None,
) -> CancelAsked:
    """Ask a run to stop; with `is_forced` its final steps too, and without giving anything time to end. Raises
    NotFound, Refused, Conflict when it has ended, Busy."""

    def ask(c: Connection, changes: Changes) -> CancelAsked:
        locked = locking.lock_run(c, run_id)
        if locked is None or locked.team_id != principal.team_id:
            raise NotFound("There is no such run. `/workflow runs` shows the last ones.")
        require_canceller(engine, principal, locked.workflow_name, locked.requester, locked.number)
        if locked.status.is_terminal:
            raise Conflict(
                f"Run #{locked.number} has ended already ({locked.status.label}); nothing was cancelled."
            )
        event = CancelRequested(principal.user_id, is_forced)
        transition = advance(c, engine, locked, event, principal.user_id, changes=changes)
        changes.note(locked, transition)
        return CancelAsked(locked.id, locked.number, transition.status.value)

    return once(engine, delivery_key, CancelAsked, ask, Asked(principal, "cancel", {"run": run_id}))
