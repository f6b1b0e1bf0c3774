"""Requests that were handled already, so that a repeated one has no second effect and the same answer."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert  # its ON CONFLICT is SQLite's too

from engine.core.definition import JsonValue
from store.columns import now_millis
from store.errors import expect_rows
from store.tables import deliveries


@dataclass(frozen=True, slots=True)
class StoredResult:
    """What the first delivery led to; None when it recorded nothing."""

    value: JsonValue


_BEGIN = (
    upsert(deliveries)
    .values(created_at=now_millis())
    .on_conflict_do_nothing(index_elements=["key"])
    .returning(deliveries.c.key)  # Postgres's driver counts no rows of an INSERT
)
_FIND = select(deliveries.c.result).where(deliveries.c.key == bindparam("b_key"))
_COMPLETE = (
    update(deliveries)
    .where(deliveries.c.key == bindparam("b_key"))
    .values(result=bindparam("b_result", type_=deliveries.c.result.type))
)
_PRUNE = delete(deliveries).where(deliveries.c.created_at < bindparam("b_before"))


def begin_delivery(c: Connection, key: str) -> StoredResult | None:
    """Claim a request's key, as the first statement of a writing transaction. None: it is ours to handle.

    Otherwise what it led to before. A request that is handled at this moment is waited for.
    """
    if c.execute(_BEGIN, {"key": key}).one_or_none() is not None:
        return None
    return StoredResult(c.execute(_FIND, {"b_key": key}).scalar_one())


def complete_delivery(c: Connection, key: str, result: JsonValue) -> None:
    """Record what the request led to, in the transaction that began it."""
    values = {"b_key": key, "b_result": result}
    expect_rows(c.execute(_COMPLETE, values).rowcount, 1, f"delivery {key}")


def prune_deliveries(c: Connection, older_than: int) -> int:
    """Forget keys from before this time (milliseconds); how many they were."""
    return c.execute(_PRUNE, {"b_before": older_than}).rowcount
