"""The append-only audit trail: a chain of hashes for each run, and one for each workspace."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert  # its ON CONFLICT is SQLite's too

from engine.core.definition import JsonValue
from engine.core.events import Fact
from store.columns import to_json
from store.errors import expect_rows
from store.tables import audit_events, runs, workspaces


@dataclass(slots=True)
class Chain:
    """The end of a chain, under its lock; it advances with every fact that is appended.

    `id` is a run's id or a team's.
    """

    id: str
    team_id: str
    length: int
    head: str
    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(self, facts: Iterable[Fact], actor: str, now: int) -> None:
        """Append to `rows`, which the caller inserts."""
        for fact in facts:
            data = dict(fact.data)
            self.head = line_hash(self.head, self.length + 1, now, actor, fact.kind, data)
            self.length += 1
            self.rows.append(
                {
                    "chain": self.id,
                    "seq": self.length,
                    "team_id": self.team_id,
                    "at": now,
                    "actor": actor,
                    "kind": fact.kind,
                    "data": data,
                    "hash": self.head,
                }
            )

    def insert_rows(self, c: Connection) -> None:
        if self.rows:
            c.execute(_INSERT_EVENTS, self.rows)
            self.rows = []


_INSERT_EVENTS = insert(audit_events)
_RUN_HEAD = select(runs.c.id, runs.c.team_id, runs.c.chain_length, runs.c.chain_head).where(
    runs.c.id == bindparam("b_id")
)
_MOVE_RUN_HEAD = (
    update(runs)
    .where(runs.c.id == bindparam("b_id"), runs.c.chain_length == bindparam("b_length"))
    .values(chain_length=bindparam("b_new_length"), chain_head=bindparam("b_head"))
)
_WORKSPACE_HEAD = select(
    workspaces.c.team_id.label("id"), workspaces.c.team_id, workspaces.c.chain_length, workspaces.c.chain_head
).where(workspaces.c.team_id == bindparam("b_id"))
_MOVE_WORKSPACE_HEAD = (
    update(workspaces)
    .where(workspaces.c.team_id == bindparam("b_id"), workspaces.c.chain_length == bindparam("b_length"))
    .values(chain_length=bindparam("b_new_length"), chain_head=bindparam("b_head"))
)
_INSERT_WORKSPACE = upsert(workspaces).on_conflict_do_nothing(index_elements=["team_id"])
_PERMISSIONS = (
    select(audit_events.c.data)
    .where(audit_events.c.chain == bindparam("b_id"), audit_events.c.kind == "permissions_changed")
    .order_by(audit_events.c.seq.desc())
    .limit(1)
)
_TEAMS = select(workspaces.c.team_id).order_by(workspaces.c.team_id)


def append_fact(
    c: Connection,
    team_id: str,
    run_id: str | None,
    actor: str,
    kind: str,
    data: Mapping[str, JsonValue],
    now: int,
) -> None:
    """Append one fact to the run's chain, or to the workspace's when there is no run.

    In a transaction that holds a LockedRun, append to its chain by `apply_transition` or `append_to_run`
    instead: this function moves the head behind its back, and its next write raises StaleWrite.
    """
    if run_id is None:
        append_to_workspace(c, lock_workspace(c, team_id), Fact(kind, data), actor, now)
    else:
        chain = Chain(*c.execute(_RUN_HEAD.with_for_update(key_share=True), {"b_id": run_id}).one())
        append_to_run(c, chain, Fact(kind, data), actor, now)


def append_to_run(c: Connection, chain: Chain, fact: Fact, actor: str, now: int) -> None:
    """Append one fact to the chain of a run that this transaction has locked."""
    _write(c, chain, _MOVE_RUN_HEAD, fact, actor, now)


def append_to_workspace(c: Connection, chain: Chain, fact: Fact, actor: str, now: int) -> None:
    """Append one fact to the chain of a workspace that this transaction has locked."""
    _write(c, chain, _MOVE_WORKSPACE_HEAD, fact, actor, now)


def record_permissions(c: Connection, team_id: str, digest: str | None, actor: str, now: int) -> bool:
    """Append that other permissions are in force in a workspace, unless its trail says so already. The digest is
    None while there is no permissions file, as it is at first."""
    chain = lock_workspace(c, team_id)
    last: Any = c.execute(_PERMISSIONS, {"b_id": team_id}).scalar()
    if digest == (last["digest"] if last else None):
        return False
    append_to_workspace(c, chain, Fact("permissions_changed", {"digest": digest}), actor, now)
    return True


def workspace_ids(c: Connection) -> list[str]:
    return list(c.execute(_TEAMS).scalars())


def new_workspace(team_id: str) -> dict[str, Any]:
    """The row of a workspace that nothing was counted for yet."""
    return {"team_id": team_id, "last_number": 0, "chain_length": 0, "chain_head": ""}


def lock_workspace(c: Connection, team_id: str) -> Chain:
    """The end of a workspace's chain, with its lock. Whoever needs a run's lock too takes that first."""
    c.execute(_INSERT_WORKSPACE, new_workspace(team_id))
    return Chain(*c.execute(_WORKSPACE_HEAD.with_for_update(key_share=True), {"b_id": team_id}).one())


def _write(c: Connection, chain: Chain, move: Any, fact: Fact, actor: str, now: int) -> None:
    before = chain.length
    chain.add((fact,), actor, now)
    where = {"b_id": chain.id, "b_length": before, "b_new_length": chain.length, "b_head": chain.head}
    expect_rows(c.execute(move, where).rowcount, 1, "the head of an audit chain")
    chain.insert_rows(c)


def line_hash(previous: str, seq: int, at: int, actor: str, kind: str, data: dict[str, JsonValue]) -> str:
    """What a line's hash covers: itself, and by the hash before it all lines before."""
    line = to_json([previous, seq, at, actor, kind, data])
    return hashlib.sha256(line.encode()).hexdigest()
