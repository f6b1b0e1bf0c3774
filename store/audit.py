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
            self.head = _hash(self.head, self.length + 1, now, actor, fact.kind, data)
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
_CHAIN = select(audit_events).where(audit_events.c.chain == bindparam("b_id")).order_by(audit_events.c.seq)


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
    key = run_id or team_id
    read, move = (_RUN_HEAD, _MOVE_RUN_HEAD) if run_id else (_WORKSPACE_HEAD, _MOVE_WORKSPACE_HEAD)
    if run_id is None:
        c.execute(_INSERT_WORKSPACE, new_workspace(team_id))
    chain = Chain(*c.execute(read.with_for_update(key_share=True), {"b_id": key}).one())
    _write(c, chain, move, Fact(kind, data), actor, now)


def append_to_run(c: Connection, chain: Chain, fact: Fact, actor: str, now: int) -> None:
    """Append one fact to the chain of a run that this transaction has locked."""
    _write(c, chain, _MOVE_RUN_HEAD, fact, actor, now)


def new_workspace(team_id: str) -> dict[str, Any]:
    """The row of a workspace that nothing was counted for yet."""
    return {"team_id": team_id, "last_number": 0, "chain_length": 0, "chain_head": ""}


def verify_chain(c: Connection, run_or_team_id: str) -> bool:
    """Whether no line of a chain was changed, removed or put in between."""
    head, length = "", 0
    for row in c.execute(_CHAIN, {"b_id": run_or_team_id}):
        length += 1
        head = _hash(head, length, row.at, row.actor, row.kind, row.data)
        if (row.seq, row.hash) != (length, head):
            return False
    for read in (_RUN_HEAD, _WORKSPACE_HEAD):
        kept = c.execute(read, {"b_id": run_or_team_id}).one_or_none()
        if kept is not None:
            return (kept.chain_length, kept.chain_head) == (length, head)
    return True


def _write(c: Connection, chain: Chain, move: Any, fact: Fact, actor: str, now: int) -> None:
    before = chain.length
    chain.add((fact,), actor, now)
    where = {"b_id": chain.id, "b_length": before, "b_new_length": chain.length, "b_head": chain.head}
    expect_rows(c.execute(move, where).rowcount, 1, "the head of an audit chain")
    chain.insert_rows(c)


def _hash(previous: str, seq: int, at: int, actor: str, kind: str, data: dict[str, JsonValue]) -> str:
    line = to_json([previous, seq, at, actor, kind, data])
    return hashlib.sha256(line.encode()).hexdigest()
