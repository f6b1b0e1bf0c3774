"""Who may decide an approval: a pure answer with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.core.permission import Capability, Policy, Principal

TERMINAL_USER = "terminal"
"""Who `handrail run` acts as: whoever reaches the database from a shell. No Slack user has such an id."""

TERMINAL_TEAM = "TERMINAL"
"""The workspace of runs in terminals. No Slack workspace has such an id."""


class Bar(StrEnum):
    """Why a person may not decide."""

    EXTERNAL = "people of other workspaces may not decide"
    GUEST = "guests may not decide"
    SELF = "whoever started a run may not approve it; someone else must"
    RESUMED = "whoever resumed a run may not approve it; someone else must"
    UNVERIFIED = "group membership could not be verified just now; please try again in a minute"
    NOT_NAMED = "only the people named on it may decide"
    MAY_NOT_RUN = "answering needs the capability RUN_WORKFLOW"
    NOT_GRANTED = "deciding needs the capability APPROVE_WORKFLOW_STEP"


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """Who may answer: named users and groups; when nobody is named, holders of APPROVE_WORKFLOW_STEP. `resumers`
    took up the run, or one that it is a child of: it goes on because they want it."""

    workflow_name: str
    requester: str
    users: tuple[str, ...]
    groups: tuple[str, ...]
    allow_self: bool
    is_terminal: bool = False
    """The run was started in a terminal, and is decided there and nowhere else."""
    resumers: frozenset[str] = frozenset()


def bar_to_decide(principal: Principal, rule: ApprovalRule, policy: Policy) -> Bar | None:
    """Return the reason why this person may not decide, or None. What could not be looked up means no."""
    if rule.is_terminal:
        return None if principal.user_id == TERMINAL_USER else Bar.NOT_NAMED
    if principal.is_external:
        return Bar.EXTERNAL
    if principal.is_guest:
        return Bar.GUEST
    if principal.user_id == rule.requester and not rule.allow_self:
        return Bar.SELF
    if principal.user_id in rule.resumers and not rule.allow_self:
        return Bar.RESUMED
    if not rule.users and not rule.groups:
        allowed = policy.may(principal, Capability.APPROVE_WORKFLOW_STEP, rule.workflow_name)
        return None if allowed else Bar.NOT_GRANTED
    if principal.user_id in rule.users:
        return None
    if rule.groups and principal.groups is None:
        return Bar.UNVERIFIED
    return None if set(rule.groups) & (principal.groups or frozenset()) else Bar.NOT_NAMED


@dataclass(frozen=True, slots=True)
class QuestionRule:
    """Who may give values: named users and groups; when nobody is named, the requester and whoever may run the
    workflow."""

    workflow_name: str
    requester: str
    users: tuple[str, ...]
    groups: tuple[str, ...]
    is_terminal: bool = False


def bar_to_answer(principal: Principal, rule: QuestionRule, policy: Policy) -> Bar | None:
    """Return the reason why this person may not answer, or None. What could not be looked up means no."""
    if rule.is_terminal:
        return None if principal.user_id == TERMINAL_USER else Bar.NOT_NAMED
    if principal.is_external:
        return Bar.EXTERNAL
    if not rule.users and not rule.groups:
        may_run = policy.may(principal, Capability.RUN_WORKFLOW, rule.workflow_name)
        return None if may_run or principal.user_id == rule.requester else Bar.MAY_NOT_RUN
    if principal.user_id in rule.users:
        return None
    if principal.is_guest:
        return Bar.GUEST
    if rule.groups and principal.groups is None:
        return Bar.UNVERIFIED
    return None if set(rule.groups) & (principal.groups or frozenset()) else Bar.NOT_NAMED
