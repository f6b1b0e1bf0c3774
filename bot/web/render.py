"""The one place where a run becomes HTML. Templates escape every value, and show characters that hide or turn
text as what they are; nothing of people, steps or services goes around them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from blocks.summary import status_words, stopping_words
from blocks.tasks import mark, task_duration, task_name, task_words
from blocks.text import cut_middle, duration, json_text, value_text, visible
from bot.web.auth import People
from engine.core.definition import JsonValue, StepKind
from engine.core.events import ApprovalStatus, InputStatus
from engine.core.picture import OutputTail, RunPicture, RunSummary, TaskPicture
from engine.core.state import RunStatus, TaskStatus

HERE = Path(__file__).parent
VALUE_LIMIT = 20_000
"""Characters of one value's JSON; longer ones are cut in their middle."""
PARAMETER_LIMIT = 2000
FACT_LIMIT = 300

_SUBJECT = re.compile(r"[UWS][A-Z0-9]{1,30}", re.ASCII)
_RUN_MARKS = {
    RunStatus.PENDING: ("○", "calm"),
    RunStatus.RUNNING: ("●", "busy"),
    RunStatus.WAITING_FOR_APPROVAL: ("◔", "ask"),
    RunStatus.COMPLETED: ("✓", "good"),
    RunStatus.FAILED: ("✗", "bad"),
    RunStatus.REJECTED: ("✗", "bad"),
    RunStatus.CANCELLED: ("■", "calm"),
    RunStatus.ERROR: ("✗", "bad"),
}
_TASK_TONES = {
    TaskStatus.RUNNING: "busy",
    TaskStatus.WAITING: "ask",
    TaskStatus.COMPLETED: "good",
    TaskStatus.FAILED: "bad",
    TaskStatus.REJECTED: "bad",
    TaskStatus.ERROR: "bad",
}
_APPROVAL_MARKS = {
    ApprovalStatus.OPEN: ("◔", "ask"),
    ApprovalStatus.APPROVED: ("✓", "good"),
    ApprovalStatus.REJECTED: ("✗", "bad"),
    ApprovalStatus.EXPIRED: ("✗", "bad"),
    ApprovalStatus.CANCELLED: ("■", "calm"),
}
_QUESTION_MARKS = {
    InputStatus.OPEN: ("◔", "ask"),
    InputStatus.ANSWERED: ("✓", "good"),
    InputStatus.EXPIRED: ("✗", "bad"),
    InputStatus.CANCELLED: ("■", "calm"),
}
_OPEN_AT_FIRST = frozenset({TaskStatus.RUNNING, TaskStatus.FAILED, TaskStatus.ERROR})


@dataclass(frozen=True, slots=True)
class Piece:
    """Something a task has to show: its label, its text, whether its beginning was left out."""

    label: str
    text: str
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Drawn:
    """A run's page in parts, by the id of each part's element. `order` are those in the list of tasks."""

    parts: Mapping[str, Markup]
    order: tuple[str, ...]


def page(template: str, status: int = 200, **values: object) -> HTMLResponse:
    return HTMLResponse(_environment().get_template(template).render(**values), status)


def draw_run(picture: RunPicture, names: Mapping[str, str]) -> Drawn:
    """Every part of the run's page; `names` gives the names of the ids that are known."""

    def draw(template: str, **values: object) -> Markup:
        html = _environment().get_template(template).render(run=picture, names=names, **values)
        return Markup(html)  # noqa: S704 - a template's result, escaped by it

    reached = [task for task in picture.tasks if task.is_scheduled]
    to_come = [task for task in picture.tasks if not task.is_scheduled]
    listed = {"task-start": draw("_start.html")}
    listed |= {f"task-{task.id}": draw("_task.html", task=task) for task in reached}
    if to_come:
        listed["to-come"] = draw("_to_come.html", count=len(to_come))
    listed |= {f"task-{task.id}": draw("_task.html", task=task) for task in to_come}
    around = {
        "summary": draw("_summary.html"),
        "aside": draw("_aside.html"),
        "history": draw("_history.html"),
    }
    return Drawn(around | listed, tuple(listed))


async def names_in(people: People, picture: RunPicture) -> dict[str, str]:
    """The names of everybody whom the run's page mentions."""
    ids = [picture.requester, picture.cancelled_by or ""]
    ids.append(picture.resumed_by or "")
    for question in picture.questions:
        ids += [*question.people_users, *question.people_groups, question.answered_by or ""]
    for approval in picture.approvals:
        ids += [*approval.approver_users, *approval.approver_groups]
        ids += [decision.user_id for decision in approval.decisions]
    ids += [str(fact["actor"]) for fact in picture.facts]
    return await names_of(people, ids)


async def names_of(people: People, ids: Iterable[str]) -> dict[str, str]:
    """The names of these users and groups; ids of anything else are left out."""
    subjects = [subject for subject in dict.fromkeys(ids) if _SUBJECT.fullmatch(subject)]
    return dict(zip(subjects, await asyncio.gather(*map(people.name, subjects)), strict=True))


def pieces(task: TaskPicture) -> list[Piece]:
    """What a task has to show, in the order people read it."""
    values = [
        Piece(label, cut_middle(json_text(value), VALUE_LIMIT))
        for label, value in (("Arguments", task.arguments), ("Result", task.result))
        if value is not None
    ]
    return values + [
        Piece(label, output.text, output.is_cut) for label, output in _outputs(task) if output.text
    ]


def remark(task: TaskPicture) -> str:
    """A sentence about what a task has not, so that nobody looks for it."""
    if not task.is_scheduled:
        return "Not reached yet."
    if not task.attempt and task.kind.is_carried_out and task.fan_out is None:
        return "Nothing was done here." if task.status.is_settled else "No worker has taken it up yet."
    missing = [
        label.lower()
        for label, value in (("Arguments", task.arguments), ("Result", task.result))
        if value is None and task.kind.is_carried_out and task.fan_out is None
    ]
    if task.kind is StepKind.RUN and task.fan_out is None:
        missing += [label for label, output in _outputs(task) if not output.text]
    return f"No {', no '.join(missing)}." if missing else ""


def _outputs(task: TaskPicture) -> tuple[tuple[str, OutputTail], tuple[str, OutputTail]]:
    return ("stdout", task.stdout), ("stderr", task.stderr)


def _run_mark(status: RunStatus) -> str:
    return _RUN_MARKS[status][0]


def _answer_mark(status: ApprovalStatus | InputStatus) -> str:
    return (_QUESTION_MARKS[status] if isinstance(status, InputStatus) else _APPROVAL_MARKS[status])[0]


def _tone(status: RunStatus | TaskStatus | ApprovalStatus | InputStatus) -> str:
    """The colour class of a status; its word always stands beside it."""
    if isinstance(status, RunStatus):
        return _RUN_MARKS[status][1]
    if isinstance(status, ApprovalStatus):
        return _APPROVAL_MARKS[status][1]
    if isinstance(status, InputStatus):
        return _QUESTION_MARKS[status][1]
    return _TASK_TONES.get(status, "calm")


def _moment(ms: int) -> Markup:
    """A time; the page's script rewrites it into the reader's own zone."""
    at = datetime.fromtimestamp(ms // 1000, tz=UTC)
    shown = at.strftime("%Y-%m-%d %H:%M:%S UTC")
    return Markup('<time datetime="{}" data-at="{}">{}</time>').format(at.isoformat(), ms, shown)


def _since(ms: int) -> Markup:
    """How long something has been going on; the page's script counts, without it the start is shown."""
    at = datetime.fromtimestamp(ms // 1000, tz=UTC).strftime("%H:%M:%S UTC")
    return Markup('<span class="since" data-since="{}">since {}</span>').format(ms, at)


def _took(run: RunPicture | RunSummary) -> str | None:
    if run.finished_at is None:
        return None
    started_at = getattr(run, "started_at", None)
    return duration(run.finished_at - (started_at or run.created_at))


def _parameter(value: JsonValue) -> str:
    return cut_middle(value_text(value), PARAMETER_LIMIT)


def _fact_words(kind: str) -> str:
    """`step_completed` as people say it."""
    return kind.replace("_", " ").capitalize()


def _fact_data(data: Mapping[str, JsonValue], names: Mapping[str, str]) -> str:
    """What a line of the audit trail says besides its kind, people by their names."""
    texts = {key: cut_middle(value_text(value), FACT_LIMIT) for key, value in data.items()}
    return ", ".join(f"{key.replace('_', ' ')} {names.get(text, text)}" for key, text in texts.items())


def _shown(value: Any) -> Any:
    """What is put into a template: hidden characters become visible before anything is escaped."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return visible(value)
    return value


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "fact_data": _fact_data,
        "fact_words": _fact_words,
        "json": json_text,
        "duration": duration,
        "mark": mark,
        "moment": _moment,
        "parameter": _parameter,
        "pieces": pieces,
        "remark": remark,
        "run_mark": _run_mark,
        "approval_mark": _answer_mark,
        "since": _since,
        "status_words": status_words,
        "stopping_words": stopping_words,
        "task_duration": task_duration,
        "task_name": task_name,
        "task_words": task_words,
        "tone": _tone,
        "took": _took,
    }
    environment.tests["open_at_first"] = lambda task: task.status in _OPEN_AT_FIRST
    return environment
