"""The end of a run whose definition cannot be used any more: there is nothing left to plan with."""

from __future__ import annotations

from dataclasses import replace

from engine.core.events import (
    ApprovalStatus,
    CancelItems,
    CloseApproval,
    CloseInput,
    Fact,
    InputStatus,
    Transition,
)
from engine.core.state import RunSnapshot, RunStatus, TaskState, TaskStatus


def end_without_definition(snapshot: RunSnapshot, error: str) -> Transition:
    """Every task that is not settled ends with the run, as Error; a run that has ended stays as it is.

    What a worker is just doing is given up: its attempt owns nothing from here on, and is stopped for that.
    """
    if snapshot.status.is_terminal:
        return Transition(snapshot.status, snapshot.outcome, snapshot.error, is_noop=True)
    ended = tuple(_ended(task, error) for task in snapshot.tasks.values() if not task.status.is_settled)
    return Transition(
        status=RunStatus.ERROR,
        outcome=RunStatus.ERROR,
        error=error,
        tasks=ended,
        effects=(
            *(CloseApproval(step_id, ApprovalStatus.CANCELLED) for step_id in snapshot.approvals),
            *(CloseInput(step_id, InputStatus.CANCELLED) for step_id in snapshot.inputs),
            *(
                CancelItems(step_id, fan.pending + fan.active, are_running=True)
                for step_id, fan in snapshot.fan_outs.items()
                if fan.pending + fan.active
            ),
        ),
        facts=(Fact("definition_unusable", {"error": error[:500]}), Fact("run_error")),
    )


def _ended(task: TaskState, error: str) -> TaskState:
    if task.status is TaskStatus.RUNNING:
        return replace(task, status=TaskStatus.ERROR, error=error)
    return replace(task, status=TaskStatus.CANCELLED, is_due=False)
