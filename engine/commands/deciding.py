"""Answering an approval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.advance import Changes, Engine, advance
from engine.commands.once import Asked, once
from engine.commands.rights import ask, policy_of
from engine.core.eligibility import ApprovalRule, bar_to_decide
from engine.core.errors import Conflict, NotFound, Refused
from engine.core.events import ApprovalDecided, ApprovalStatus
from engine.core.permission import Capability, Principal
from engine.core.state import Ballot
from store import approvals, locking
from store.database import Connection

if TYPE_CHECKING:
    from store.approvals import ApprovalKey


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision that counts. `status` is the approval's afterwards: still open when more are required."""

    run_id: str
    number: int
    approval_id: str
    approve: bool
    status: str


def decide(
    engine: Engine,
    principal: Principal,
    approval_id: str,
    *,
    approve: bool,
    comment: str = "",
    delivery_key: str | None = None,
) -> Decided:
    """Answer an approval. Raises NotFound, Refused, Conflict (with who decided what), Busy."""

    def record(c: Connection, changes: Changes) -> Decided:
        before = approvals.find_approval(c, approval_id)
        if before is None or before.team_id != principal.team_id:
            raise NotFound("This approval no longer exists. `/workflow runs` shows what is going on.")
        locked = locking.lock_run(c, before.run_id)
        approval = approvals.find_approval(c, approval_id)
        if locked is None or approval is None:
            raise NotFound("This run no longer exists. `/workflow runs` shows what is going on.")
        resumers = approvals.last_resumers(c, locked.id)
        _require_decider(engine, principal, approval, resumers, is_terminal=locked.origin == "terminal")
        _require_open(c, approval, locked.number, locked.now)
        snapshot = locking.load_snapshot(c, locked)
        if not approvals.insert_decision(c, approval_id, principal.user_id, approve, comment, locked.now):
            raise Conflict(f"You have answered this already; run #{locked.number} waits for others.")
        event = ApprovalDecided(approval.step_id, Ballot(principal.user_id, approve))
        transition = advance(c, engine, locked, event, principal.user_id, snapshot=snapshot, changes=changes)
        after = approvals.find_approval(c, approval_id)
        status = after.status.value if after else ApprovalStatus.OPEN.value
        changes.note(locked, transition)
        return Decided(locked.id, locked.number, approval_id, approve, status)

    asked = Asked(principal, "approve" if approve else "reject", {"approval": approval_id})
    return once(engine, delivery_key, Decided, record, asked)


def _require_decider(
    engine: Engine,
    principal: Principal,
    approval: ApprovalKey,
    resumers: frozenset[str],
    *,
    is_terminal: bool,
) -> None:
    rule = ApprovalRule(
        approval.workflow_name,
        approval.requester,
        approval.approver_users,
        approval.approver_groups,
        approval.allow_self,
        is_terminal,
        resumers,
    )
    policy = policy_of(engine)
    bar = bar_to_decide(principal, rule, policy)
    if bar is None:
        return
    named = (*approval.approver_users, *approval.approver_groups)
    people = named or policy.holders(Capability.APPROVE_WORKFLOW_STEP, approval.workflow_name)
    others = tuple(person for person in people if person != principal.user_id)[:5]
    raise Refused(f"Your answer was not recorded: {bar}. {ask(others)}", others)


def _require_open(c: Connection, approval: ApprovalKey, number: int, now: int) -> None:
    if approval.status is ApprovalStatus.OPEN:
        if now >= approval.expires_at:  # its timer is late; an answer must not come later than asked for
            raise Conflict(f"The time for this answer is up; nothing was changed in run #{number}.")
        return
    ballots = approvals.ballots_of(c, approval.id)
    if approval.status in (ApprovalStatus.APPROVED, ApprovalStatus.REJECTED) and ballots:
        last = ballots[-1]
        what = "approved" if last.approve else "rejected"
        raise Conflict(
            f"Run #{number} was {what} by {{people}} already; your answer changed nothing.", (last.user_id,)
        )
    raise Conflict(f"This approval is {approval.status} already; nothing was changed in run #{number}.")
