"""What is true of every run at every instant, and of every transition and round."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from fractions import Fraction

from engine.core.definition import StepKind, Workflow
from engine.core.events import (
    AddItems,
    MarkItems,
    OpenApproval,
    OpenInput,
    ResetItems,
    SendMessage,
    StartChild,
    StartItems,
    StartWait,
    Transition,
)
from engine.core.state import (
    RESUMABLE_RUN_STATUSES,
    RUN_TRANSITIONS,
    TASK_TRANSITIONS,
    RunSnapshot,
    RunStatus,
    TaskState,
    TaskStatus,
)

Items = Mapping[tuple[str, int], TaskState]

_Opener = OpenApproval | OpenInput | SendMessage | StartWait | StartChild

_OPENERS: Mapping[StepKind, type[_Opener]] = {
    StepKind.APPROVAL: OpenApproval,
    StepKind.INPUT: OpenInput,
    StepKind.MESSAGE: SendMessage,
    StepKind.WAIT: StartWait,
    StepKind.WORKFLOW: StartChild,
}


# --- of a transition


def check_transition(
    workflow: Workflow, before: RunSnapshot, transition: Transition, *, is_resumed: bool
) -> None:
    """`before` is the snapshot that was planned from."""
    if transition.is_noop:
        assert (transition.status, transition.outcome) == (before.status, before.outcome)
        assert (transition.error, transition.progress) == (before.error, before.progress)
        assert (transition.tasks, transition.effects, transition.facts) == ((), (), ())
        assert transition.is_queued == before.is_queued
    assert transition.is_new_round == is_resumed
    if is_resumed:
        assert before.status in RESUMABLE_RUN_STATUSES
    else:
        _check_within_round(workflow, before, transition)
    _check_progress(before, transition)
    _check_openers(workflow, before, transition)
    if transition.is_queued:
        assert all(isinstance(effect, ResetItems | MarkItems) for effect in transition.effects), (
            "a queued run waits"
        )


def _check_within_round(workflow: Workflow, before: RunSnapshot, transition: Transition) -> None:
    allowed = RUN_TRANSITIONS[before.status] | {before.status}
    assert transition.status in allowed, f"run: {before.status} -> {transition.status}"
    for task in transition.tasks:
        old = (before.items[task.step_id, task.item] if task.item else before.tasks[task.step_id]).status
        assert task.status in TASK_TRANSITIONS[old] | {old}, f"{task.step_id}: {old} -> {task.status}"
    if before.outcome is None:
        return
    assert (transition.outcome, transition.error) == (before.outcome, before.error)
    for effect in transition.effects:
        if isinstance(effect, AddItems | StartItems | _Opener):
            assert workflow.step(effect.step_id).is_final, f"{effect} begins in a run that is stopping"


def _check_progress(before: RunSnapshot, transition: Transition) -> None:
    if not transition.is_new_round:
        assert transition.progress >= before.progress, "progress never falls within a round"
    assert (transition.progress == 100) == (transition.status is RunStatus.COMPLETED)


def _check_openers(workflow: Workflow, before: RunSnapshot, transition: Transition) -> None:
    """A step waits if and only if what it waits for was opened, once, in the same transition."""
    began = {
        task.step_id: _OPENERS[workflow.step(task.step_id).kind]
        for task in transition.tasks
        if task.status is TaskStatus.WAITING and workflow.step(task.step_id).foreach is None
        if before.tasks[task.step_id].status is not TaskStatus.WAITING
    }
    opened = [(effect.step_id, type(effect)) for effect in transition.effects if isinstance(effect, _Opener)]
    assert Counter(opened) == Counter(began.items())


# --- of an instant


def check_state(
    workflow: Workflow, run: RunSnapshot, items: Items, transition: Transition, open_inputs: Set[str]
) -> None:
    """`transition` is the one that led here."""
    tasks = run.tasks.values()
    waiting = {task.step_id for task in tasks if task.status is TaskStatus.WAITING}
    asked = {step_id for step_id in waiting if workflow.step(step_id).kind is StepKind.APPROVAL}
    assert set(run.approvals) == asked, "an approval is open if and only if its task waits"
    assert open_inputs == {step_id for step_id in waiting if workflow.step(step_id).kind is StepKind.INPUT}
    due = [task for task in (*tasks, *items.values()) if task.is_due]
    running = [task for task in (*tasks, *items.values()) if task.status is TaskStatus.RUNNING]
    assert all(task.status is TaskStatus.PENDING for task in due)
    assert run.status.is_terminal == all(task.status.is_settled for task in tasks)
    assert all(task.is_due or task in running for task in (*tasks, *items.values()) if task.delay_seconds)
    _check_items(workflow, run, items)
    _check_stopping(workflow, run, items)
    moves = bool(running or due or waiting - asked)
    if run.is_queued:
        assert run.status is RunStatus.PENDING
        assert not moves
        assert not asked
    elif not run.status.is_terminal and (transition.facts or run.status is not RunStatus.PENDING):
        assert moves or asked, "a run that is not over waits for something"
    if not run.status.is_terminal:
        assert (run.status is RunStatus.WAITING_FOR_APPROVAL) == (bool(asked) and not moves)
    _check_share(workflow, run, items, transition)


def _check_items(workflow: Workflow, run: RunSnapshot, items: Items) -> None:
    for step_id in dict.fromkeys(step_id for step_id, _ in items):
        foreach = workflow.step(step_id).foreach
        assert foreach is not None
        own = [task for (owner, _), task in sorted(items.items()) if owner == step_id]
        active = [task.item for task in own if task.is_due or task.status is TaskStatus.RUNNING]
        fresh = [task.item for task in own if task.status is TaskStatus.PENDING and not task.is_due]
        assert len(active) <= foreach.max_parallel, "more items at once than allowed"
        if run.tasks[step_id].status is TaskStatus.WAITING:
            assert active, "a fan-out waits, and none of its items is under way"
            assert not fresh or len(active) == foreach.max_parallel, "an item could start and does not"
            assert not fresh or max(active) < fresh[0], "items start in their order"
        elif run.tasks[step_id].status.is_settled:
            assert all(task.status.is_settled for task in own), "a fan-out ends with its last item"
        else:
            assert not active, "items are under way of a fan-out that has not begun"


def _check_stopping(workflow: Workflow, run: RunSnapshot, items: Items) -> None:
    """Once the outcome is fixed, of the main steps only what ran before goes on."""
    if run.outcome is None:
        return
    mains = {step.id for step in workflow.steps if not step.is_final}
    assert not [task for task in items.values() if task.step_id in mains and task.is_due]
    for task in run.tasks.values():
        step = workflow.step(task.step_id)
        if step.is_final:
            continue
        assert task.status is not TaskStatus.PENDING, "nothing starts in a run that is stopping"
        if task.status is TaskStatus.WAITING:
            assert step.foreach is not None or step.kind is StepKind.WORKFLOW


def _check_share(workflow: Workflow, run: RunSnapshot, items: Items, transition: Transition) -> None:
    """Progress, counted from the items themselves: planning must have counted the same."""
    if transition.is_noop or run.status is RunStatus.COMPLETED:
        return
    done = Fraction()
    for task in run.tasks.values():
        own = [each for (owner, _), each in items.items() if owner == task.step_id]
        if task.status is TaskStatus.WAITING and own:
            settled = [each.status for each in own if each.status.is_settled]
            done += Fraction(len([each for each in settled if each is not TaskStatus.CANCELLED]), len(own))
        elif task.status.is_settled and task.status is not TaskStatus.CANCELLED:
            done += 1
    percent = min(99, int(100 * done / len(workflow.steps)))
    assert transition.progress >= percent
    if transition.is_new_round:
        assert transition.progress == percent


# --- of a round that is over

_ENDS = frozenset(
    f"step_{end}" for end in ("completed", "failed", "error", "cancelled", "skipped", "marked_done")
)
_RUN_ENDS = frozenset(f"run_{status.value}" for status in RunStatus if status.is_terminal)


def check_round(workflow: Workflow, transitions: Sequence[Transition]) -> None:
    """Beginnings, joins and `finally` happen once a round, and the round ends once."""
    facts = [fact for transition in transitions for fact in transition.facts]
    of_steps = [fact for fact in facts if "step" in fact.data and "item" not in fact.data]
    scheduled = Counter(str(fact.data["step"]) for fact in of_steps if fact.kind == "step_scheduled")
    ended = Counter(str(fact.data["step"]) for fact in of_steps if fact.kind in _ENDS)
    assert max((*scheduled.values(), *ended.values()), default=0) <= 1, f"{scheduled} {ended}"
    if _has_begun(transitions) and not any(fact.kind == "cancel_forced" for fact in facts):
        for step in workflow.steps:
            assert not step.is_final or ended[step.id] == 1, f"{step.id} of finally did not happen"
    assert [fact.kind in _RUN_ENDS for fact in facts].count(True) == 1
    assert facts[-1].kind in _RUN_ENDS


def _has_begun(transitions: Sequence[Transition]) -> bool:
    """Whether the run left the queue: cancelled in there, it has nothing to tidy up."""
    begins = ("run_started", "run_admitted", "run_resumed")
    return any(
        fact.kind in begins and not transition.is_queued
        for transition in transitions
        for fact in transition.facts
    )
