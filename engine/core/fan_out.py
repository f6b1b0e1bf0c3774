"""The items of a `foreach` step: they start in order, so many at a time, and end together."""

from __future__ import annotations

import json
from dataclasses import replace

from engine.core.definition import JsonValue, Step
from engine.core.draft import Draft
from engine.core.events import StartItems
from engine.core.state import FanOut, RunStatus, TaskState, TaskStatus

LARGEST_RESULT = 256 * 1024
"""Of all items together, as JSON."""


def count_end(draft: Draft, item: TaskState) -> None:
    """An item that ran is settled."""
    fan = draft.fan_outs[item.step_id]
    changes: dict[TaskStatus, FanOut] = {
        TaskStatus.COMPLETED: replace(
            fan, completed=fan.completed + 1, results={**fan.results, item.item: item.result}
        ),
        TaskStatus.FAILED: replace(fan, failed=fan.failed + 1),
        TaskStatus.ERROR: replace(fan, errored=fan.errored + 1, unknown=fan.unknown + item.is_unknown),
        TaskStatus.CANCELLED: replace(fan, cancelled=fan.cancelled + 1),
    }
    draft.fan_outs[item.step_id] = replace(changes[item.status], running=fan.running - 1)


def count_repetition(draft: Draft, task: TaskState) -> None:
    """A task that ran is due again."""
    if task.item:
        fan = draft.fan_outs[task.step_id]
        draft.fan_outs[task.step_id] = replace(fan, running=fan.running - 1, due=fan.due + 1)


def start_items(draft: Draft, step_id: str, count: int) -> None:
    fan = draft.fan_outs[step_id]
    draft.effect(StartItems(step_id, count))
    draft.fan_outs[step_id] = replace(fan, pending=fan.pending - count, due=fan.due + count)


def go_on_with_items(draft: Draft, step: Step) -> None:
    """After an item has ended: the next one starts, or the step ends with its last."""
    fan = draft.fan_outs[step.id]
    if fan.pending:
        start_items(draft, step.id, 1)
    elif not fan.active:
        join(draft, step)


def join(draft: Draft, step: Step) -> None:
    """All items are settled, and so is the step."""
    fan, task = draft.fan_outs[step.id], draft.tasks[step.id]
    results: list[JsonValue] = [fan.results.get(number) for number in range(1, fan.size + 1)]
    if len(json.dumps(results)) > LARGEST_RESULT:
        error = "The results of all items are larger than 256 KiB together. Let each item give less."
        draft.settle(task, TaskStatus.ERROR, error=error)
        draft.fact("step_error", step=step.id, error=error)
        draft.fix_outcome(RunStatus.ERROR, f"{step.title}: {error}")
    elif fan.errored or (fan.failed and not (fan.cancelled and step.continue_on_error)):
        status = TaskStatus.ERROR if fan.errored else TaskStatus.FAILED
        bad = fan.errored + fan.failed
        error = f"{bad} of {fan.size} items failed."
        draft.settle(task, status, result=results, error=error)
        draft.fact(f"step_{status.value}", step=step.id, error=error)
    elif fan.cancelled:
        draft.settle(task, TaskStatus.CANCELLED, result=results)
        draft.fact("step_cancelled", step=step.id)
    else:
        draft.settle(task, TaskStatus.COMPLETED, result=results)
        draft.fact("step_completed", step=step.id)
