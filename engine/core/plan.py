"""The rules of a run: what follows from one event. The shell loads a snapshot, plans, applies and commits.

event -> what it changes by itself (`_record`)
      -> steps that may start now (`_start_ready_steps`), unless the run is stopping
      -> the run's end (`_end_run`), when nothing of it is active any more
"""

from __future__ import annotations

from collections import deque
from typing import assert_never

from engine.core.approval import (
    Verdict,
    approvers_among,
    check_reachable,
    resolve_approval,
    verdict,
)
from engine.core.definition import ApprovalAction, OnTimeout, Step, StepKind, WaitAction, Workflow
from engine.core.draft import Draft
from engine.core.durations import parse_duration
from engine.core.errors import ExpressionProblem
from engine.core.evaluate import Evaluate
from engine.core.events import (
    ApprovalDecided,
    ApprovalExpired,
    ApprovalStatus,
    CancelRequested,
    CloseApproval,
    Effect,
    Errored,
    Event,
    Failed,
    OpenApproval,
    Outcome,
    RunStarted,
    StartWait,
    Stopped,
    Succeeded,
    TaskFinished,
    Transition,
    WaitEnded,
    WorkerLost,
)
from engine.core.state import Ballot, RunSnapshot, RunStatus, TaskState, TaskStatus

__all__ = ["MAX_LOST_WORKERS", "Evaluate", "initial_tasks", "plan"]

MAX_FACT_TEXT = 500

MAX_LOST_WORKERS = 3
"""An idempotent step that lost this many workers is not started again."""


def initial_tasks(workflow: Workflow) -> tuple[TaskState, ...]:
    """The tasks of a new run, in the file's order."""
    return tuple(TaskState(step.id, TaskStatus.PENDING) for step in workflow.steps)


def plan(workflow: Workflow, snapshot: RunSnapshot, event: Event, evaluate: Evaluate) -> Transition:
    """What follows from the event.

    Late and repeated events change nothing (`is_noop`). The snapshot is the run before the event: a ballot
    that is among its ballots already counts as repeated.
    """
    draft = Draft(workflow, snapshot)
    if not snapshot.status.is_terminal:
        _record(draft, event)
    if draft.facts:  # every event that changes something leaves a fact
        if draft.outcome is None:
            _start_ready_steps(draft, evaluate)
        if not draft.is_active:
            _end_run(draft, evaluate)
    return draft.transition()


def _record(draft: Draft, event: Event) -> None:
    if _comes_late(draft, event):
        return
    match event:
        case RunStarted():
            draft.fact("run_started")
        case TaskFinished(step_id, _, outcome):
            _finish_task(draft, step_id, outcome)
        case WorkerLost(step_id, attempt):
            _lose_worker(draft, draft.steps[step_id], attempt)
        case ApprovalDecided(step_id, ballot):
            _count_ballot(draft, draft.steps[step_id], ballot)
        case ApprovalExpired(step_id):
            _expire_approval(draft, draft.steps[step_id])
        case WaitEnded(step_id):
            _complete(draft, step_id, Succeeded())
        case CancelRequested(by):
            _cancel(draft, by)
        case _:
            assert_never(event)


def _comes_late(draft: Draft, event: Event) -> bool:
    """Whether what the event speaks of is over: another attempt, a settled task, a run that has begun."""
    match event:
        case RunStarted():
            return draft.has_started
        case TaskFinished(step_id, attempt) | WorkerLost(step_id, attempt):
            return not draft.is_running(step_id, attempt)
        case ApprovalDecided(step_id) | ApprovalExpired(step_id):
            return not draft.is_waiting(step_id, StepKind.APPROVAL)
        case WaitEnded(step_id):
            return not draft.is_waiting(step_id, StepKind.WAIT)
        case CancelRequested():
            return False


# --- what an event changes by itself


def _finish_task(draft: Draft, step_id: str, outcome: Outcome) -> None:
    title = draft.steps[step_id].title
    match outcome:
        case Succeeded():
            _complete(draft, step_id, outcome)
        case Failed(error, result):
            draft.settle(step_id, TaskStatus.FAILED, result=result, error=error)
            draft.fact("step_failed", step=step_id, error=error[:MAX_FACT_TEXT])
            draft.stop(RunStatus.FAILED, f"{title} failed: {error}")
        case Errored(error):
            _break_off(draft, step_id, error)
        case Stopped():
            draft.settle(step_id, TaskStatus.CANCELLED)
            draft.fact("step_cancelled", step=step_id)
            draft.stop(RunStatus.CANCELLED, f"{title} was stopped.")
        case _:
            assert_never(outcome)


def _complete(draft: Draft, step_id: str, outcome: Succeeded) -> None:
    draft.settle(step_id, TaskStatus.COMPLETED, result=outcome.result)
    draft.fact("step_completed", step=step_id)


def _break_off(draft: Draft, step_id: str, error: str) -> None:
    """The step ends in error, for a reason that is not its own, and so does the run."""
    draft.settle(step_id, TaskStatus.ERROR, error=error)
    draft.fact("step_error", step=step_id, error=error[:MAX_FACT_TEXT])
    draft.stop(RunStatus.ERROR, f"{draft.steps[step_id].title}: {error}")


def _lose_worker(draft: Draft, step: Step, attempt: int) -> None:
    draft.fact("worker_lost", step=step.id, attempt=attempt)
    if not step.idempotent:
        _break_off(draft, step.id, "The worker was lost; whether the step took effect is unknown.")
    elif draft.outcome is not None:
        draft.settle(step.id, TaskStatus.CANCELLED, error="The worker was lost while the run was stopping.")
    elif attempt >= MAX_LOST_WORKERS:
        _break_off(draft, step.id, f"The step lost its worker {attempt} times.")
    else:
        draft.change(step.id, TaskStatus.PENDING, is_due=True)


def _count_ballot(draft: Draft, step: Step, ballot: Ballot) -> None:
    approval = draft.snapshot.approvals.get(step.id)
    if approval is None or any(earlier.user_id == ballot.user_id for earlier in approval.ballots):
        return
    draft.fact("decision_made", step=step.id, by=ballot.user_id, approve=ballot.approve)
    ballots = (*approval.ballots, ballot)
    match verdict(ballots, approval.required):
        case Verdict.APPROVED:
            _approve(draft, step.id, ballots)
        case Verdict.REJECTED:
            draft.settle(step.id, TaskStatus.REJECTED, result={"rejected_by": ballot.user_id})
            draft.effect(CloseApproval(step.id, ApprovalStatus.REJECTED))
            draft.fact("approval_rejected", step=step.id, by=ballot.user_id)
            draft.stop(RunStatus.REJECTED, f"{step.title} was rejected.")
        case Verdict.OPEN:
            pass


def _approve(draft: Draft, step_id: str, ballots: tuple[Ballot, ...]) -> None:
    draft.settle(step_id, TaskStatus.COMPLETED, result={"approved_by": [*approvers_among(ballots)]})
    draft.effect(CloseApproval(step_id, ApprovalStatus.APPROVED))
    draft.fact("approval_approved", step=step_id)


def _expire_approval(draft: Draft, step: Step) -> None:
    assert isinstance(step.action, ApprovalAction)
    draft.fact("approval_expired", step=step.id, on_timeout=step.action.on_timeout.value)
    if step.action.on_timeout is OnTimeout.APPROVE:
        approval = draft.snapshot.approvals.get(step.id)
        _approve(draft, step.id, approval.ballots if approval else ())
        return
    error = "Nobody decided in time."
    draft.settle(step.id, TaskStatus.REJECTED, error=error)
    draft.effect(CloseApproval(step.id, ApprovalStatus.EXPIRED))
    draft.stop(RunStatus.REJECTED, f"{step.title} was rejected: {error}")


def _cancel(draft: Draft, by: str) -> None:
    """Stop the run. A run that is stopping already keeps its outcome, but running steps are told to end."""
    is_told = draft.stop_running_tasks()
    if is_told or draft.outcome is None:
        draft.fact("cancel_requested", by=by)
        draft.stop(RunStatus.CANCELLED, None)


# --- what may start now


def _start_ready_steps(draft: Draft, evaluate: Evaluate) -> None:
    """Skip or start every step whose needs are settled. One whose start cannot be computed stops the run,
    and then nothing else starts either."""
    starting: list[tuple[Step, Effect | None]] = []
    candidates = deque(draft.workflow.steps)
    while candidates:
        step = candidates.popleft()
        if not draft.is_ready(step):
            continue
        try:
            if _is_skipped(draft, step, evaluate):
                _skip(draft, step)
                candidates.extend(draft.dependants[step.id])
            else:
                starting.append((step, _first_effect(draft, step, evaluate)))
        except ExpressionProblem as problem:
            _break_off(draft, step.id, problem.sentence)
            return
    for step, effect in starting:
        _start(draft, step, effect)


def _is_skipped(draft: Draft, step: Step, evaluate: Evaluate) -> bool:
    if any(draft.tasks[needed].status is TaskStatus.SKIPPED for needed in step.needs):
        return True
    return step.condition is not None and not evaluate.condition(step.condition, draft.names)


def _skip(draft: Draft, step: Step) -> None:
    draft.settle(step.id, TaskStatus.SKIPPED)
    draft.fact("step_skipped", step=step.id)


def _first_effect(draft: Draft, step: Step, evaluate: Evaluate) -> Effect | None:
    """What a step that waits asks of the shell; None for a step that a worker carries out."""
    match step.action:
        case ApprovalAction() as action:
            asked = resolve_approval(action, evaluate, draft.names)
            check_reachable(asked, draft.snapshot.requester)
            return OpenApproval(step.id, asked, step.timeout_seconds)
        case WaitAction(duration):
            return StartWait(step.id, _seconds(evaluate.value(duration, draft.names)))
        case _:
            return None


def _seconds(value: object) -> float:
    try:
        return parse_duration(value)
    except ValueError as error:
        raise ExpressionProblem(str(error)) from error


def _start(draft: Draft, step: Step, effect: Effect | None) -> None:
    draft.fact("step_scheduled", step=step.id)
    if effect is None:
        draft.change(step.id, TaskStatus.PENDING, is_due=True)
        return
    draft.change(step.id, TaskStatus.WAITING)
    draft.effect(effect)
    if isinstance(effect, OpenApproval):
        draft.fact("approval_requested", step=step.id, required=effect.action.required)


# --- the end


def _end_run(draft: Draft, evaluate: Evaluate) -> None:
    if draft.outcome is None:
        try:
            outputs = draft.workflow.outputs
            draft.outputs = {name: evaluate.value(outputs[name], draft.names) for name in outputs}
        except ExpressionProblem as problem:
            draft.stop(RunStatus.ERROR, f"The outputs could not be computed: {problem.sentence}")
    ended = draft.outcome or RunStatus.COMPLETED
    draft.fact(f"run_{ended.value}")
