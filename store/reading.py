"""Runs as people look at them: one whole picture, or pages of history. Reads only, a few statements each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Row,
    Table,
    bindparam,
    case,
    desc,
    func,
    select,
    union_all,
)

from engine.core.definition import JsonValue, StepKind
from engine.core.events import ApprovalStatus
from engine.core.picture import (
    ApprovalPicture,
    DecisionPicture,
    OutputTail,
    RunPage,
    RunPicture,
    RunSummary,
    TaskPicture,
)
from engine.core.rehearsal import readable
from engine.core.state import TERMINAL_RUN_STATUSES, RunStatus, TaskStatus
from store.columns import constant
from store.durations import expected_durations
from store.picture_parts import (
    has_fan_out,
    read_children,
    read_fan_outs,
    read_parent,
    read_questions,
    read_queue,
    read_resumer,
)
from store.tables import approvals, attempts, audit_events, decisions, log_chunks, runs, tasks

MAX_FACTS = 500


def _shared(picture: type, table: Table) -> list[ColumnElement[Any]]:
    """The columns that a picture has fields for."""
    names = {field.name for field in fields(picture)}
    return [column for column in table.c if column.name in names]


_OF_RUN: BindParameter[str] = bindparam("b_run")
_RUN = select(
    *_shared(RunPicture, runs), runs.c.concurrency_key, runs.c.parent_run_id, runs.c.parent_step_id
).where(runs.c.id == _OF_RUN)
_LATEST_ATTEMPT = (attempts.c.task_id == tasks.c.id) & (attempts.c.number == tasks.c.attempt)
# How long the attempt waits that follows a failed one.
_PAUSE = case(
    (
        (tasks.c.status == constant("pending")) & (tasks.c.failures > 0),
        tasks.c.due_at - attempts.c.finished_at,
    )
)
_TASK = select(*_shared(TaskPicture, tasks), attempts.c.exit_code, _PAUSE.label("pause_ms")).select_from(
    tasks.outerjoin(attempts, _LATEST_ATTEMPT)
)
_ITEM_IDS: BindParameter[list[str]] = bindparam("b_items", expanding=True)
_ITEMS = _TASK.where(tasks.c.id.in_(_ITEM_IDS))
_TASKS = _TASK.where(tasks.c.run_id == _OF_RUN, tasks.c.item == 0).order_by(
    tasks.c.scheduled_at.is_(None), tasks.c.scheduled_at, tasks.c.position
)
_APPROVALS = (
    select(*_shared(ApprovalPicture, approvals))
    .where(approvals.c.run_id == _OF_RUN)
    .order_by(approvals.c.created_at, approvals.c.id)
)
_DECISIONS = (
    select(decisions)
    .join(approvals, approvals.c.id == decisions.c.approval_id)
    .where(approvals.c.run_id == _OF_RUN)
    .order_by(decisions.c.at, decisions.c.user_id)
)
_FACTS = (
    select(
        audit_events.c.seq, audit_events.c.at, audit_events.c.actor, audit_events.c.kind, audit_events.c.data
    )
    .where(audit_events.c.chain == _OF_RUN)
    .order_by(desc(audit_events.c.seq))
    .limit(MAX_FACTS)
)


_WRITTEN = (
    select(func.coalesce(func.sum(attempts.c.stdout_size + attempts.c.stderr_size), 0))
    .select_from(attempts.join(tasks, tasks.c.id == attempts.c.task_id))
    .where(tasks.c.run_id == _OF_RUN)
    .scalar_subquery()
)
_RESOLVED = select(func.count(tasks.c.arguments)).where(tasks.c.run_id == _OF_RUN).scalar_subquery()
_PULSE = select(runs.c.version, _WRITTEN, _RESOLVED).where(runs.c.id == _OF_RUN)


@dataclass(frozen=True, slots=True)
class RunPulse:
    """While it stays equal, a picture of the run stays the same: the run's version, the bytes its steps have
    written, and how many of them have their arguments."""

    version: int
    written: int
    resolved: int


def _last_chunks(stream: str, *which: ColumnElement[bool]) -> Any:
    """The chunks that hold the last bytes of one stream, of the latest attempt of each of these tasks."""
    size = attempts.c[f"{stream}_size"]
    return (
        select(
            log_chunks.c.task_id,
            log_chunks.c.stream,
            log_chunks.c.seq,
            log_chunks.c.text,
            size.label("size"),
        )
        .select_from(tasks.join(attempts, _LATEST_ATTEMPT))
        .join(
            log_chunks,
            (log_chunks.c.task_id == attempts.c.task_id)
            & (log_chunks.c.attempt == attempts.c.number)
            & (log_chunks.c.stream == stream)
            & (log_chunks.c.stop > size - bindparam("b_tail_bytes")),
        )
        .where(*which)
    )


def _tails(*which: ColumnElement[bool]) -> Any:
    return union_all(_last_chunks("stdout", *which), _last_chunks("stderr", *which)).order_by("seq")


_ONLY_LOOKED_UP = frozenset({"concurrency_key", "parent_run_id", "parent_step_id"})
_TAILS = _tails(tasks.c.run_id == _OF_RUN, tasks.c.item == 0)
_ITEM_TAILS = _tails(tasks.c.id.in_(_ITEM_IDS))


def run_picture(
    c: Connection,
    run_id: str,
    *,
    tail_bytes: int = 4000,
    with_output: bool = True,
    with_facts: bool = False,
    with_expected: bool = False,
) -> RunPicture | None:
    """The whole run at one instant, with at most `tail_bytes` of each stream of each task; None: no such run.

    `facts` are its last audit lines, newest last: seq, at, actor, kind and data. A rehearsal's values are as people
    read them, those that are unknown in it too.
    """
    values = {"b_run": run_id}
    run = c.execute(_RUN, values).one_or_none()
    if run is None:
        return None
    limit = tail_bytes if with_output else None
    pictures = _with_children(c, run_id, _read_tasks(c, run_id, limit))
    begun = {task.kind for task in pictures if task.is_scheduled or run.round > 1}
    own = {key: value for key, value in run._mapping.items() if key not in _ONLY_LOOKED_UP}
    picture = RunPicture(
        **{
            **own,
            "status": RunStatus(run.status),
            "outcome": RunStatus(run.outcome) if run.outcome else None,
        },
        resumed_by=read_resumer(c, run_id) if run.round > 1 else None,
        queue=read_queue(c, run.team_id, run.concurrency_key, run.number) if run.is_queued else None,
        parent=read_parent(c, run.parent_run_id, run.parent_step_id) if run.parent_run_id else None,
        questions=read_questions(c, run_id, pictures) if StepKind.INPUT in begun else (),
        tasks=pictures,
        approvals=_read_approvals(c, run_id) if StepKind.APPROVAL in begun else (),
        facts=_read_facts(c, run_id) if with_facts else (),
        expected=expected_durations(c, run.team_id, run.workflow_name) if with_expected else None,
    )
    return _readable(picture) if picture.is_rehearsal else picture


def _readable(picture: RunPicture) -> RunPicture:
    outputs = None if picture.outputs is None else _readable_values(picture.outputs)
    tasks = tuple(map(_readable_task, picture.tasks))
    return replace(picture, parameters=_readable_values(picture.parameters), tasks=tasks, outputs=outputs)


def _readable_task(task: TaskPicture) -> TaskPicture:
    return replace(
        task,
        arguments=readable(task.arguments),
        result=readable(task.result),
        item_value=readable(task.item_value),
        items=tuple(map(_readable_task, task.items)),
    )


def _readable_values(values: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {name: readable(value) for name, value in values.items()}


def run_pulse(c: Connection, run_id: str) -> RunPulse | None:
    """Cheap to ask again and again, to learn when a new picture is worth reading; None: no such run."""
    row = c.execute(_PULSE, {"b_run": run_id}).one_or_none()
    return None if row is None else RunPulse(*map(int, row))


def list_runs(
    c: Connection,
    team_id: str,
    *,
    workflow: str | None = None,
    workflows: Collection[str] | None = None,
    status: RunStatus | None = None,
    requester: str | None = None,
    since: int | None = None,
    older_than: int | None = None,
    is_live: bool = False,
    with_rehearsals: bool = False,
    limit: int = 10,
) -> RunPage:
    """A page of history, newest first, runs in progress included, rehearsals only when asked for. `workflows` are
    those that may be seen, None for all; `since` is the earliest creation (milliseconds); `older_than` a run
    number; `is_live` leaves out what has ended."""
    statement = select(*_shared(RunSummary, runs)).where(runs.c.team_id == team_id)
    if workflow is not None:
        statement = statement.where(runs.c.workflow_name == workflow)
    if workflows is not None:
        statement = statement.where(runs.c.workflow_name.in_(sorted(workflows)))
    if status is not None:
        statement = statement.where(runs.c.status == status.value)
    if requester is not None:
        statement = statement.where(runs.c.requester == requester)
    if since is not None:
        statement = statement.where(runs.c.created_at >= since)
    if older_than is not None:
        statement = statement.where(runs.c.number < older_than)
    if not with_rehearsals:
        statement = statement.where(~runs.c.is_rehearsal)
    if is_live:
        statement = statement.where(runs.c.status.not_in(TERMINAL_RUN_STATUSES))
    rows = c.execute(statement.order_by(desc(runs.c.number)).limit(limit + 1)).all()
    page = tuple(RunSummary(**{**row._mapping, "status": RunStatus(row.status)}) for row in rows[:limit])
    return RunPage(page, older_than=page[-1].number if len(rows) > limit else None)


@dataclass(slots=True)
class _Tail:
    """The last chunks of one stream, being put together; `size` is all that was ever written."""

    size: int = 0
    texts: list[str] = field(default_factory=list)

    def cut(self, limit: int) -> OutputTail:
        kept = "".join(self.texts).encode()
        text = kept[-limit:].decode(errors="ignore") if limit else ""
        return OutputTail(text, is_cut=self.size > limit)


def _read_tasks(c: Connection, run_id: str, tail_bytes: int | None) -> tuple[TaskPicture, ...]:
    """All steps, with their output unless `tail_bytes` is None, and the items of those that are fan-outs."""
    values = {"b_run": run_id}
    tails = _read_tails(c, _TAILS, values, tail_bytes)
    pictures = tuple(_task_picture(row, tails) for row in c.execute(_TASKS, values))
    if not any(map(has_fan_out, pictures)):
        return pictures
    fan_outs, shown = read_fan_outs(c, run_id)
    items = _read_items(c, shown, tail_bytes)
    return tuple(
        replace(task, fan_out=fan_outs[task.step_id], items=tuple(items[task.step_id]))
        if task.step_id in fan_outs
        else task
        for task in pictures
    )


def _with_children(c: Connection, run_id: str, pictures: tuple[TaskPicture, ...]) -> tuple[TaskPicture, ...]:
    if not any(task.kind is StepKind.WORKFLOW and task.is_scheduled for task in pictures):
        return pictures
    children = read_children(c, run_id)
    return tuple(replace(task, child=children.get(task.step_id)) for task in pictures)


def _read_items(
    c: Connection, shown: Sequence[str], tail_bytes: int | None
) -> Mapping[str, list[TaskPicture]]:
    """These items by their step, in the order in which they are to be shown."""
    items: dict[str, list[TaskPicture]] = defaultdict(list)
    if not shown:
        return items
    values = {"b_items": list(shown)}
    tails = _read_tails(c, _ITEM_TAILS, values, tail_bytes)
    pictures = {row.id: _task_picture(row, tails) for row in c.execute(_ITEMS, values)}
    for item_id in shown:
        items[pictures[item_id].step_id].append(pictures[item_id])
    return items


def _read_tails(
    c: Connection, statement: Any, values: Mapping[str, Any], tail_bytes: int | None
) -> dict[tuple[str, str], OutputTail]:
    tails: dict[tuple[str, str], _Tail] = defaultdict(_Tail)
    if tail_bytes is None:
        return {}
    for row in c.execute(statement, {**values, "b_tail_bytes": tail_bytes}):
        tail = tails[row.task_id, row.stream]
        tail.size = row.size
        tail.texts.append(row.text)
    return {key: tail.cut(tail_bytes) for key, tail in tails.items()}


def _task_picture(row: Row[*tuple[Any, ...]], tails: Mapping[tuple[str, str], OutputTail]) -> TaskPicture:
    return TaskPicture(
        **{**row._mapping, "kind": StepKind(row.kind), "status": TaskStatus(row.status)},
        is_scheduled=row.scheduled_at is not None,
        stdout=tails.get((row.id, "stdout"), OutputTail()),
        stderr=tails.get((row.id, "stderr"), OutputTail()),
    )


def _read_approvals(c: Connection, run_id: str) -> tuple[ApprovalPicture, ...]:
    given: dict[str, list[DecisionPicture]] = defaultdict(list)
    for row in c.execute(_DECISIONS, {"b_run": run_id}):
        decision = DecisionPicture(row.user_id, row.approve, row.comment, row.at)
        given[row.approval_id].append(decision)
    return tuple(
        ApprovalPicture(
            **{
                **row._mapping,
                "status": ApprovalStatus(row.status),
                "approver_users": tuple(row.approver_users),
                "approver_groups": tuple(row.approver_groups),
            },
            decisions=tuple(given[row.id]),
        )
        for row in c.execute(_APPROVALS, {"b_run": run_id})
    )


def _read_facts(c: Connection, run_id: str) -> tuple[Mapping[str, JsonValue], ...]:
    newest_first = c.execute(_FACTS, {"b_run": run_id}).mappings().all()
    return tuple(dict(row) for row in reversed(newest_first))
