"""Approvals: what exactly is asked, and what the ballots so far amount to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum, auto

from engine.core.definition import ApprovalAction
from engine.core.errors import ExpressionProblem
from engine.core.evaluate import Evaluate, Names
from engine.core.resolving import resolve_people, resolve_text
from engine.core.state import Ballot


class Verdict(Enum):
    OPEN = auto()
    APPROVED = auto()
    REJECTED = auto()


def verdict(ballots: Sequence[Ballot], required: int) -> Verdict:
    """One rejection decides; otherwise `required` different people have to approve."""
    if any(not ballot.approve for ballot in ballots):
        return Verdict.REJECTED
    if len(approvers_among(ballots)) >= required:
        return Verdict.APPROVED
    return Verdict.OPEN


def approvers_among(ballots: Sequence[Ballot]) -> list[str]:
    """Who approved, in the order of their ballots."""
    return list(dict.fromkeys(ballot.user_id for ballot in ballots if ballot.approve))


def resolve_approval(action: ApprovalAction, evaluate: Evaluate, names: Names) -> ApprovalAction:
    """The question with its expressions computed."""
    return replace(
        action,
        title=resolve_text(action.title, evaluate, names),
        message=resolve_text(action.message, evaluate, names),
        approvers=resolve_people(action.approvers, evaluate, names),
    )


def check_reachable(action: ApprovalAction, requester: str) -> None:
    """Refuse a question that can never be answered with yes, instead of waiting for its time to run out.
    Who is in a group is not known here."""
    users, groups = action.approvers.users, action.approvers.groups
    able = [user for user in users if action.allow_self or user != requester]
    if users and not groups and len(able) < action.required:
        raise ExpressionProblem(
            f"'{action.title[:80]}' needs {action.required} approvals, and only {len(able)} of the people named "
            "may give one: whoever started a run may not approve it. Name more people or a group."
        )
