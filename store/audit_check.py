"""Looking at the audit trail: whether its chains are whole, and its lines for whoever keeps them elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Text, bindparam, func, null, select, tuple_, type_coerce, union_all
from sqlalchemy.types import Integer

from engine.core.definition import JsonValue
from store.audit import line_hash
from store.columns import constant
from store.tables import audit_events, runs, workspaces

CHAINS_AT_ONCE = 200
LINES_AT_ONCE = 1000


class Head(NamedTuple):
    """What a chain has to end with. `number` is the run's, None for a workspace's own chain."""

    id: str
    team_id: str
    number: int | None
    length: int
    head: str

    @property
    def name(self) -> str:
        return f"workspace {self.team_id}" if self.number is None else f"run #{self.number} of {self.team_id}"


@dataclass(frozen=True, slots=True)
class Fault:
    """The first line of a chain that is not right, and what differs. `chain` is its id, `name` is for people."""

    chain: str
    name: str
    seq: int
    what: str


@dataclass(frozen=True, slots=True)
class Checked:
    """Chains that were looked at. `lines` are those that are right."""

    chains: int = 0
    lines: int = 0
    faults: tuple[Fault, ...] = ()

    def __add__(self, other: Checked) -> Checked:
        return Checked(self.chains + other.chains, self.lines + other.lines, self.faults + other.faults)


_LINE = (
    audit_events.c.chain,
    audit_events.c.seq,
    audit_events.c.team_id,
    audit_events.c.at,
    audit_events.c.actor,
    audit_events.c.kind,
    type_coerce(audit_events.c.data, Text).label("data"),  # as it is kept, JSON or not
    audit_events.c.hash,
)
_RUN_HEADS = select(runs.c.id, runs.c.team_id, runs.c.number, runs.c.chain_length, runs.c.chain_head)
_WORKSPACE_HEADS = select(
    workspaces.c.team_id.label("id"),
    workspaces.c.team_id,
    type_coerce(null(), Integer).label("number"),
    workspaces.c.chain_length,
    workspaces.c.chain_head,
)
_NEXT_RUN_HEADS = (
    _RUN_HEADS.where(runs.c.id > bindparam("b_after")).order_by(runs.c.id).limit(bindparam("b_limit"))
)
_HEAD_OF = union_all(
    _RUN_HEADS.where(runs.c.id == bindparam("b_id")),
    _WORKSPACE_HEADS.where(workspaces.c.team_id == bindparam("b_id")),
)
_LINES = (
    select(*_LINE)
    .where(audit_events.c.chain.in_(bindparam("b_chains", expanding=True)))
    .order_by(audit_events.c.chain, audit_events.c.seq)
    .execution_options(yield_per=LINES_AT_ONCE)
)
_STRAYS = (
    select(audit_events.c.chain, audit_events.c.team_id, func.min(audit_events.c.seq).label("seq"))
    .where(
        ~select(runs.c.id).where(runs.c.id == audit_events.c.chain).exists(),
        ~select(workspaces.c.team_id).where(workspaces.c.team_id == audit_events.c.chain).exists(),
    )
    .group_by(audit_events.c.chain, audit_events.c.team_id)
    .order_by(audit_events.c.chain)
)
_RUNS_THERE = (
    select(func.count())
    .select_from(runs)
    .where(runs.c.team_id == workspaces.c.team_id)
    .correlate(workspaces)
    .scalar_subquery()
)
_RUNS_PRUNED = (
    select(func.count())
    .select_from(audit_events)
    .where(audit_events.c.chain == workspaces.c.team_id, audit_events.c.kind == constant("pruned"))
    .correlate(workspaces)
    .scalar_subquery()
)
_UNACCOUNTED = select(
    workspaces.c.team_id,
    workspaces.c.chain_length,
    (workspaces.c.last_number - _RUNS_THERE - _RUNS_PRUNED).label("missing"),
)
_EXPORT = (
    select(*_LINE, runs.c.number)
    .select_from(audit_events.outerjoin(runs, runs.c.id == audit_events.c.chain))
    .where(
        tuple_(audit_events.c.chain, audit_events.c.seq) > tuple_(bindparam("b_chain"), bindparam("b_seq")),
        audit_events.c.at >= bindparam("b_since"),
    )
    .order_by(audit_events.c.chain, audit_events.c.seq)
    .limit(bindparam("b_limit"))
)
_EXPORT_RUN = _EXPORT.where(runs.c.number == bindparam("b_number"))

FIRST = ("", 0)
"""Before the first line of all."""


# --- whether it is whole


def is_whole(c: Connection, run_or_team_id: str) -> bool:
    """Whether no line of a chain was changed, removed or put in between."""
    head = c.execute(_HEAD_OF, {"b_id": run_or_team_id}).one_or_none()
    end = Head(*head) if head else Head(run_or_team_id, "", None, 0, "")
    return not _check(c, [end]).faults


def check_runs(c: Connection, after: str) -> tuple[Checked, str | None]:
    """Check the chains of the next runs, by id; and the id to go on after, None behind the last."""
    rows = c.execute(_NEXT_RUN_HEADS, {"b_after": after, "b_limit": CHAINS_AT_ONCE}).all()
    checked = _check(c, [Head(*row) for row in rows])
    return checked, rows[-1].id if len(rows) == CHAINS_AT_ONCE else None


def check_workspaces(c: Connection) -> Checked:
    """Check the workspaces' own chains; whether every run that is gone was pruned; and that no line belongs to a
    chain that does not exist."""
    checked = _check(c, [Head(*row) for row in c.execute(_WORKSPACE_HEADS)])
    gone = (
        Fault(row.team_id, f"workspace {row.team_id}", row.chain_length, _gone(row.missing))
        for row in c.execute(_UNACCOUNTED)
        if row.missing
    )
    strays = (
        Fault(row.chain, f"a chain of {row.team_id}", row.seq, "there is no run with this chain")
        for row in c.execute(_STRAYS)
    )
    return checked + Checked(faults=(*gone, *strays))


def _gone(missing: int) -> str:
    if missing < 0:
        return f"{-missing} runs are there that were never counted, or that are said to be pruned"
    return f"{missing} runs are gone, and no line says that they were pruned"


def _check(c: Connection, heads: Sequence[Head]) -> Checked:
    left = {head.id: head for head in heads}
    checked = Checked()
    for chain, lines in groupby(c.execute(_LINES, {"b_chains": list(left)}), lambda line: str(line.chain)):
        checked += _check_chain(left.pop(chain), lines)
    for head in left.values():
        checked += _check_chain(head, ())
    return checked


def _check_chain(head: Head, lines: Iterable[Row[*tuple[Any, ...]]]) -> Checked:
    previous, seq = "", 0
    for line in lines:
        what = _difference(head, line, seq + 1, previous)
        if what is not None:
            return Checked(1, seq, (Fault(head.id, head.name, seq + 1, what),))
        previous, seq = line.hash, seq + 1
    if seq < head.length:
        what = f"it is missing: {seq} lines are there, and the chain has {head.length}"
        return Checked(1, seq, (Fault(head.id, head.name, seq + 1, what),))
    if previous != head.head:
        what = "its hash is not the one at which the chain ends"
        return Checked(1, max(0, seq - 1), (Fault(head.id, head.name, seq, what),))
    return Checked(1, seq)


def _difference(head: Head, line: Row[*tuple[Any, ...]], seq: int, previous: str) -> str | None:
    """What is wrong with the line that should be number `seq`."""
    if line.seq != seq:
        return f"it is missing: line {line.seq} comes in its place"
    if seq > head.length:
        return f"it was put in: the chain has {head.length} lines"
    if line.team_id != head.team_id:
        return f"it says that it belongs to {line.team_id}"
    try:
        expected = line_hash(previous, seq, line.at, line.actor, line.kind, json.loads(line.data))
    except ValueError:
        return "its data is no JSON"
    if line.hash != expected:
        return "its hash does not cover what it says and the line before it: it was changed, moved or put in"
    return None


# --- its lines


def export_lines(
    c: Connection, after: tuple[str, int], *, since: int = 0, number: int | None = None
) -> list[dict[str, JsonValue]]:
    """The next lines behind `after` (a chain and a seq), at most LINES_AT_ONCE, by chain and seq: those from
    `since` (milliseconds) on, of the runs with this number or of all. Keys have the same order in every line."""
    values = {"b_chain": after[0], "b_seq": after[1], "b_since": since, "b_limit": LINES_AT_ONCE}
    rows = (
        c.execute(_EXPORT, values)
        if number is None
        else c.execute(_EXPORT_RUN, {**values, "b_number": number})
    )
    return list(_exported(rows))


def _exported(rows: Iterable[Row[*tuple[Any, ...]]]) -> Iterator[dict[str, JsonValue]]:
    for row in rows:
        yield {
            "chain": row.chain,
            "seq": row.seq,
            "team_id": row.team_id,
            "run": row.number,
            "at": row.at,
            "actor": row.actor,
            "kind": row.kind,
            "data": _parsed(row.data),
            "hash": row.hash,
        }


def _parsed(data: str) -> JsonValue:
    try:
        value: JsonValue = json.loads(data)
    except ValueError:  # somebody has edited it; `verify` says so
        return data
    return value
