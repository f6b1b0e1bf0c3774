"""Runs started in a terminal: the process there holds a lease for its run, as nobody else goes on with it."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from store.columns import now_millis
from store.senders import acquire_sender, release_sender
from store.tables import leases

LEASE_MS = 15_000
_PREFIX = "terminal:"
_HOLDER = "terminal"  # who it is does not matter: nobody else wants to be it

_SILENT = (
    select(leases.c.name)
    .where(leases.c.name.startswith(_PREFIX), leases.c.until <= now_millis())
    .order_by(leases.c.until)
    .limit(bindparam("b_limit"))
)
_IS_SILENT = select(leases.c.name).where(leases.c.name == bindparam("b_name"), leases.c.until <= now_millis())


def hold_run(c: Connection, run_id: str) -> None:
    """Say that this run's terminal is there: to be said again before `LEASE_MS` have passed."""
    acquire_sender(c, _PREFIX + run_id, _HOLDER, LEASE_MS)


def release_run(c: Connection, run_id: str) -> None:
    """The run has ended, or is not held by anybody any more."""
    release_sender(c, _PREFIX + run_id, _HOLDER)


def abandoned_runs(c: Connection, limit: int) -> list[str]:
    """Runs whose terminal has said nothing for too long, longest first; also such as have ended since."""
    return [name.removeprefix(_PREFIX) for name in c.execute(_SILENT, {"b_limit": limit}).scalars()]


def is_abandoned(c: Connection, run_id: str) -> bool:
    """To be asked again under the run's lock."""
    return c.execute(_IS_SILENT, {"b_name": _PREFIX + run_id}).scalar() is not None
