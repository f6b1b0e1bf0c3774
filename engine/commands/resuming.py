"""Taking up a run that did not complete."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.advance import Changes, Engine, advance, require_no_rejection
from engine.commands.once import Asked, once
from engine.commands.rights import policy_of, require, require_children
from engine.core.definition import Workflow
from engine.core.errors import Conflict, InvalidWorkflow, NotFound
from engine.core.events import RunResumed
from engine.core.permission import Capability, Principal
from engine.core.state import RESUMABLE_RUN_STATUSES, RunSnapshot
from store import locking, slots
from store.database import Connection

if TYPE_CHECKING:
    from store.locking import LockedRun


@dataclass(frozen=True, slots=True)
class Resumed:
    """A run that goes on in its `round`, from 2. `status` is the run's."""

    run_id: str
    number: int
    round: int
    status: str


def resume_run(
    engine: Engine,
    principal: Principal,
    run_id: str,
    *,
    done: Collection[str] = (),
    delivery_key: str | None = None,
) -> Resumed:
    """Begin a new round: what completed keeps its result, the rest is done again. `done` are steps whose outcome is
    unknown and that this person has found to be done. Raises NotFound, Refused, Conflict, Busy."""

    def take_up(c: Connection, changes: Changes) -> Resumed:
        locked = locking.lock_run(c, run_id)
        if locked is None or locked.team_id != principal.team_id:
            raise NotFound("There is no such run. `/workflow runs` shows the last ones.")
        doing = f"resume run #{locked.number}"
        require(policy_of(engine), principal, Capability.RUN_WORKFLOW, locked.workflow_name, doing)
        _require_resumable(locked)
        workflow = _workflow_of(c, engine, locked)
        require_children(engine, principal, workflow)
        snapshot = locking.load_snapshot(c, locked)
        _require_unknown(snapshot, done, locked.number)
        event = RunResumed(principal.user_id, frozenset(done), _has_to_wait(c, locked, workflow))
        transition = advance(c, engine, locked, event, principal.user_id, snapshot=snapshot, changes=changes)
        changes.note(locked, transition)
        return Resumed(locked.id, locked.number, locked.round, transition.status.value)

    return once(engine, delivery_key, Resumed, take_up, Asked(principal, "resume", {"run": run_id}))


def _require_resumable(locked: LockedRun) -> None:
    if locked.origin == "terminal":
        raise Conflict(f"Run #{locked.number} belongs to a terminal. Start it there again.")
    if not locked.status.is_terminal:
        raise Conflict(f"Run #{locked.number} is in progress ({locked.status.label}); nothing was changed.")
    if locked.status not in RESUMABLE_RUN_STATUSES:
        raise Conflict(
            f"Run #{locked.number} has completed: nothing of it is left to do. Run it again instead."
        )


def _workflow_of(c: Connection, engine: Engine, locked: LockedRun) -> Workflow:
    try:
        return engine.versions.load(c, locked.workflow_digest, locked.workflow_folder)
    except InvalidWorkflow as problem:
        raise Conflict(
            f"Run #{locked.number} cannot be taken up: its workflow as it was cannot be read any more "
            f"({problem.mistakes[0].sentence}). Start it again instead."
        ) from problem


def _require_unknown(snapshot: RunSnapshot, done: Collection[str], number: int) -> None:
    for step_id in sorted(done):
        task = snapshot.tasks.get(step_id)
        if task is None or not task.is_unknown:
            raise Conflict(
                f"What {step_id!r} of run #{number} did is known, so it cannot be marked as done; nothing was "
                "changed. Look at the run again."
            )


def _has_to_wait(c: Connection, locked: LockedRun, workflow: Workflow) -> bool:
    if locked.concurrency_key is None:
        return False
    holder = slots.take_slot(c, locked.team_id, locked.concurrency_key, locked.id)
    if holder is None:
        return False
    require_no_rejection(workflow, holder, "go on")
    return True
