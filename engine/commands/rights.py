"""Who may do what with which workflow and run: asked when a command comes, by the signed identity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.advance import Engine
from engine.core.definition import Workflow, WorkflowAction
from engine.core.errors import NotFound, Refused
from engine.core.permission import Capability, Policy, Principal
from store import runs

if TYPE_CHECKING:
    from store.runs import RunKey


def policy_of(engine: Engine) -> Policy:
    return engine.registry.policy(engine.admins)


def visible_workflows(engine: Engine, principal: Principal) -> tuple[Workflow, ...]:
    """The workflows that exist for this person, by name."""
    policy = policy_of(engine)
    return tuple(
        workflow
        for name, workflow in sorted(engine.registry.workflows().items())
        if policy.may(principal, Capability.LIST_WORKFLOWS, name)
    )


def workflow_to_run(engine: Engine, principal: Principal, name: str) -> Workflow:
    """The workflow, if this person may run it; NotFound or Refused otherwise."""
    policy = policy_of(engine)
    workflow = engine.registry.get(name)
    if workflow is None or not policy.may(principal, Capability.LIST_WORKFLOWS, name):
        raise NotFound(f"There is no workflow named {name!r}. `/workflow list` shows those you may see.")
    require(policy, principal, Capability.RUN_WORKFLOW, name, f"run {name}")
    return workflow


def require_children(engine: Engine, principal: Principal, workflow: Workflow) -> None:
    """Whoever starts a run starts its child runs too, and theirs: all of them have to be this person's to run."""
    policy = policy_of(engine)
    seen, waiting = {workflow.name}, [workflow]
    while waiting:
        for step in waiting.pop().steps:
            if isinstance(step.action, WorkflowAction) and step.action.name not in seen:
                name = step.action.name
                seen.add(name)
                require(policy, principal, Capability.RUN_WORKFLOW, name, f"run {name}, which it starts")
                if (child := engine.registry.get(name)) is not None:
                    waiting.append(child)


def find_viewable_run(engine: Engine, principal: Principal, number: int) -> RunKey:
    """The run with this number, if this person may view it; else NotFound, as if it did not exist."""
    with engine.database.read() as c:
        key = runs.find_run(c, principal.team_id, number)
    if key is None or not may_view(engine, principal, key):
        raise NotFound(f"There is no run #{number} that you may see. `/workflow runs` shows the last ones.")
    return key


def viewable_run(engine: Engine, principal: Principal, run_id: str) -> RunKey:
    """The run with this id, if this person may view it; else NotFound."""
    with engine.database.read() as c:
        key = runs.run_key(c, run_id)
    if key is None or key.team_id != principal.team_id or not may_view(engine, principal, key):
        raise NotFound("There is no such run that you may see. `/workflow runs` shows the last ones.")
    return key


def may_cancel(engine: Engine, principal: Principal, workflow_name: str, requester: str) -> bool:
    """Whether the button is worth showing; the command checks again."""
    policy = policy_of(engine)
    if principal.is_external:
        return False
    return principal.user_id == requester or policy.may(
        principal, Capability.CANCEL_WORKFLOW_RUN, workflow_name
    )


def listable_workflow_names(engine: Engine, principal: Principal) -> frozenset[str]:
    """Names of workflows, also of runs whose workflow is gone, is the caller's matter: these are the known
    ones whose runs this person may list."""
    policy = policy_of(engine)
    return frozenset(
        name
        for name in engine.registry.workflows()
        if policy.may(principal, Capability.LIST_WORKFLOW_RUNS, name)
    )


def may_view(engine: Engine, principal: Principal, key: RunKey) -> bool:
    policy = policy_of(engine)
    return principal.user_id == key.requester or policy.may(
        principal, Capability.VIEW_WORKFLOW_RUN, key.workflow_name
    )


def require(policy: Policy, principal: Principal, capability: Capability, workflow: str, doing: str) -> None:
    if not policy.may(principal, capability, workflow):
        holders = policy.holders(capability, workflow)
        raise Refused(
            f"You may not {doing}: that needs the capability {capability}. {ask(holders)}", holders[:5]
        )


def require_canceller(
    engine: Engine, principal: Principal, workflow: str, requester: str, number: int
) -> None:
    if not may_cancel(engine, principal, workflow, requester):
        holders = policy_of(engine).holders(Capability.CANCEL_WORKFLOW_RUN, workflow)
        people = tuple(dict.fromkeys((requester, *holders)))[:5]
        raise Refused(
            f"You may not cancel run #{number}. Whoever started it may, and admins: ask {{people}}.", people
        )


def ask(people: tuple[str, ...]) -> str:
    if not people:
        return "Ask whoever installed Handrail to name an admin in HANDRAIL_ADMINS."
    return "Ask {people}."
