"""How a run's tasks are listed: a mark and a word for each; of many, those around where the run is now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from blocks.text import chunks, duration, one_line, plain_section, utc, value_text
from blocks.types import Block
from engine.core.picture import FanOutPicture, TaskPicture
from engine.core.state import TaskStatus

_MARKS = {
    TaskStatus.PENDING: "○",
    TaskStatus.RUNNING: "●",
    TaskStatus.WAITING: "◔",
    TaskStatus.COMPLETED: "✓",
    TaskStatus.FAILED: "✗",
    TaskStatus.SKIPPED: "–",
    TaskStatus.REJECTED: "✗",
    TaskStatus.CANCELLED: "■",
    TaskStatus.ERROR: "✗",
}
_BAD = frozenset({TaskStatus.FAILED, TaskStatus.ERROR, TaskStatus.REJECTED})
_ACTIVE = frozenset({TaskStatus.RUNNING, TaskStatus.WAITING})


def mark(status: TaskStatus) -> str:
    """One character for the eye; the word always stands beside it."""
    return _MARKS[status]


def task_title(task: TaskPicture, limit: int = 80) -> str:
    """`Build: Running, attempt 2`, not escaped. The title alone is cut to `limit`."""
    return f"{task_name(task, limit)}: {task_words(task)}"


def task_name(task: TaskPicture, limit: int = 80) -> str:
    """A step's title; of an item, its number and what it is about. Not escaped."""
    if task.item:
        title = f"Item {task.item} ({one_line(value_text(task.item_value)[:200])})"
    else:
        title = one_line(task.title) or task.step_id
    return title if len(title) <= limit else title[: limit - 1] + "…"


def task_words(task: TaskPicture) -> str:
    """Where a step is: `Running, 12 of 40 done, 1 failed`, `Pending, attempt 2 of 3, again in 5 s`."""
    words = [task.shown_status.label]
    if task.is_unknown and task.status is TaskStatus.ERROR:
        words.append("outcome unknown")
    if task.fan_out is not None:
        words.append(fan_out_words(task.fan_out))
    words += attempt_words(task)
    if task.waits_until is not None:
        words.append(f"until {utc(task.waits_until)}")
    if task.child is not None:
        words.append(f"run #{task.child.number}")
    return ", ".join(words)


def fan_out_words(fan_out: FanOutPicture) -> str:
    """`12 of 40 done, 1 failed`."""
    failed = f", {fan_out.failed} failed" if fan_out.failed else ""
    return f"{fan_out.completed} of {fan_out.total} done{failed}"


def attempt_words(task: TaskPicture) -> list[str]:
    """Which attempt it is, from the second one on, and how long the next one waits."""
    if task.failures and task.most_attempts:
        words = [f"attempt {task.failures + 1} of {task.most_attempts}"]
    elif task.attempt > 1:
        words = [f"attempt {task.attempt}"]
    else:
        words = []
    return [*words, f"again in {duration(task.pause_ms)}"] if task.pause_ms else words


def task_duration(task: TaskPicture) -> str | None:
    """How long a settled task took."""
    if task.started_at is None or task.finished_at is None:
        return None
    return duration(task.finished_at - task.started_at)


def fold(tasks: Sequence[TaskPicture], most: int) -> tuple[list[TaskPicture], list[TaskPicture]]:
    """Those to show and those not to: what runs or went wrong, then what is nearest to where the run is."""
    if len(tasks) <= most:
        return list(tasks), []
    places = range(len(tasks))
    now = next((place for place in places if not tasks[place].status.is_settled), len(tasks) - 1)

    def distance(place: int) -> tuple[bool, int]:
        return tasks[place].status not in _BAD | _ACTIVE, abs(place - now)

    shown = set(sorted(places, key=distance)[:most])
    return [tasks[place] for place in places if place in shown], [
        tasks[place] for place in places if place not in shown
    ]


def hidden_words(hidden: Sequence[TaskPicture]) -> str:
    """`120 Completed, 8 Pending`."""
    counts = Counter(task.status.label for task in hidden)
    return ", ".join(f"{count} {label}" for label, count in counts.items())


def task_sections(tasks: Sequence[TaskPicture], most: int = 50) -> list[Block]:
    """A line for each task, in sections; says what is folded away."""
    shown, hidden = fold(tasks, most)
    lines = [_line(task) for task in shown]
    if hidden:
        lines.append(f"… not shown: {hidden_words(hidden)}")
    return [plain_section(chunk) for chunk in chunks("\n".join(lines))]


def _line(task: TaskPicture) -> str:
    took = task_duration(task)
    return f"{mark(task.shown_status)} {task_title(task)}" + (f", {took}" if took else "")
