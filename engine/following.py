"""Runs that follow others: parents their children, children their parents, queued runs whoever was before them.

Each step is a transaction of its own, on the run that follows. What does not happen here, because a process died or
the database was busy, is found and done by the duty `engine.loops.followers`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import assert_never

from engine.advance import SYSTEM, Engine, advance, announced
from engine.core.definition import OnConflict
from engine.core.errors import InvalidWorkflow, Problem
from engine.core.events import (
    CancelRequested,
    ChildEnded,
    Errored,
    Failed,
    Outcome,
    RunAdmitted,
    Stopped,
    Succeeded,
)
from engine.core.state import RunStatus
from engine.news import ChildHasEnded, ChildIsToStop, News, QueueHasMoved
from store import children, locking, runs, slots
from store.children import Child
from store.database import Connection
from store.slots import Contender, Queue

logger = logging.getLogger("handrail.following")


def spread(engine: Engine, news: Iterable[News]) -> None:
    """Let other runs learn what happened. Never raises for what a duty can do later."""
    for each in news:
        try:
            match each:
                case ChildHasEnded(run_id):
                    tell_parent(engine, run_id)
                case ChildIsToStop(parent_run_id, step_id, is_forced):
                    stop_child(engine, parent_run_id, step_id, is_forced=is_forced)
                case QueueHasMoved(team_id, key, has_left):
                    move_queue(engine, team_id, key, has_left=has_left)
                case _:
                    assert_never(each)
        except Problem as problem:
            logger.warning("news_wait news=%s problem=%s", each, problem)
        except Exception:  # what it follows from has been committed, and whoever asked for that is told so
            logger.exception("news_lost news=%s", each)


# --- parents and children


def tell_parent(engine: Engine, run_id: str) -> None:
    """A child run has ended: the step that waited for it is over. Telling twice is harmless."""
    with engine.database.read() as c:
        found = runs.parent_step(c, run_id)
    if found is None:
        return
    with announced(engine) as changes, engine.database.write() as c:
        locked = locking.lock_run(c, found.run_id)
        child = children.newest_child(c, found.run_id, found.step_id)
        if locked is None or child is None or child.id != run_id or not child.status.is_terminal:
            return
        event = ChildEnded(found.step_id, outcome_of(child))
        changes.note(locked, advance(c, engine, locked, event, SYSTEM, changes=changes))


def outcome_of(child: Child) -> Outcome:
    """What the end of a child run means for the step that started it."""
    error = f"Run #{child.number}: {child.error or child.status.label}"
    match child.status:
        case RunStatus.COMPLETED:
            return Succeeded(child.outputs or {})
        case RunStatus.CANCELLED:
            return Stopped()
        case RunStatus.ERROR:
            return Errored(error)
    return Failed(error, {"number": child.number})


def stop_child(engine: Engine, parent_run_id: str, step_id: str, *, is_forced: bool) -> None:
    with engine.database.read() as c:
        child = children.newest_child(c, parent_run_id, step_id)
    if child is not None:
        _cancel(engine, child.id, SYSTEM, is_forced=is_forced)


def _cancel(engine: Engine, run_id: str, by: str, *, is_forced: bool = False) -> None:
    with announced(engine) as changes, engine.database.write() as c:
        locked = locking.lock_run(c, run_id)
        if locked is not None and not locked.status.is_terminal:
            event = CancelRequested(by, is_forced)
            changes.note(locked, advance(c, engine, locked, event, by, changes=changes))


# --- queues


def move_queue(engine: Engine, team_id: str, key: str, *, has_left: bool = False) -> None:
    """Cancel whom a newer run supersedes, and admit the first in the queue when nobody is in progress. Where there
    is nothing to do, nothing is locked or written. `has_left`: somebody may have left the queue."""
    with engine.database.read() as c:
        queue = slots.look_at_queue(c, team_id, key)
        superseded = _superseded(c, engine, queue)
    for run in superseded:
        _cancel(engine, run.id, SYSTEM)
    if not queue.waiting:
        return
    has_admitted = queue.holder is None and _admit(engine, team_id, key, queue.waiting[0].id)
    if has_admitted or has_left:
        _redraw_queue(engine, team_id, key)


def _admit(engine: Engine, team_id: str, key: str, run_id: str) -> bool:
    """Let the first of a queue begin, unless that has changed meanwhile: who changed it looks again. Locks are had
    in one order everywhere: a run, then its workspace, then a queue."""
    with announced(engine) as changes, engine.database.write() as c:
        locked = locking.lock_run(c, run_id)
        queue = slots.lock_queue(c, team_id, key)
        is_first = bool(queue.waiting) and queue.waiting[0].id == run_id
        if locked is None or not locked.is_queued or not is_first or queue.holder is not None:
            return False
        slots.give_slot(c, team_id, key, run_id)
        changes.note(locked, advance(c, engine, locked, RunAdmitted(), SYSTEM, changes=changes))
        return True


def _redraw_queue(engine: Engine, team_id: str, key: str) -> None:
    """Somebody in the queue may have left it: the others' places are shown anew."""
    with engine.database.write() as c:
        waiting = slots.redraw_queue(c, team_id, key)
    for run_id in waiting:
        engine.hint(run_id)


def _superseded(c: Connection, engine: Engine, queue: Queue) -> list[Contender]:
    """Those that came before the newest run which cancels others, and are not stopping yet."""
    cancelling = [run for run in queue.waiting if _cancels_others(c, engine, run)]
    if not cancelling:
        return []
    earlier = [run for run in _all(queue) if run.number < cancelling[-1].number]
    return [run for run in earlier if not run.is_stopping]


def _all(queue: Queue) -> tuple[Contender, ...]:
    return (queue.holder, *queue.waiting) if queue.holder is not None else queue.waiting


def _cancels_others(c: Connection, engine: Engine, run: Contender) -> bool:
    try:
        workflow = engine.versions.load(c, run.workflow_digest, run.workflow_folder)
    except InvalidWorkflow:
        return False  # it ends by itself as soon as it is admitted
    return workflow.concurrency is not None and workflow.concurrency.on_conflict is OnConflict.CANCEL
