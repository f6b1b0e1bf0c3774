"""Approvals and the decisions of people. Opening and closing them is part of a run's transition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select
from sqlalchemy.dialects.postgresql import insert as upsert  # its ON CONFLICT is SQLite's too

from engine.core.events import ApprovalStatus
from engine.core.state import Ballot
from store.children import ancestors
from store.columns import constant
from store.tables import approvals, audit_events, decisions, runs


@dataclass(frozen=True, slots=True)
class ApprovalKey:
    """What is asked, in which run, and who may answer."""

    id: str
    team_id: str
    run_id: str
    run_number: int
    step_id: str
    workflow_name: str
    requester: str
    channel_id: str | None
    title: str
    status: ApprovalStatus
    approver_users: tuple[str, ...]
    approver_groups: tuple[str, ...]
    required: int
    allow_self: bool
    created_at: int
    expires_at: int


_KEY = select(
    approvals.c.id,
    approvals.c.team_id,
    approvals.c.run_id,
    runs.c.number.label("run_number"),
    approvals.c.step_id,
    runs.c.workflow_name,
    runs.c.requester,
    runs.c.channel_id,
    approvals.c.title,
    approvals.c.status,
    approvals.c.approver_users,
    approvals.c.approver_groups,
    approvals.c.required,
    approvals.c.allow_self,
    approvals.c.created_at,
    approvals.c.expires_at,
).join(runs, runs.c.id == approvals.c.run_id)
_RESUMERS = (
    select(audit_events.c.chain, audit_events.c.actor)
    .where(
        audit_events.c.chain.in_(bindparam("b_chains", expanding=True)),
        audit_events.c.kind == constant("run_resumed"),
    )
    .order_by(audit_events.c.seq)
)
_FIND = _KEY.where(approvals.c.id == bindparam("b_approval"))
_OPEN = _KEY.where(
    approvals.c.team_id == bindparam("b_team"), approvals.c.status == constant("open")
).order_by(approvals.c.created_at, approvals.c.id)
_OPEN_OF_STEP = select(approvals.c.id).where(
    approvals.c.run_id == bindparam("b_run"),
    approvals.c.step_id == bindparam("b_step"),
    approvals.c.status == constant("open"),
)
_OF_APPROVAL = (
    select(decisions.c.user_id, decisions.c.approve)
    .where(decisions.c.approval_id == bindparam("b_approval"))
    .order_by(decisions.c.at, decisions.c.user_id)
)
_DECIDE = (
    upsert(decisions)
    .from_select(
        ["approval_id", "user_id", "team_id", "approve", "comment", "at"],
        select(
            approvals.c.id,
            bindparam("b_user", type_=decisions.c.user_id.type),
            approvals.c.team_id,
            bindparam("b_approve", type_=decisions.c.approve.type),
            bindparam("b_comment", type_=decisions.c.comment.type),
            bindparam("b_at", type_=decisions.c.at.type),
        ).where(approvals.c.id == bindparam("b_approval"), approvals.c.status == constant("open")),
    )
    .on_conflict_do_nothing(index_elements=["approval_id", "user_id"])
    .returning(decisions.c.user_id)
)


def find_approval(c: Connection, approval_id: str) -> ApprovalKey | None:
    row = c.execute(_FIND, {"b_approval": approval_id}).one_or_none()
    return None if row is None else _approval_key(row)


def open_approvals(c: Connection, team_id: str) -> list[ApprovalKey]:
    """What this workspace is asked just now, oldest first."""
    return [_approval_key(row) for row in c.execute(_OPEN, {"b_team": team_id})]


def open_approval_id(c: Connection, run_id: str, step_id: str) -> str:
    """The approval that this step of a run waits for; raises when there is none."""
    approval_id: str = c.execute(_OPEN_OF_STEP, {"b_run": run_id, "b_step": step_id}).scalar_one()
    return approval_id


def ballots_of(c: Connection, approval_id: str) -> list[Ballot]:
    """What people have answered so far, oldest first."""
    return [Ballot(*row) for row in c.execute(_OF_APPROVAL, {"b_approval": approval_id})]


def insert_decision(
    c: Connection, approval_id: str, user_id: str, approve: bool, comment: str, now: int
) -> bool:
    """Record one person's decision. False, and nothing recorded: already decided by this person, or closed.

    To be called under the run's lock, after the snapshot was read.
    """
    values = {
        "b_approval": approval_id,
        "b_user": user_id,
        "b_approve": approve,
        "b_comment": comment,
        "b_at": now,
    }
    return c.execute(_DECIDE, values).one_or_none() is not None


def last_resumers(c: Connection, run_id: str) -> frozenset[str]:
    """Who took up the run the last time, and the runs that it is a child of."""
    found = c.execute(_RESUMERS, {"b_chains": [*ancestors(c, run_id)]})
    return frozenset({row.chain: str(row.actor) for row in found}.values())


def _approval_key(row: Row[*tuple[Any, ...]]) -> ApprovalKey:
    values = dict(row._mapping)
    values["status"] = ApprovalStatus(row.status)
    values["approver_users"] = tuple(row.approver_users)
    values["approver_groups"] = tuple(row.approver_groups)
    return ApprovalKey(**values)
