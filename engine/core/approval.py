"""Approvals: what exactly is asked, and what the ballots so far amount to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from enum import Enum, auto

from engine.core.definition import ApprovalAction, Approvers
from engine.core.errors import ExpressionProblem
from engine.core.evaluate import Evaluate, Names
from engine.core.slack_ids import GROUP_ID, USER_ID
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
        title=_text(action.title, evaluate, names),
        message=_text(action.message, evaluate, names),
        approvers=Approvers(
            users=_ids(action.approvers.users, USER_ID, "a Slack user id like U0BOB", evaluate, names),
            groups=_ids(
                action.approvers.groups, GROUP_ID, "a Slack user group id like S0OPS", evaluate, names
            ),
        ),
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


def _text(template: str, evaluate: Evaluate, names: Names) -> str:
    value = evaluate.value(template, names)
    if value is None or isinstance(value, dict | list):
        raise ExpressionProblem(
            f"'{template[:80]}' gives no text. Titles and messages of approvals are text."
        )
    return str(value)


def _ids(
    templates: Sequence[str], shape: re.Pattern[str], wanted: str, evaluate: Evaluate, names: Names
) -> tuple[str, ...]:
    ids = [evaluate.value(template, names) for template in templates]
    for template, found in zip(templates, ids, strict=True):
        if not isinstance(found, str) or not shape.fullmatch(found):
            raise ExpressionProblem(
                f"The approver '{template[:80]}' is not {wanted}: it gives '{str(found)[:80]}'."
            )
    return tuple(dict.fromkeys(str(found) for found in ids))
