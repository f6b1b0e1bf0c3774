"""Duties that one process has at a time: it holds a row, and the others wait until it lets go or says nothing."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, delete, or_
from sqlalchemy.dialects.postgresql import insert as upsert  # its ON CONFLICT is SQLite's too

from store.columns import now_millis
from store.tables import leases

_NEW_LEASE = upsert(leases).values(until=now_millis() + bindparam("b_ttl_ms"))
_ACQUIRE = _NEW_LEASE.on_conflict_do_update(
    index_elements=["name"],
    set_={"owner": _NEW_LEASE.excluded.owner, "until": _NEW_LEASE.excluded.until},
    where=or_(leases.c.owner == _NEW_LEASE.excluded.owner, leases.c.until <= now_millis()),
).returning(leases.c.name)
_RELEASE = delete(leases).where(leases.c.name == bindparam("b_name"), leases.c.owner == bindparam("b_owner"))


def acquire_sender(c: Connection, name: str, owner: str, ttl_ms: int) -> bool:
    """Become or stay the one holder of a duty for `ttl_ms` from now. False: somebody else holds it."""
    row = {"name": name, "owner": owner, "b_ttl_ms": ttl_ms}
    return c.execute(_ACQUIRE, row).one_or_none() is not None


def release_sender(c: Connection, name: str, owner: str) -> None:
    """Let go of a duty, so that the next holder need not wait."""
    c.execute(_RELEASE, {"b_name": name, "b_owner": owner})
