"""A run's picture, completed with what only its workflow's definition knows."""

from __future__ import annotations

from dataclasses import replace

from engine.advance import Engine
from engine.core.definition import Step
from engine.core.errors import InvalidWorkflow
from engine.core.picture import RunPicture, TaskPicture
from engine.core.state import TaskStatus
from store import locking, reading
from store.database import Connection

TAIL_BYTES = 4000


def look_at_run(
    engine: Engine,
    run_id: str,
    *,
    tail_bytes: int = TAIL_BYTES,
    with_output: bool = True,
    with_facts: bool = False,
    with_expected: bool = False,
) -> RunPicture | None:
    """The run as it is now, with at most `tail_bytes` of each stream of each task; None: no such run.

    The definition is only asked for steps that failed or are tried again, and for runs that are stopping.
    """
    with engine.database.read() as c:
        picture = reading.run_picture(
            c,
            run_id,
            tail_bytes=tail_bytes,
            with_output=with_output,
            with_facts=with_facts,
            with_expected=with_expected,
        )
        if picture is None or not (picture.is_stopping or any(map(_needs_definition, picture.tasks))):
            return picture
        steps = _steps(c, engine, run_id)
    return replace(picture, tasks=tuple(_completed(task, steps) for task in picture.tasks))


def _needs_definition(task: TaskPicture) -> bool:
    is_tried_again = task.failures > 0 or any(item.failures for item in task.items)
    return is_tried_again or task.status is TaskStatus.FAILED


def _steps(c: Connection, engine: Engine, run_id: str) -> dict[str, Step]:
    version = locking.version_of(c, run_id)
    try:
        workflow = engine.versions.load(c, version.digest, version.folder)
    except InvalidWorkflow:  # kept by a version of Handrail that read files differently
        return {}
    return {step.id: step for step in workflow.steps}


def _completed(task: TaskPicture, steps: dict[str, Step]) -> TaskPicture:
    step = steps.get(task.step_id)
    if step is None:
        return task
    most = step.retry.attempts if step.retry else None
    items = tuple(replace(item, most_attempts=most) for item in task.items)
    return replace(
        task,
        most_attempts=most,
        is_final=step.is_final,
        is_tolerated=step.continue_on_error,
        items=items,
    )
