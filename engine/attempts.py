"""What workers and loops tell the engine: claims, outcomes, lost workers, timers. One transaction each."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.advance import SYSTEM, Engine, advance, announced, snapshot_for
from engine.core.definition import JsonValue
from engine.core.events import (
    ApprovalExpired,
    Event,
    Fact,
    Failed,
    InputExpired,
    MessageSettled,
    Outcome,
    RunExpired,
    Succeeded,
    TaskFinished,
    WaitEnded,
    WorkerLost,
)
from engine.core.unusable import end_without_definition
from store import locking, tasks, terminals, timers, transitions
from store.database import now_ms

if TYPE_CHECKING:
    from store.tasks import Claim, ExpiredLease
    from store.timers import Timer

LEASE_MS = 15_000

TERMINAL_GONE = (
    "The terminal in which this run was started is gone, and nobody else carries such a run on. "
    "Look at what its steps have done, then start it again."
)


@dataclass(frozen=True, slots=True)
class WorkerName:
    """One worker process, as leases name it."""

    id: str


def claim_next(
    engine: Engine, worker: WorkerName, *, lease_ms: int = LEASE_MS, run_id: str | None = None
) -> Claim | None:
    """Claim the oldest due task for one attempt, or None when nothing is due. With `run_id` only of that run;
    without, of all that were not started in a terminal."""
    with announced(engine) as changes, engine.database.write() as c:
        claim = tasks.claim_next(c, worker.id, lease_ms, run_id)
        if claim is not None:
            changes.run_ids.append(claim.run_id)
    return claim


def finish_attempt(
    engine: Engine,
    worker: WorkerName,
    claim: Claim,
    outcome: Outcome,
    *,
    go_on: bool,
    lease_ms: int = LEASE_MS,
    arguments: JsonValue = None,
) -> Claim | None:
    """Record the outcome of an attempt (and its arguments, unless that was done before) and, when asked to go
    on, claim the run's next task with it.

    A worker that was given up for dead finds its attempt gone: nothing is recorded, nothing claimed. So it may
    be repeated by who does not know whether it was done.
    """
    event = TaskFinished(claim.step_id, claim.attempt, outcome, claim.item, secrets.randbelow(1000) / 1000)
    exit_code = outcome.exit_code if isinstance(outcome, Succeeded | Failed) else None
    with announced(engine) as changes, engine.database.write() as c:
        locked = locking.lock_run(c, claim.run_id)
        if locked is None:
            return None
        snapshot = snapshot_for(c, locked, event)
        transition = advance(
            c,
            engine,
            locked,
            event,
            SYSTEM,
            snapshot=snapshot,
            exit_code=exit_code,
            arguments={(claim.step_id, claim.item): arguments},
            changes=changes,
        )
        following = None
        if not transition.is_noop and go_on:
            states = snapshot.tasks_after(transition.tasks)
            following = tasks.claim_in_run(c, locked, worker.id, lease_ms, states)
        changes.note(locked, transition, claimed=1 if following else 0)
    return following


def report_lost(engine: Engine, lease: ExpiredLease) -> None:
    """A lease ended without a word: give the attempt up, unless its worker has reported after all."""
    with announced(engine) as changes, engine.database.write() as c:
        locked = locking.lock_run(c, lease.run_id)
        if locked is None or not tasks.is_expired(c, *lease):
            return
        event = WorkerLost(lease.step_id, lease.attempt, lease.item)
        changes.note(locked, advance(c, engine, locked, event, SYSTEM, changes=changes))


def give_up(engine: Engine, claim: Claim) -> None:
    """The worker itself does not know how its attempt ended: the same as if it had been lost."""
    with announced(engine) as changes, engine.database.write() as c:
        locked = locking.lock_run(c, claim.run_id)
        if locked is not None:
            event = WorkerLost(claim.step_id, claim.attempt, claim.item)
            changes.note(locked, advance(c, engine, locked, event, SYSTEM, changes=changes))


def end_abandoned(engine: Engine, run_id: str) -> bool:
    """Nobody is left at the terminal of a run: it ends as it stands. False: it had ended, or its terminal has
    spoken up after all."""
    with announced(engine) as changes, engine.database.write() as c:
        locked = locking.lock_run(c, run_id)
        if not terminals.is_abandoned(c, run_id):
            return False
        terminals.release_run(c, run_id)
        if locked is None or locked.status.is_terminal:
            return False
        # Nothing is planned any more: whatever it would start, also after a cancel, nobody would carry out.
        ended = end_without_definition(locking.load_snapshot(c, locked), TERMINAL_GONE)
        transition = replace(ended, facts=(Fact("terminal_lost"), Fact("run_error")))
        transitions.apply_transition(c, locked, transition, locked.now, SYSTEM)
        changes.note(locked, transition)
        return True


def fire_timer(engine: Engine, timer: Timer) -> None:
    """A wait is over, or somebody's time is up. Firing twice is harmless: the timer's row says so."""
    with announced(engine) as changes, engine.database.write() as c:
        locked = locking.lock_run(c, timer.run_id)
        if locked is None or not timers.fire_timer(c, timer.id, now_ms(c)):
            return
        changes.note(locked, advance(c, engine, locked, _event_of(timer), SYSTEM, changes=changes))


def _event_of(timer: Timer) -> Event:
    match timer.kind:
        case "wait":
            return WaitEnded(timer.step_id)
        case "approval":
            return ApprovalExpired(timer.step_id)
        case "input":
            return InputExpired(timer.step_id)
        case "message":
            return MessageSettled(timer.step_id, Failed("Slack did not take the message in time."))
        case "run":
            return RunExpired()
    raise ValueError(f"a timer of the unknown kind {timer.kind}")
