"""A run in the terminal: a few lines that are drawn again and again. Words of others are printed as they are, with
what hides or turns text made visible."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from blocks.summary import run_name, status_words
from blocks.tasks import task_name, task_words
from blocks.text import visible
from engine.core.picture import RunPicture, TaskPicture
from engine.core.state import TaskStatus

_MARKS = {
    TaskStatus.PENDING: ("○", "dim"),
    TaskStatus.RUNNING: ("●", "cyan"),
    TaskStatus.WAITING: ("◐", "yellow"),
    TaskStatus.COMPLETED: ("✓", "green"),
    TaskStatus.FAILED: ("✗", "red"),
    TaskStatus.ERROR: ("✗", "red"),
    TaskStatus.REJECTED: ("✗", "red"),
    TaskStatus.SKIPPED: ("–", "dim"),
    TaskStatus.CANCELLED: ("–", "dim"),
}


def draw_family(pictures: Sequence[RunPicture]) -> RenderableType:
    """A run, and below it those that its steps have started."""
    first, *children = pictures
    return Group(draw(first), *(Padding(draw(child), (0, 0, 0, 2)) for child in children))


def draw(picture: RunPicture) -> RenderableType:
    """The run as a few lines: status, progress, each step."""
    head = Text.assemble((run_name(picture), "bold"), f"  {status_words(picture)}")
    bar = Table.grid(padding=(0, 1))
    bar.add_row(ProgressBar(total=100, completed=picture.progress, width=40), f"{picture.progress} %")
    parts: list[RenderableType] = [head, bar, _steps(picture.tasks)]
    if picture.error:
        parts.append(plain(picture.error, "red"))
    return Group(*parts)


def plain(text: str, style: str = "") -> Text:
    return Text(visible(text), style)


def _steps(tasks: Sequence[TaskPicture]) -> Table:
    table = Table.grid(padding=(0, 1))
    for task in tasks:
        _add_row(table, task)
        for item in task.items:
            _add_row(table, item, indent="  ")
    return table


def _add_row(table: Table, task: TaskPicture, indent: str = "") -> None:
    mark, style = _MARKS[task.shown_status]
    words = Text(task_words(task), style)
    table.add_row(Text(mark, style), Text(indent + task_name(task)), words, _took(task))


def _took(task: TaskPicture) -> str:
    if task.started_at is None:
        return ""
    end = task.finished_at if task.finished_at is not None else int(time.time() * 1000)
    return f"{max(0, end - task.started_at) / 1000:.1f} s"
