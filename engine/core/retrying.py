"""Whether a failed attempt is followed by another, and after which pause."""

from __future__ import annotations

from engine.core.definition import Retry, Step
from engine.core.events import Failed
from engine.core.state import TaskState


def is_tried_again(step: Step, task: TaskState, failed: Failed) -> bool:
    retry = step.retry
    if retry is None or task.failures + 1 >= retry.attempts:
        return False
    if not retry.exit_codes and not retry.statuses:
        return True
    return failed.exit_code in retry.exit_codes or failed.status in retry.statuses


def pause_seconds(retry: Retry, failures: int, chance: float) -> float:
    """The pause after so many failures. `chance`, from 0 to 1, says where in the spread of `jitter` it lies."""
    pause = min(retry.delay_seconds * retry.backoff ** (failures - 1), retry.max_delay_seconds)
    return round(pause * (1 + retry.jitter * (2 * chance - 1)), 3)
