"""Who may do what: grants from a file, asked about one principal at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

EVERYONE = "everyone"
ALL_WORKFLOWS = "*"


class Capability(StrEnum):
    LIST_WORKFLOWS = "LIST_WORKFLOWS"
    RUN_WORKFLOW = "RUN_WORKFLOW"
    UPDATE_WORKFLOW = "UPDATE_WORKFLOW"
    LIST_WORKFLOW_RUNS = "LIST_WORKFLOW_RUNS"
    VIEW_WORKFLOW_RUN = "VIEW_WORKFLOW_RUN"
    CANCEL_WORKFLOW_RUN = "CANCEL_WORKFLOW_RUN"
    APPROVE_WORKFLOW_STEP = "APPROVE_WORKFLOW_STEP"
    MANAGE_SCHEDULES = "MANAGE_SCHEDULES"
    MANAGE_PERMISSIONS = "MANAGE_PERMISSIONS"


MEMBER_CAPABILITIES = frozenset(
    {
        Capability.LIST_WORKFLOWS,
        Capability.RUN_WORKFLOW,
        Capability.LIST_WORKFLOW_RUNS,
        Capability.VIEW_WORKFLOW_RUN,
    }
)
"""What full members of the workspace may do when there is no permissions file."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The person on whose behalf a command runs, as Slack's signed request and look-ups tell. `groups` are
    user group ids, or None when they could not be looked up: unknown means no."""

    team_id: str
    user_id: str
    groups: frozenset[str] | None = frozenset()
    is_guest: bool = False
    is_external: bool = False


@dataclass(frozen=True, slots=True)
class Grant:
    """Capabilities for users (`U...`), groups (`S...`) or `everyone`, in one workflow or in all (`*`)."""

    subjects: frozenset[str]
    workflows: frozenset[str]
    capabilities: frozenset[Capability]


@dataclass(frozen=True, slots=True)
class Policy:
    """All that decides permissions. `grants` is None when there is no permissions file."""

    admins: frozenset[str]
    grants: tuple[Grant, ...] | None = None

    def may(self, principal: Principal, capability: Capability, workflow: str) -> bool:
        """Whether this person holds this capability for this workflow. Guests and people of other
        workspaces hold only what is granted to them by name."""
        if principal.is_external:
            return False
        if principal.user_id in self.admins:
            return True
        if self.grants is None:
            return capability in MEMBER_CAPABILITIES and not principal.is_guest
        return any(
            capability in grant.capabilities
            and (workflow in grant.workflows or ALL_WORKFLOWS in grant.workflows)
            and _is_subject(principal, grant.subjects)
            for grant in self.grants
        )

    def might(self, principal: Principal, capability: Capability, workflow: str) -> bool:
        """The same of somebody whose groups are not known here: any group could be theirs."""
        groups = {subject for grant in self.grants or () for subject in grant.subjects if subject[:1] == "S"}
        return self.may(replace(principal, groups=frozenset(groups)), capability, workflow)

    def holders(self, capability: Capability, workflow: str) -> tuple[str, ...]:
        """Users and groups to ask for this capability, admins last."""
        granted: Iterable[Grant] = self.grants or ()
        subjects = {
            subject
            for grant in granted
            if capability in grant.capabilities
            and (workflow in grant.workflows or ALL_WORKFLOWS in grant.workflows)
            for subject in grant.subjects
            if subject != EVERYONE
        }
        return (*sorted(subjects - self.admins), *sorted(self.admins))


def _is_subject(principal: Principal, subjects: frozenset[str]) -> bool:
    if principal.user_id in subjects:
        return True
    if principal.is_guest:
        return False
    return EVERYONE in subjects or bool((principal.groups or frozenset()) & subjects)
