"""How a run and its steps do, measured by how long they usually take."""

from __future__ import annotations

from blocks.text import safe
from engine.core.expected import is_slower, remark
from engine.core.picture import RunPicture, TaskPicture

SLOW_STEPS_SHOWN = 3


def expected_lines(picture: RunPicture) -> list[str]:
    """What there is to say, as mrkdwn; mostly one line, or none. A rehearsal is not measured."""
    expected = picture.expected
    if expected is None or picture.is_rehearsal or picture.is_queued:
        return []
    said = remark(expected.run, picture.started_at, picture.finished_at, expected.at)
    slow = [task for task in picture.tasks if picture.is_active and _is_slow(picture, task)]
    steps = [f"{safe(task.title, 80)} is {task_remark(picture, task)}" for task in slow[:SLOW_STEPS_SHOWN]]
    return [*([said[:1].upper() + said[1:]] if said else []), *steps]


def task_remark(picture: RunPicture, task: TaskPicture) -> str:
    """The same of one step, such as "usually 3m"; nothing when nothing is known of it."""
    expected = picture.expected
    if expected is None or picture.is_rehearsal or task.item or task.started_at is None:
        return ""
    return remark(expected.steps.get(task.step_id), task.started_at, task.finished_at, expected.at)


def _is_slow(picture: RunPicture, task: TaskPicture) -> bool:
    expected = picture.expected
    if expected is None or task.started_at is None or task.finished_at is not None:
        return False
    usual = expected.steps.get(task.step_id)
    return usual is not None and is_slower(usual, expected.at - task.started_at)
