"""The rules of a run: what follows from one event. The shell loads a snapshot, plans, applies and commits.

event -> what it changes by itself (`finishing`, `stopping`, `resuming`)
      -> steps that may start now (`starting`), unless the run is stopping or queued
      -> final steps, once all others are settled
      -> the run's end, when nothing of it is active any more
"""

from __future__ import annotations

from typing import assert_never

from engine.core.definition import StepKind, Workflow
from engine.core.draft import Draft
from engine.core.errors import ExpressionProblem
from engine.core.evaluate import Evaluate
from engine.core.events import (
    ApprovalDecided,
    ApprovalExpired,
    CancelRequested,
    ChildEnded,
    Event,
    InputAnswered,
    InputExpired,
    MessageSettled,
    RunAdmitted,
    RunExpired,
    RunResumed,
    RunStarted,
    StartRunTimer,
    StepEvent,
    Succeeded,
    TaskFinished,
    Transition,
    WaitEnded,
    WorkerLost,
)
from engine.core.finishing import (
    MAX_LOST_WORKERS,
    answer_input,
    count_ballot,
    expire_approval,
    expire_input,
    finish_attempt,
    finish_waiting,
    lose_worker,
)
from engine.core.resuming import resume
from engine.core.starting import start_ready_steps
from engine.core.state import RESUMABLE_RUN_STATUSES, RunSnapshot, RunStatus, TaskState, TaskStatus
from engine.core.stopping import cancel, expire

__all__ = ["MAX_LOST_WORKERS", "Evaluate", "initial_tasks", "plan"]


def initial_tasks(workflow: Workflow) -> tuple[TaskState, ...]:
    """The tasks of a new run, in the file's order."""
    return tuple(TaskState(step.id, TaskStatus.PENDING) for step in workflow.steps)


def plan(workflow: Workflow, snapshot: RunSnapshot, event: Event, evaluate: Evaluate) -> Transition:
    """What follows from the event.

    Late and repeated events change nothing (`is_noop`). The snapshot is the run before the event: a ballot
    that is among its ballots already counts as repeated.
    """
    draft = Draft(workflow, snapshot)
    if not _comes_late(draft, event):
        _record(draft, event)
    if draft.facts:  # every event that changes something leaves a fact
        _go_on(draft, evaluate)
    return draft.transition()


def _comes_late(draft: Draft, event: Event) -> bool:
    """Whether what the event speaks of is over: another attempt, a settled task, a run that has begun or ended."""
    status = draft.snapshot.status
    if isinstance(event, RunResumed):
        return status not in RESUMABLE_RUN_STATUSES
    if status.is_terminal:
        return True
    match event:
        case RunStarted():
            return draft.has_started
        case RunAdmitted():
            return not draft.is_queued
        case TaskFinished(step_id, attempt) | WorkerLost(step_id, attempt):
            return not draft.is_running(step_id, attempt, event.item)
        case CancelRequested() | RunExpired():
            return False
        case _:
            return not draft.is_waiting(event.step_id, _WAITING_FOR[type(event)])


_WAITING_FOR = {
    ApprovalDecided: StepKind.APPROVAL,
    ApprovalExpired: StepKind.APPROVAL,
    InputAnswered: StepKind.INPUT,
    InputExpired: StepKind.INPUT,
    WaitEnded: StepKind.WAIT,
    MessageSettled: StepKind.MESSAGE,
    ChildEnded: StepKind.WORKFLOW,
}
"""Which kind of step, waiting, an event speaks of."""


def _record(draft: Draft, event: Event) -> None:
    match event:
        case RunStarted(is_queued):
            draft.is_queued = is_queued
            draft.fact("run_queued" if is_queued else "run_started")
            _start_timer(draft)
        case RunAdmitted():
            draft.is_queued = False
            draft.fact("run_admitted")
            _start_timer(draft)
        case RunResumed():
            resume(draft, event)
            _start_timer(draft)
        case RunExpired():
            expire(draft)
        case CancelRequested(by, is_forced):
            cancel(draft, by, is_forced=is_forced)
        case _:
            _record_of_step(draft, event)


def _record_of_step(draft: Draft, event: StepEvent) -> None:
    match event:
        case TaskFinished():
            finish_attempt(draft, event)
        case WorkerLost(step_id, attempt, item):
            lose_worker(draft, step_id, attempt, item)
        case ApprovalDecided(step_id, ballot):
            count_ballot(draft, draft.steps[step_id], ballot)
        case ApprovalExpired(step_id):
            expire_approval(draft, draft.steps[step_id])
        case InputAnswered(step_id, by, values):
            answer_input(draft, step_id, by, values)
        case InputExpired(step_id):
            expire_input(draft, draft.steps[step_id])
        case WaitEnded(step_id):
            finish_waiting(draft, step_id, Succeeded())
        case MessageSettled(step_id, outcome) | ChildEnded(step_id, outcome):
            finish_waiting(draft, step_id, outcome)
        case _:
            assert_never(event)


def _start_timer(draft: Draft) -> None:
    """The run's own timeout counts from when it may begin."""
    seconds = draft.workflow.timeout_seconds
    if seconds is not None and not draft.is_queued:
        draft.effect(StartRunTimer(seconds))


def _go_on(draft: Draft, evaluate: Evaluate) -> None:
    if not draft.is_queued:
        if draft.outcome is None:
            start_ready_steps(draft, evaluate, are_final=False)
        if draft.is_main_settled:
            start_ready_steps(draft, evaluate, are_final=True)
    if not draft.is_active:
        _end_run(draft, evaluate)


def _end_run(draft: Draft, evaluate: Evaluate) -> None:
    if draft.outcome is None:
        try:
            outputs = draft.workflow.outputs
            draft.outputs = {name: evaluate.value(outputs[name], draft.names) for name in outputs}
        except ExpressionProblem as problem:
            draft.fix_outcome(RunStatus.ERROR, f"The outputs could not be computed: {problem.sentence}")
    draft.is_queued = False
    ended = draft.outcome or RunStatus.COMPLETED
    draft.fact(f"run_{ended.value}")
