"""A new round of a run that did not complete: what completed stays, the rest is done again."""

from __future__ import annotations

from dataclasses import replace

from engine.core.draft import Draft
from engine.core.events import ResetItems, RunResumed
from engine.core.graph import descendants
from engine.core.state import FanOut, TaskState, TaskStatus

_UNFINISHED = frozenset({TaskStatus.FAILED, TaskStatus.ERROR, TaskStatus.REJECTED, TaskStatus.CANCELLED})


def resume(draft: Draft, event: RunResumed) -> None:
    """Begin the new round. Approvals and inputs among the rest are asked again."""
    tasks = draft.tasks
    done = {step_id for step_id, task in tasks.items() if task.is_unknown and step_id in event.done}
    again = {step_id for step_id, task in tasks.items() if _is_done_again(draft, task)} - done
    behind = descendants({step.id: step.needs for step in draft.workflow.steps}, again | done)
    again |= {step_id for step_id in behind if tasks[step_id].status is TaskStatus.SKIPPED}
    draft.fact("run_resumed", by=event.by, steps=[*filter(again.__contains__, tasks)])
    draft.outcome, draft.error = None, None
    draft.is_new_round, draft.is_queued = True, event.is_queued
    for step_id, task in [*tasks.items()]:
        if step_id in again:
            _reset(draft, task)
        elif step_id in done:
            draft.settle(replace(task, is_unknown=False), TaskStatus.COMPLETED)
            draft.fact("step_marked_done", step=step_id, by=event.by)


def _is_done_again(draft: Draft, task: TaskState) -> bool:
    step = draft.steps[task.step_id]
    if step.is_final:
        return True  # whatever became of it: what it tidies up happens again
    # a failure that the run went on with is part of what was done
    return task.status in _UNFINISHED and not (task.status is TaskStatus.FAILED and step.continue_on_error)


def _reset(draft: Draft, task: TaskState) -> None:
    draft.put(TaskState(task.step_id, TaskStatus.PENDING, task.attempt))
    fan = draft.fan_outs.get(task.step_id)
    if fan is None:
        return
    is_all = draft.steps[task.step_id].is_final
    kept = FanOut(completed=fan.completed, results=fan.results) if not is_all else FanOut()
    count = fan.settled - kept.completed
    if count:
        draft.effect(ResetItems(task.step_id, count, is_all))
    draft.fan_outs[task.step_id] = replace(kept, pending=fan.pending + count)
