"""The one way a run begins and changes: lock, snapshot, plan, apply, and the surfaces that will show it."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from engine.asking import asking_of
from engine.core.definition import MAX_NESTING, JsonValue, OnConflict
from engine.core.eligibility import TERMINAL_TEAM
from engine.core.errors import Conflict, ExpressionProblem, InvalidParameters, InvalidWorkflow
from engine.core.events import (
    ChildEnded,
    Errored,
    Event,
    Failed,
    Outcome,
    RunStarted,
    StartChild,
    StartItems,
    Succeeded,
    TaskFinished,
    Transition,
    WorkerLost,
)
from engine.core.parameters import check_parameters
from engine.core.permission import Capability, Principal
from engine.core.plan import Evaluate, plan
from engine.core.rehearsal import set_unknown_aside
from engine.core.state import RunSnapshot
from engine.core.unusable import end_without_definition
from engine.news import News, news_of
from engine.registry import Registry
from engine.showing import show_run, show_transition
from engine.versions import Versions
from store import children, locking, runs, slots, terminals, transitions
from store.database import Connection, Database
from store.runs import NewRun, ParentStep

if TYPE_CHECKING:
    from engine.core.definition import JsonValue, Workflow
    from store.locking import LockedRun
    from store.slots import Contender


MOST_BELLS = 8
"""Rung for one change: each wakes one worker process, and whoever finds work looks for more."""

LONGEST_KEY = 200
"""Characters of a concurrency key."""

SYSTEM = "handrail"
"""Who the audit trail names for what nobody asked for."""


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
    arguments: Mapping[tuple[str, int], JsonValue] = MappingProxyType({}),
    changes: Changes,
) -> Transition:
    """Let one event happen to a run whose row this transaction has locked. `snapshot` is what was read under
    that lock, if it was; `exit_code` is that of the attempt which the event ends, where it has one; `arguments`
    are those of tasks, by step and item, that were not recorded before. Child runs begin in the same
    transaction."""
    transition = _advance(
        c, engine, locked, event, actor, snapshot=snapshot, exit_code=exit_code, arguments=arguments
    )
    return _begin_children(c, engine, locked, transition, changes)


def _advance(
    c: Connection,
    engine: Engine,
    locked: LockedRun,
    event: Event,
    actor: str,
    *,
    snapshot: RunSnapshot | None = None,
    exit_code: int | None = None,
    arguments: Mapping[tuple[str, int], JsonValue] = MappingProxyType({}),
) -> Transition:
    """The same, but for child runs."""
    snapshot = snapshot or snapshot_for(c, locked, event)
    transition = _plan(c, engine, locked, snapshot, event)
    if transition.is_noop:
        return transition
    transitions.apply_transition(
        c, locked, transition, locked.now, actor, exit_code=exit_code, arguments=arguments
    )
    if locked.team_id != TERMINAL_TEAM:
        show_transition(c, locked, transition)
    return transition


def snapshot_for(c: Connection, locked: LockedRun, event: Event) -> RunSnapshot:
    """All that planning this event needs to know of its run."""
    match event:
        case TaskFinished(step_id) | WorkerLost(step_id):
            goes_on = isinstance(event, TaskFinished) and isinstance(event.outcome, Succeeded)
            return locking.load_snapshot(c, locked, step_id, event.item, goes_on=goes_on)
        case _:
            return locking.load_snapshot(c, locked)


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


def begin_run(c: Connection, engine: Engine, new: NewRun, changes: Changes) -> LockedRun:
    """Put a run on disk and let it begin, or wait for its turn. Raises Conflict when its workflow refuses to start
    beside another run, ExpressionProblem when its concurrency key cannot be computed; nothing is written then."""
    key = _concurrency_key(engine, new)
    is_queued = key is not None and _has_to_wait(c, new, key)
    inserted = runs.insert_run(c, replace(new, concurrency_key=key))
    locked = locking.lock_run(c, inserted.id)
    assert locked is not None, "a run is there in the transaction that inserted it"
    if locked.team_id == TERMINAL_TEAM:
        terminals.hold_run(c, locked.id)
    elif locked.channel_id is not None:
        show_run(c, locked)
    changes.note(locked, advance(c, engine, locked, RunStarted(is_queued), new.requester, changes=changes))
    return locked


def _concurrency_key(engine: Engine, new: NewRun) -> str | None:
    concurrency = new.workflow.concurrency
    if concurrency is None or new.is_rehearsal:
        return None
    names: dict[str, JsonValue] = {
        "params": dict(new.parameters),
        "run": {"requester": new.requester, "channel": new.channel_id},
    }
    return _bounded(str(engine.evaluate.value(concurrency.key, names)))


def _bounded(key: str) -> str:
    """A key that an index can hold: of a longer one, the beginning and a digest of it all."""
    if len(key) <= LONGEST_KEY:
        return key
    digest = hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
    return f"{key[: LONGEST_KEY - len(digest) - 1]}~{digest}"


def _has_to_wait(c: Connection, new: NewRun, key: str) -> bool:
    holder = slots.take_slot(c, new.team_id, key, new.id)
    if holder is None:
        return False
    if new.parent is not None and _waits_for_any(c, holder, children.ancestors(c, new.parent.run_id)):
        raise Conflict(
            f"It would wait for run #{holder.number}, which has the same concurrency key and waits for it. Give "
            "one of them another key."
        )
    require_no_rejection(new.workflow, holder, "start")
    return True


def _waits_for_any(c: Connection, holder: Contender, run_ids: frozenset[str]) -> bool:
    """Whether one of these runs has to end before the holder does: it is the holder, or what the holder has
    started stands in the queue of one of them, or of a run of which the same is true."""
    seen: set[str] = set()
    found = {holder.id}
    while found and not found & run_ids:
        families = set().union(*(children.family(c, run_id) for run_id in found))
        seen |= found
        found = slots.holders_for(c, families) - seen
    return bool(found)


def require_no_rejection(workflow: Workflow, holder: Contender, doing: str) -> None:
    """Raises Conflict when a workflow does nothing, such as "start", beside a run of the same concurrency key."""
    if workflow.concurrency is not None and workflow.concurrency.on_conflict is OnConflict.REJECT:
        raise Conflict(
            f"Run #{holder.number} of {holder.workflow_name}, started by {{people}}, is in progress, and "
            f"{workflow.name} does not {doing} beside it. Nothing was done; try again when #{holder.number} has "
            "ended.",
            (holder.requester,),
        )


def _begin_children(
    c: Connection, engine: Engine, locked: LockedRun, transition: Transition, changes: Changes
) -> Transition:
    """A child that cannot be begun has ended: what follows from that happens at once."""
    waiting = deque(_children_of(transition))
    while waiting:
        effect = waiting.popleft()
        outcome = _begin_child(c, engine, locked, effect, changes)
        if outcome is not None:
            following = _advance(c, engine, locked, ChildEnded(effect.step_id, outcome), SYSTEM)
            waiting.extend(_children_of(following))
            transition = _together(transition, following)
    return transition


def _children_of(transition: Transition) -> list[StartChild]:
    return [effect for effect in transition.effects if isinstance(effect, StartChild)]


def _begin_child(
    c: Connection, engine: Engine, parent: LockedRun, effect: StartChild, changes: Changes
) -> Outcome | None:
    name = effect.action.name
    workflow = engine.registry.get(name)
    if workflow is None:
        return Errored(f"There is no workflow named {name} now.")
    if parent.depth + 1 >= MAX_NESTING:
        return Errored(f"{name} was not started: at most {MAX_NESTING} workflows may start one another.")
    requester = Principal(parent.team_id, parent.requester)
    # Asked when the run was started; its files and the permissions may have changed since. Whoever is at a terminal
    # is an admin in the process there, and in no other.
    policy, is_in_slack = engine.registry.policy(engine.admins), parent.team_id != TERMINAL_TEAM
    if is_in_slack and not policy.might(requester, Capability.RUN_WORKFLOW, name):
        return Errored(f"{name} was not started: whoever started this run may not run it now.")
    try:
        asking = asking_of(c, requester, workflow, parent.channel_id)
        checkable, given, unknown = workflow, effect.action.parameters, dict[str, JsonValue]()
        if parent.is_rehearsal:
            checkable, given, unknown = set_unknown_aside(workflow, given)
        parameters = check_parameters(checkable, given, engine.matches, asking, engine.evaluate)
        new = NewRun(
            parent.team_id,
            workflow,
            {**parameters, **unknown},
            parent.requester,
            parent.channel_id,
            parent.origin,
            parent.is_rehearsal,
            parent=ParentStep(parent.id, effect.step_id, parent.depth + 1),
        )
        begin_run(c, engine, new, changes)
    except (InvalidParameters, ExpressionProblem, Conflict) as problem:
        return Failed(f"{name} could not be started: {problem.sentence}")
    return None


def _together(first: Transition, second: Transition) -> Transition:
    """One transition after another, as if they were one."""
    if second.is_noop:
        return first
    changed = {(task.step_id, task.item): task for task in (*first.tasks, *second.tasks)}
    return replace(
        second,
        tasks=tuple(changed.values()),
        effects=(*first.effects, *second.effects),
        facts=(*first.facts, *second.facts),
    )


@dataclass(slots=True)
class Changes:
    """What a transaction will have changed once it commits."""

    run_ids: list[str] = field(default_factory=list)
    due: int = 0
    """Tasks that became claimable and were not claimed in the same transaction."""
    news: list[News] = field(default_factory=list)
    """What other runs are to learn."""

    def note(self, locked: LockedRun, transition: Transition, *, claimed: int = 0) -> None:
        if transition.is_noop:
            return
        self.run_ids.append(locked.id)
        self.due += sum(task.is_due for task in transition.tasks) - claimed
        self.due += sum(effect.count for effect in transition.effects if isinstance(effect, StartItems))
        self.news.extend(news_of(locked, transition))


@contextmanager
def announced(engine: Engine) -> Iterator[Changes]:
    """Collect what a transaction changed; after it has committed, hurry the others along."""
    changes = Changes()
    yield changes
    for run_id in changes.run_ids:
        engine.hint(run_id)
    for _ in range(min(changes.due, MOST_BELLS)):
        engine.ring()
    if changes.news:
        from engine.following import spread  # it lets other runs advance, by what is here

        spread(engine, changes.news)
