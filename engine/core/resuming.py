"""A new round of a run that did not complete: what completed stays, the rest is done again."""

from __future__ import annotations

from dataclasses import replace

from engine.core.draft import Draft
from engine.core.events import MarkItems, ResetItems, RunResumed
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
            _reset(draft, task, is_all=draft.steps[step_id].is_final)
        elif step_id in done:
            _mark_done(draft, task, event.by)


def _is_done_again(draft: Draft, task: TaskState) -> bool:
    step = draft.steps[task.step_id]
    if step.is_final:
        return True  # whatever became of it: what it tidies up happens again
    # a failure that the run went on with is part of what was done
    return task.status in _UNFINISHED and not (task.status is TaskStatus.FAILED and step.continue_on_error)


def _mark_done(draft: Draft, task: TaskState, by: str) -> None:
    """Of a fan-out the items whose outcome is unknown are done: nobody says anything of those that never began."""
    fan = draft.fan_outs.get(task.step_id)
    if fan is None:
        draft.settle(replace(task, is_unknown=False), TaskStatus.COMPLETED)
        draft.fact("step_marked_done", step=task.step_id, by=by)
        return
    draft.fact("items_marked_done", step=task.step_id, by=by, items=fan.unknown)
    draft.effect(MarkItems(task.step_id, fan.unknown))
    draft.fan_outs[task.step_id] = replace(
        fan, completed=fan.completed + fan.unknown, errored=fan.errored - fan.unknown, unknown=0
    )
    _reset(draft, task, is_all=False)


def _reset(draft: Draft, task: TaskState, *, is_all: bool) -> None:
    draft.put(TaskState(task.step_id, TaskStatus.PENDING, task.attempt))
    fan = draft.fan_outs.get(task.step_id)
    if fan is None:
        return
    kept = FanOut(completed=fan.completed, results=fan.results) if not is_all else FanOut()
    count = fan.settled - kept.completed
    if count:
        draft.effect(ResetItems(task.step_id, count, is_all))
    draft.fan_outs[task.step_id] = replace(kept, pending=fan.pending + count)
