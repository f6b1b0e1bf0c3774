"""The one way a run changes: lock, snapshot, plan, apply, and the surfaces that will show it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from engine.core.errors import InvalidWorkflow
from engine.core.events import Event, OpenApproval, Transition
from engine.core.plan import Evaluate, plan
from engine.core.state import RunSnapshot, RunStatus
from engine.core.unusable import end_without_definition
from engine.registry import Registry, Versions
from store import approvals, locking, surfaces, transitions
from store.database import Connection, Database
from store.surfaces import SurfaceKind

if TYPE_CHECKING:
    from engine.core.definition import JsonValue
    from store.locking import LockedRun


MOST_BELLS = 8
"""Rung for one change: each wakes one worker process, and whoever finds work looks for more."""


@dataclass(frozen=True, slots=True)
class Engine:
    """What commands need. `ring` says that there is work; `hint` says that a run changed: both are only
    hurries, may be lost, and never raise."""

    database: Database
    registry: Registry
    evaluate: Evaluate
    matches: Callable[[str, str], bool]
    admins: frozenset[str] = frozenset()
    ring: Callable[[], object] = field(default=lambda: None)
    hint: Callable[[str], object] = field(default=lambda run_id: None)
    versions: Versions = field(default_factory=Versions)


def advance(
    c: Connection,
    engine: Engine,
    locked: LockedRun,
    event: Event,
    actor: str,
    *,
    snapshot: RunSnapshot | None = None,
    exit_code: int | None = None,
    arguments: Mapping[str, JsonValue] = MappingProxyType({}),
) -> Transition:
    """Let one event happen to a run whose row this transaction has locked. `snapshot` is what was read under
    that lock, if it was; `exit_code` is that of the attempt which the event ends, where it has one; `arguments`
    are those of steps, by id, that were not recorded before."""
    snapshot = snapshot or locking.load_snapshot(c, locked)
    transition = _plan(c, engine, locked, snapshot, event)
    if transition.is_noop:
        return transition
    transitions.apply_transition(
        c, locked, transition, locked.now, actor, exit_code=exit_code, arguments=arguments
    )
    if locked.channel_id:
        _announce(c, locked, transition, locked.now)
    return transition


def _plan(
    c: Connection, engine: Engine, locked: LockedRun, snapshot: RunSnapshot, event: Event
) -> Transition:
    try:
        workflow = engine.versions.load(c, locked.workflow_digest, locked.workflow_folder)
    except InvalidWorkflow as problem:  # kept by a version of Handrail that read files differently
        first = problem.mistakes[0].sentence
        error = f"The workflow as it was when this run started cannot be read any more: {first}"
        return end_without_definition(snapshot, error)
    return plan(workflow, snapshot, event, engine.evaluate)


def _announce(c: Connection, locked: LockedRun, transition: Transition, now: int) -> None:
    """Ask for the messages that exist from this transition on: an approval's, a failure's."""
    for effect in transition.effects:
        if isinstance(effect, OpenApproval):
            approval_id = approvals.open_approval_id(c, locked.id, effect.step_id)
            show_message(c, locked, SurfaceKind.APPROVAL, now, approval_id)
    if transition.status in (RunStatus.FAILED, RunStatus.ERROR):
        show_message(c, locked, SurfaceKind.FAILURE, now)


def show_message(
    c: Connection, locked: LockedRun, kind: SurfaceKind, now: int, approval_id: str | None = None
) -> None:
    """From now on there is to be such a message in the run's channel; the projector posts it."""
    new = surfaces.NewSurface(
        locked.team_id, locked.id, kind, channel_id=locked.channel_id, approval_id=approval_id
    )
    surfaces.insert_surface(c, new, now)


@dataclass(slots=True)
class Changes:
    """What a transaction will have changed once it commits."""

    run_ids: list[str] = field(default_factory=list)
    due: int = 0
    """Tasks that became claimable and were not claimed in the same transaction."""

    def note(self, run_id: str, transition: Transition, *, claimed: int = 0) -> None:
        if not transition.is_noop:
            self.run_ids.append(run_id)
            self.due += sum(task.is_due for task in transition.tasks) - claimed


@contextmanager
def announced(engine: Engine) -> Iterator[Changes]:
    """Collect what a transaction changed; after it has committed, hurry the others along."""
    changes = Changes()
    yield changes
    for run_id in changes.run_ids:
        engine.hint(run_id)
    for _ in range(min(changes.due, MOST_BELLS)):
        engine.ring()
