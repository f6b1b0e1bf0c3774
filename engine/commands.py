"""What people ask of the engine: one function, one transaction, one effect each.

Permissions are checked here, when the request arrives, by the signed identity, and nowhere else. A delivery key
makes a repeated request harmless: it is kept in the transaction of its effect, together with the answer, which
may be a refusal: what was refused once does not happen later, because its request is repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from engine.advance import Changes, Engine, advance, announced, show_message
from engine.core.definition import JsonValue, Workflow
from engine.core.eligibility import ApprovalRule, bar_to_decide
from engine.core.errors import Conflict, NotFound, Problem, Refused
from engine.core.events import ApprovalDecided, ApprovalStatus, CancelRequested, RunStarted
from engine.core.parameters import check_parameters
from engine.core.permission import Capability, Policy, Principal
from engine.core.state import Ballot
from store import approvals, deliveries, locking, runs
from store.database import Connection
from store.runs import NewRun
from store.surfaces import SurfaceKind

if TYPE_CHECKING:
    from store.approvals import ApprovalKey
    from store.runs import RunKey


@dataclass(frozen=True, slots=True)
class Started:
    """A run that is on disk."""

    run_id: str
    number: int


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision that counts. `status` is the approval's afterwards: still open when more are required."""

    run_id: str
    number: int
    approval_id: str
    approve: bool
    status: str


@dataclass(frozen=True, slots=True)
class CancelAsked:
    """A cancel that was recorded. `status` is the run's: terminal at once when nothing was active."""

    run_id: str
    number: int
    status: str


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
    _require(policy, principal, Capability.RUN_WORKFLOW, name, f"run {name}")
    return workflow


def start_run(
    engine: Engine,
    principal: Principal,
    name: str,
    values: Mapping[str, JsonValue],
    *,
    channel_id: str | None,
    origin: str = "slack",
    delivery_key: str | None = None,
) -> Started:
    """Start a run; when this returns, the run is on disk. Raises NotFound, Refused, InvalidParameters, Busy."""

    def insert(c: Connection, changes: Changes) -> Started:
        workflow = workflow_to_run(engine, principal, name)
        parameters = check_parameters(workflow, values, engine.matches)
        new = NewRun(principal.team_id, workflow, parameters, principal.user_id, channel_id, origin)
        inserted = runs.insert_run(c, new)
        locked = locking.lock_run(c, inserted.id)
        assert locked is not None, "a run is there in the transaction that inserted it"
        transition = advance(c, engine, locked, RunStarted(), principal.user_id)
        if channel_id:
            for kind in (SurfaceKind.ROOT, SurfaceKind.THREAD):
                show_message(c, locked, kind, locked.now)
        changes.note(inserted.id, transition)
        return Started(inserted.id, inserted.number)

    return _once(engine, delivery_key, Started, insert)


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
        _require_decider(engine, principal, approval, is_terminal=locked.origin == "terminal")
        _require_open(c, approval, locked.number, locked.now)
        snapshot = locking.load_snapshot(c, locked)
        if not approvals.insert_decision(c, approval_id, principal.user_id, approve, comment, locked.now):
            raise Conflict(f"You have answered this already; run #{locked.number} waits for others.")
        event = ApprovalDecided(approval.step_id, Ballot(principal.user_id, approve))
        transition = advance(c, engine, locked, event, principal.user_id, snapshot=snapshot)
        after = approvals.find_approval(c, approval_id)
        status = after.status.value if after else ApprovalStatus.OPEN.value
        changes.note(locked.id, transition)
        return Decided(locked.id, locked.number, approval_id, approve, status)

    return _once(engine, delivery_key, Decided, record)


def cancel_run(
    engine: Engine, principal: Principal, run_id: str, *, delivery_key: str | None = None
) -> CancelAsked:
    """Ask a run to stop. Raises NotFound, Refused, Conflict when it has ended, Busy."""

    def ask(c: Connection, changes: Changes) -> CancelAsked:
        locked = locking.lock_run(c, run_id)
        if locked is None or locked.team_id != principal.team_id:
            raise NotFound("There is no such run. `/workflow runs` shows the last ones.")
        _require_canceller(engine, principal, locked.workflow_name, locked.requester, locked.number)
        if locked.status.is_terminal:
            raise Conflict(
                f"Run #{locked.number} has ended already ({locked.status.label}); nothing was cancelled."
            )
        transition = advance(c, engine, locked, CancelRequested(principal.user_id), principal.user_id)
        changes.note(locked.id, transition)
        return CancelAsked(locked.id, locked.number, transition.status.value)

    return _once(engine, delivery_key, CancelAsked, ask)


def find_viewable_run(engine: Engine, principal: Principal, number: int) -> RunKey:
    """The run with this number, if this person may view it; else NotFound, as if it did not exist."""
    with engine.database.read() as c:
        key = runs.find_run(c, principal.team_id, number)
    if key is None or not _may_view(engine, principal, key):
        raise NotFound(f"There is no run #{number} that you may see. `/workflow runs` shows the last ones.")
    return key


def viewable_run(engine: Engine, principal: Principal, run_id: str) -> RunKey:
    """The run with this id, if this person may view it; else NotFound."""
    with engine.database.read() as c:
        key = runs.run_key(c, run_id)
    if key is None or key.team_id != principal.team_id or not _may_view(engine, principal, key):
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


def _may_view(engine: Engine, principal: Principal, key: RunKey) -> bool:
    policy = policy_of(engine)
    return principal.user_id == key.requester or policy.may(
        principal, Capability.VIEW_WORKFLOW_RUN, key.workflow_name
    )


def _require(policy: Policy, principal: Principal, capability: Capability, workflow: str, doing: str) -> None:
    if not policy.may(principal, capability, workflow):
        holders = policy.holders(capability, workflow)
        raise Refused(
            f"You may not {doing}: that needs the capability {capability}. {_ask(holders)}", holders[:5]
        )


def _require_canceller(
    engine: Engine, principal: Principal, workflow: str, requester: str, number: int
) -> None:
    if not may_cancel(engine, principal, workflow, requester):
        people = (requester, *policy_of(engine).holders(Capability.CANCEL_WORKFLOW_RUN, workflow))[:5]
        raise Refused(
            f"You may not cancel run #{number}. Whoever started it may, and admins: ask {{people}}.", people
        )


def _require_decider(
    engine: Engine, principal: Principal, approval: ApprovalKey, *, is_terminal: bool
) -> None:
    rule = ApprovalRule(
        approval.workflow_name,
        approval.requester,
        approval.approver_users,
        approval.approver_groups,
        approval.allow_self,
        is_terminal,
    )
    policy = policy_of(engine)
    bar = bar_to_decide(principal, rule, policy)
    if bar is None:
        return
    named = (*approval.approver_users, *approval.approver_groups)
    people = named or policy.holders(Capability.APPROVE_WORKFLOW_STEP, approval.workflow_name)
    others = tuple(person for person in people if person != principal.user_id)[:5]
    raise Refused(f"Your answer was not recorded: {bar}. {_ask(others)}", others)


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


def _ask(people: tuple[str, ...]) -> str:
    if not people:
        return "Ask whoever installed Handrail to name an admin in HANDRAIL_ADMINS."
    return "Ask {people}."


# --- one request, one effect

_Answer = TypeVar("_Answer", bound=Started | Decided | CancelAsked)
_REFUSALS: Mapping[str, type[Problem]] = {kind.code: kind for kind in (NotFound, Refused, Conflict)}


def _once(
    engine: Engine, key: str | None, kind: type[_Answer], handle: Callable[[Connection, Changes], _Answer]
) -> _Answer:
    """Handle a request in one transaction that also keeps its answer; a repeated one gets that answer again.
    `handle` refuses before it has written anything but a run's version, which says only: look again."""
    with announced(engine) as changes, engine.database.write() as c:
        if key is None:
            return handle(c, changes)
        stored: Any = deliveries.begin_delivery(c, key)
        if stored is not None:
            return _again(stored.value, kind)
        try:
            answer = handle(c, changes)
        except (NotFound, Refused, Conflict) as problem:
            refusal = problem
            deliveries.complete_delivery(
                c, key, {"refused": problem.code, "template": problem.template, "people": [*problem.people]}
            )
        else:
            deliveries.complete_delivery(c, key, asdict(answer))
            return answer
    raise refusal


def _again(stored: dict[str, Any], kind: type[_Answer]) -> _Answer:
    if "refused" in stored:
        raise _REFUSALS[stored["refused"]](stored["template"], stored["people"])
    return kind(**stored)
