"""What workers and loops tell the engine: claims, outcomes, lost workers, timers. One transaction each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.advance import Engine, advance, announced
from engine.core.definition import JsonValue
from engine.core.events import ApprovalExpired, Event, Failed, Outcome, TaskFinished, WaitEnded, WorkerLost
from store import locking, tasks, timers
from store.database import now_ms

if TYPE_CHECKING:
    from store.tasks import Claim, ExpiredLease
    from store.timers import Timer

LEASE_MS = 15_000
SYSTEM = "handrail"
"""Who the audit trail names for what nobody asked for."""


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
    event = TaskFinished(claim.step_id, claim.attempt, outcome)
    exit_code = outcome.exit_code if isinstance(outcome, Failed) else None
    with announced(engine) as changes, engine.database.write() as c:
        locked = locking.lock_run(c, claim.run_id)
        if locked is None:
            return None
        snapshot = locking.load_snapshot(c, locked)
        transition = advance(
            c,
            engine,
            locked,
            event,
            SYSTEM,
            snapshot=snapshot,
            exit_code=exit_code,
            arguments={claim.step_id: arguments},
        )
        following = None
        if not transition.is_noop and go_on:
            states = snapshot.tasks_after(transition.tasks)
            following = tasks.claim_in_run(c, locked, worker.id, lease_ms, states)
        changes.note(claim.run_id, transition, claimed=1 if following else 0)
    return following


def report_lost(engine: Engine, lease: ExpiredLease) -> None:
    """A lease ended without a word: give the attempt up, unless its worker has reported after all."""
    with announced(engine) as changes, engine.database.write() as c:
        locked = locking.lock_run(c, lease.run_id)
        if locked is None or not tasks.is_expired(c, *lease):
            return
        transition = advance(c, engine, locked, WorkerLost(lease.step_id, lease.attempt), SYSTEM)
        changes.note(lease.run_id, transition)


def give_up(engine: Engine, claim: Claim) -> None:
    """The worker itself does not know how its attempt ended: the same as if it had been lost."""
    with announced(engine) as changes, engine.database.write() as c:
        locked = locking.lock_run(c, claim.run_id)
        if locked is not None:
            event = WorkerLost(claim.step_id, claim.attempt)
            changes.note(claim.run_id, advance(c, engine, locked, event, SYSTEM))


def fire_timer(engine: Engine, timer: Timer) -> None:
    """A wait is over, or an approval's time is up. Firing twice is harmless: the timer's row says so."""
    event: Event = WaitEnded(timer.step_id) if timer.kind == "wait" else ApprovalExpired(timer.step_id)
    with announced(engine) as changes, engine.database.write() as c:
        locked = locking.lock_run(c, timer.run_id)
        if locked is None or not timers.fire_timer(c, timer.id, now_ms(c)):
            return
        changes.note(timer.run_id, advance(c, engine, locked, event, SYSTEM))
