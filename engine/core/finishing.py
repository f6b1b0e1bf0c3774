"""What the end of an attempt, an answer, or the end of a wait changes by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import assert_never

from engine.core.approval import Verdict, approvers_among, verdict
from engine.core.definition import (
    ApprovalAction,
    InputAction,
    JsonValue,
    OnNoAnswer,
    OnTimeout,
    Step,
    StepKind,
)
from engine.core.draft import Draft
from engine.core.events import (
    ApprovalStatus,
    CloseApproval,
    CloseInput,
    Errored,
    Failed,
    InputStatus,
    Outcome,
    Stopped,
    Succeeded,
    TaskFinished,
)
from engine.core.fan_out import count_end, count_repetition, go_on_with_items
from engine.core.rehearsal import unknown
from engine.core.retrying import is_tried_again, pause_seconds
from engine.core.state import Ballot, RunStatus, TaskState, TaskStatus

MAX_FACT_TEXT = 500

LEFT_OUT = frozenset({StepKind.RUN, StepKind.HTTP, StepKind.PYTHON})
"""Steps that a worker only speaks of in a rehearsal."""

MAX_LOST_WORKERS = 3
"""An idempotent step that lost this many workers in a round is not started again."""


def finish_attempt(draft: Draft, event: TaskFinished) -> None:
    task = draft.task(event.step_id, event.item)
    assert task is not None, "an event of an unknown task comes late"
    step, outcome = draft.steps[event.step_id], event.outcome
    if isinstance(outcome, Failed) and not draft.is_given_up(task) and is_tried_again(step, task, outcome):
        _try_again(draft, step, task, outcome, event.chance)
    else:
        _settle(draft, step, task, outcome)


def finish_waiting(draft: Draft, step_id: str, outcome: Outcome) -> None:
    """A wait is over, a message is out, a child run has ended."""
    _settle(draft, draft.steps[step_id], draft.tasks[step_id], outcome)


def _try_again(draft: Draft, step: Step, task: TaskState, failed: Failed, chance: float) -> None:
    assert step.retry is not None, "only a step with retry is tried again"
    pause = pause_seconds(step.retry, task.failures + 1, chance)
    again = replace(
        task,
        status=TaskStatus.PENDING,
        is_due=True,
        delay_seconds=pause,
        failures=task.failures + 1,
        error=failed.error,
    )
    draft.put(again)
    count_repetition(draft, again)
    draft.fact(
        "step_retried", **_which(task), attempt=task.attempt, error=failed.error[:MAX_FACT_TEXT], pause=pause
    )


def _settle(draft: Draft, step: Step, task: TaskState, outcome: Outcome) -> None:
    match outcome:
        case Succeeded(result):
            draft.settle(task, TaskStatus.COMPLETED, result=_result(draft, step, task, result))
            draft.fact("step_completed", **_which(task))
            ends_as: tuple[RunStatus, str] | None = None
        case Failed(error, result):
            draft.settle(task, TaskStatus.FAILED, result=result, error=error)
            draft.fact("step_failed", **_which(task), error=error[:MAX_FACT_TEXT])
            ends_as = RunStatus.FAILED, f"{_name(step, task)} failed: {error}"
        case Errored(error):
            draft.settle(task, TaskStatus.ERROR, error=error)
            draft.fact("step_error", **_which(task), error=error[:MAX_FACT_TEXT])
            ends_as = RunStatus.ERROR, f"{_name(step, task).rstrip(',')}: {error}"
        case Stopped():
            draft.settle(task, TaskStatus.CANCELLED)
            draft.fact("step_cancelled", **_which(task))
            ends_as = RunStatus.CANCELLED, f"{_name(step, task)} was stopped."
        case _:
            assert_never(outcome)
    _close(draft, step, task, ends_as)


def _result(draft: Draft, step: Step, task: TaskState, result: JsonValue) -> JsonValue:
    """What a step gives. In a rehearsal, nobody knows what those would give that were left out."""
    if not draft.snapshot.is_rehearsal or step.kind not in LEFT_OUT:
        return result
    place = f"[{task.item - 1}]" if task.item else ""
    return unknown(f"steps.{step.id}.result{place}")


def _close(draft: Draft, step: Step, task: TaskState, ends_as: tuple[RunStatus, str] | None) -> None:
    """What a settled task means for its run and, if it is an item, for its fan-out."""
    is_tolerated = ends_as is not None and ends_as[0] is RunStatus.FAILED and step.continue_on_error
    if task.item:
        count_end(draft, draft.items[task.step_id, task.item])
        if ends_as is not None and not is_tolerated:
            draft.cancel_items(step.id)
    if ends_as is not None and not is_tolerated:
        draft.fix_outcome(*ends_as)
    if task.item:
        go_on_with_items(draft, step)


def _which(task: TaskState) -> dict[str, JsonValue]:
    return {"step": task.step_id, "item": task.item} if task.item else {"step": task.step_id}


def _name(step: Step, task: TaskState) -> str:
    return f"{step.title}, item {task.item}," if task.item else step.title


def lose_worker(draft: Draft, step_id: str, attempt: int, item: int) -> None:
    step, task = draft.steps[step_id], draft.task(step_id, item)
    assert task is not None, "an event of an unknown task comes late"
    draft.fact("worker_lost", **_which(task), attempt=attempt)
    losses = task.losses + 1
    if not step.idempotent:
        draft.put(replace(draft.tasks[step_id], is_unknown=True))  # of a fan-out, too
        task = replace(task, is_unknown=True)
        _settle(draft, step, task, Errored("The worker was lost; whether the step took effect is unknown."))
    elif draft.is_given_up(task):
        draft.settle(task, TaskStatus.CANCELLED, error="The worker was lost while the run was stopping.")
        _close(draft, step, task, None)
    elif losses >= MAX_LOST_WORKERS:
        _settle(
            draft, step, replace(task, losses=losses), Errored(f"The step lost its worker {losses} times.")
        )
    else:
        again = replace(
            task, status=TaskStatus.PENDING, is_due=True, losses=losses, delay_seconds=0.0, error=None
        )
        draft.put(again)
        count_repetition(draft, again)


# --- people


def count_ballot(draft: Draft, step: Step, ballot: Ballot) -> None:
    approval = draft.snapshot.approvals.get(step.id)
    if approval is None or any(earlier.user_id == ballot.user_id for earlier in approval.ballots):
        return
    draft.fact("decision_made", step=step.id, by=ballot.user_id, approve=ballot.approve)
    ballots = (*approval.ballots, ballot)
    match verdict(ballots, approval.required):
        case Verdict.APPROVED:
            _approve(draft, step.id, ballots)
        case Verdict.REJECTED:
            draft.settle(draft.tasks[step.id], TaskStatus.REJECTED, result={"rejected_by": ballot.user_id})
            draft.effect(CloseApproval(step.id, ApprovalStatus.REJECTED))
            draft.fact("approval_rejected", step=step.id, by=ballot.user_id)
            draft.fix_outcome(RunStatus.REJECTED, f"{step.title} was rejected.")
        case Verdict.OPEN:
            pass


def _approve(draft: Draft, step_id: str, ballots: tuple[Ballot, ...]) -> None:
    result: JsonValue = {"approved_by": [*approvers_among(ballots)]}
    draft.settle(draft.tasks[step_id], TaskStatus.COMPLETED, result=result)
    draft.effect(CloseApproval(step_id, ApprovalStatus.APPROVED))
    draft.fact("approval_approved", step=step_id)


def expire_approval(draft: Draft, step: Step) -> None:
    assert isinstance(step.action, ApprovalAction)
    draft.fact("approval_expired", step=step.id, on_timeout=step.action.on_timeout.value)
    if step.action.on_timeout is OnTimeout.APPROVE:
        approval = draft.snapshot.approvals.get(step.id)
        _approve(draft, step.id, approval.ballots if approval else ())
        return
    error = "Nobody decided in time."
    draft.settle(draft.tasks[step.id], TaskStatus.REJECTED, error=error)
    draft.effect(CloseApproval(step.id, ApprovalStatus.EXPIRED))
    draft.fix_outcome(RunStatus.REJECTED, f"{step.title} was rejected: {error}")


def answer_input(draft: Draft, step_id: str, by: str, values: Mapping[str, JsonValue]) -> None:
    draft.effect(CloseInput(step_id, InputStatus.ANSWERED))
    draft.fact("input_answered", step=step_id, by=by)
    finish_waiting(draft, step_id, Succeeded(dict(values)))


def expire_input(draft: Draft, step: Step) -> None:
    action = step.action
    assert isinstance(action, InputAction)
    draft.effect(CloseInput(step.id, InputStatus.EXPIRED))
    draft.fact("input_expired", step=step.id, on_timeout=action.on_timeout.value)
    if action.on_timeout is OnNoAnswer.DEFAULTS:
        finish_waiting(draft, step.id, Succeeded({field.name: field.default for field in action.fields}))
    else:
        finish_waiting(draft, step.id, Failed("Nobody answered in time."))
