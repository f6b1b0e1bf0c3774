"""Options of parameters that workers find out for open forms: asked for, claimed, answered, and used again for a
while by whoever asks the same."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, delete, func, insert, or_, select, update

from engine.core.definition import JsonValue, Workflow
from engine.core.options import Option
from store.columns import now_millis, to_json
from store.tables import look_ups
from store.tables import workflow_versions as versions
from store.versions import keep_version

GIVE_UP_MS = 30_000
"""Nobody waits for an answer for longer; a form then offers to ask again."""

CLAIM_MS = 40_000
"""How long a worker may take: longer than any look-up does, with the end of its process."""

Inputs = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class LookUp:
    """`options` are None while nothing was found; `error` says why nothing was. `is_late`: whoever asked has given
    up waiting."""

    id: str
    parameter: str
    key: str
    options: tuple[Option, ...] | None
    error: str | None
    is_late: bool

    @property
    def is_settled(self) -> bool:
        return self.options is not None or self.error is not None or self.is_late


@dataclass(frozen=True, slots=True)
class LookUpClaim:
    """One try of a worker's. `folder` is None when the version of the workflow is kept no longer."""

    id: str
    claim: str
    workflow_digest: str
    folder: str | None
    parameter: str
    inputs: Inputs


_IS_OPEN = look_ups.c.done_at.is_(None)
_IS_LATE: ColumnElement[bool] = look_ups.c.created_at <= now_millis() - GIVE_UP_MS
_COLUMNS = (
    look_ups.c.id,
    look_ups.c.parameter,
    look_ups.c.key,
    look_ups.c.options,
    look_ups.c.error,
    (_IS_OPEN & _IS_LATE).label("is_late"),
)
_LOAD = select(*_COLUMNS).where(
    look_ups.c.team_id == bindparam("b_team"), look_ups.c.id.in_(bindparam("b_ids", expanding=True))
)
_FRESH = (
    select(*_COLUMNS)
    .where(
        look_ups.c.team_id == bindparam("b_team"),
        look_ups.c.key == bindparam("b_key"),
        look_ups.c.error.is_(None),
        or_(look_ups.c.done_at > now_millis() - bindparam("b_cache_ms"), _IS_OPEN & ~_IS_LATE),
    )
    .order_by(look_ups.c.created_at.desc())
    .limit(1)
)
_INSERT = insert(look_ups).values(created_at=now_millis())
_IS_FREE = (
    _IS_OPEN & or_(look_ups.c.claimed_until.is_(None), look_ups.c.claimed_until <= now_millis()) & ~_IS_LATE
)
_WAITING = select(func.count()).select_from(look_ups).where(_IS_FREE)
_NEXT = (
    select(look_ups.c.id)
    .where(_IS_FREE)
    .order_by(look_ups.c.created_at)
    .limit(1)
    .with_for_update(skip_locked=True)
    .scalar_subquery()
)
_CLAIM = (
    update(look_ups)
    .where(look_ups.c.id == _NEXT, _IS_FREE)
    .values(claim=bindparam("b_claim"), claimed_until=now_millis() + CLAIM_MS)
    .returning(look_ups.c.id, look_ups.c.workflow_digest, look_ups.c.parameter, look_ups.c.inputs)
)
_FOLDER = select(versions.c.folder).where(versions.c.digest == bindparam("b_digest"))
_ANSWER = (
    update(look_ups)
    .where(look_ups.c.id == bindparam("b_id"), look_ups.c.claim == bindparam("b_claim"), _IS_OPEN)
    .values(
        options=bindparam("b_options", type_=look_ups.c.options.type),
        error=bindparam("b_error", type_=look_ups.c.error.type),
        done_at=now_millis(),
    )
)
_PRUNE = delete(look_ups).where(look_ups.c.created_at < bindparam("b_before"))


def key_of(workflow_digest: str, parameter: str, inputs: Inputs) -> str:
    """The same for whoever asks the same."""
    asked = to_json([workflow_digest, parameter, dict(sorted(inputs.items()))])
    return hashlib.sha256(asked.encode()).hexdigest()


def ask(
    c: Connection, team_id: str, workflow: Workflow, parameter: str, inputs: Inputs, cache_ms: int
) -> tuple[LookUp, bool]:
    """The options of a parameter for these values of the others: an answer that is not older than `cache_ms`, or
    one that is on its way; else it is asked for now. Also whether it is: then the bell is to be rung."""
    key = key_of(workflow.digest, parameter, inputs)
    if cache_ms > 0:
        asked = {"b_team": team_id, "b_key": key, "b_cache_ms": cache_ms}
        fresh = c.execute(_FRESH, asked).one_or_none()
        if fresh is not None:
            return _look_up(fresh), False
    keep_version(c, workflow)
    row = {
        "id": uuid.uuid4().hex,
        "team_id": team_id,
        "workflow_digest": workflow.digest,
        "parameter": parameter,
        "inputs": dict(inputs),
        "key": key,
    }
    c.execute(_INSERT, row)
    return LookUp(str(row["id"]), parameter, key, None, None, is_late=False), True


def load(c: Connection, team_id: str, ids: Collection[str]) -> dict[str, LookUp]:
    """Those of these that are there, by id."""
    rows = c.execute(_LOAD, {"b_team": team_id, "b_ids": [*ids]}) if ids else ()
    return {row.id: _look_up(row) for row in rows}


def waiting_count(c: Connection) -> int:
    """How many nobody has begun to find out."""
    return c.execute(_WAITING).scalar_one()


def claim_next(c: Connection) -> LookUpClaim | None:
    """Take the one that has waited for longest, also when a worker was lost over it."""
    claim = uuid.uuid4().hex
    row = c.execute(_CLAIM, {"b_claim": claim}).one_or_none()
    if row is None:
        return None
    folder = c.execute(_FOLDER, {"b_digest": row.workflow_digest}).scalar_one_or_none()
    return LookUpClaim(row.id, claim, row.workflow_digest, folder, row.parameter, row.inputs)


def answer(
    c: Connection, claim: LookUpClaim, options: Sequence[Option] | None, error: str | None = None
) -> bool:
    """Keep what was found, or why nothing was. False: somebody else was given it meanwhile."""
    found = None if options is None else [[option.value, option.label] for option in options]
    values = {"b_id": claim.id, "b_claim": claim.claim, "b_options": found, "b_error": error}
    return c.execute(_ANSWER, values).rowcount > 0


def prune_look_ups(c: Connection, before: int) -> int:
    """Forget those asked for before this time (milliseconds); how many they were."""
    return c.execute(_PRUNE, {"b_before": before}).rowcount


def _look_up(row: Row[*tuple[Any, ...]]) -> LookUp:
    options = None if row.options is None else tuple(Option(value, label) for value, label in row.options)
    return LookUp(row.id, row.parameter, row.key, options, row.error, bool(row.is_late))
