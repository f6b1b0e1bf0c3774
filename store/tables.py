"""The tables. Times are integer milliseconds since 1970 (UTC); ids are 32 hexadecimal characters.

The classes declare; statements are written on their tables (`runs`, `tasks`, ...), without ORM sessions.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    MetaData,
    Table,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

from engine.core.events import ApprovalStatus, InputStatus
from engine.core.state import RunStatus, TaskStatus
from store.columns import CleanText, JsonText

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


class Base(SQLModel):
    metadata: ClassVar[MetaData] = metadata


def _one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def _index_where(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    condition = text(where)
    return Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


class Workspace(Base, table=True):
    """What a workspace counts: run numbers, and its audit chain for what belongs to no run."""

    __tablename__ = "workspace"

    team_id: str = Field(primary_key=True)
    last_number: int = 0
    chain_length: int = 0
    chain_head: str = ""


class WorkflowVersion(Base, table=True):
    """A workflow file as it was when a run of it started. `folder` is where it lies on this machine now."""

    __tablename__ = "workflow_version"

    digest: str = Field(primary_key=True)
    name: str
    source: str = Field(sa_type=CleanText)
    folder: str
    created_at: int = Field(sa_type=BigInteger)


class Run(Base, table=True):
    """`version` grows with every change, and its row is the lock of all that belongs to the run. `round` counts
    from 1, and up when somebody resumes it. A child has a parent, the step of it that waits, and a depth."""

    __tablename__ = "run"
    __table_args__ = (
        UniqueConstraint("team_id", "number"),
        _one_of("status", RunStatus),
        CheckConstraint("progress BETWEEN 0 AND 100", name="progress"),
        Index("ix_run_workflow", "team_id", "workflow_name", "number"),
        Index("ix_run_requester", "team_id", "requester", "number"),
        _index_where(
            "ix_run_queue", "team_id", "concurrency_key", "number", where="concurrency_key IS NOT NULL"
        ),
        _index_where("ix_run_parent", "parent_run_id", where="parent_run_id IS NOT NULL"),
    )

    id: str = Field(primary_key=True)
    team_id: str
    number: int
    version: int = Field(sa_type=BigInteger)
    workflow_digest: str = Field(foreign_key="workflow_version.digest")
    workflow_name: str
    workflow_title: str = Field(sa_type=CleanText)
    parameters: Any = Field(sa_type=JsonText, nullable=False)
    requester: str
    channel_id: str | None = None
    origin: str
    status: str
    outcome: str | None = None
    progress: int
    error: str | None = Field(default=None, sa_type=CleanText)
    outputs: Any = Field(default=None, sa_type=JsonText, nullable=True)
    cancelled_by: str | None = None
    created_at: int = Field(sa_type=BigInteger)
    started_at: int | None = Field(default=None, sa_type=BigInteger)
    finished_at: int | None = Field(default=None, sa_type=BigInteger)
    chain_length: int
    chain_head: str
    round: int
    is_queued: bool
    is_rehearsal: bool
    concurrency_key: str | None = Field(default=None, sa_type=CleanText)
    parent_run_id: str | None = Field(default=None, foreign_key="run.id")
    parent_step_id: str | None = None
    depth: int


class Task(Base, table=True):
    """One step of one run, or (`item` from 1) one item of its fan-out. `attempt` counts claims and fences writes;
    `failures` and `losses` are those of this round; `due_at` says from when a pending task may be claimed;
    `position` is its place in the file."""

    __tablename__ = "task"
    __table_args__ = (
        UniqueConstraint("run_id", "step_id", "item"),
        _one_of("status", TaskStatus),
        CheckConstraint(
            "status <> 'running' OR (lease_until IS NOT NULL AND worker IS NOT NULL)",
            name="running_has_lease",
        ),
        _index_where("ix_task_due", "due_at", "position", where="status = 'pending' AND due_at IS NOT NULL"),
        _index_where("ix_task_lease", "lease_until", where="status = 'running'"),
        _index_where("ix_task_parent", "run_id", where="kind = 'workflow' AND status = 'waiting'"),
    )

    id: str = Field(primary_key=True)
    team_id: str
    run_id: str = Field(foreign_key="run.id")
    position: int
    step_id: str
    title: str = Field(sa_type=CleanText)
    kind: str
    status: str
    attempt: int
    due_at: int | None = Field(default=None, sa_type=BigInteger)
    worker: str | None = None
    lease_until: int | None = Field(default=None, sa_type=BigInteger)
    stop_requested: bool
    stop_forced: bool
    item: int
    item_value: Any = Field(default=None, sa_type=JsonText, nullable=True)
    failures: int
    losses: int
    is_unknown: bool
    arguments: Any = Field(default=None, sa_type=JsonText, nullable=True)
    result: Any = Field(default=None, sa_type=JsonText, nullable=True)
    error: str | None = Field(default=None, sa_type=CleanText)
    scheduled_at: int | None = Field(default=None, sa_type=BigInteger)
    started_at: int | None = Field(default=None, sa_type=BigInteger)
    finished_at: int | None = Field(default=None, sa_type=BigInteger)


class Attempt(Base, table=True):
    """One claim of a task by one worker. The sizes are bytes written so far, `last_seq` the last chunk."""

    __tablename__ = "attempt"

    task_id: str = Field(primary_key=True, foreign_key="task.id")
    number: int = Field(primary_key=True)
    team_id: str
    worker: str
    started_at: int = Field(sa_type=BigInteger)
    finished_at: int | None = Field(default=None, sa_type=BigInteger)
    outcome: str | None = None
    exit_code: int | None = None
    error: str | None = Field(default=None, sa_type=CleanText)
    last_seq: int
    stdout_size: int = Field(sa_type=BigInteger)
    stderr_size: int = Field(sa_type=BigInteger)


class LogChunk(Base, table=True):
    """A piece of a step's output, in the order it came. `stop` is where it ends in its stream, in bytes."""

    __tablename__ = "log_chunk"
    __table_args__ = (
        ForeignKeyConstraint(["task_id", "attempt"], ["attempt.task_id", "attempt.number"]),
        _one_of("stream", ("stdout", "stderr")),
        Index("ix_log_chunk_stream", "task_id", "attempt", "stream", "stop"),
    )

    task_id: str = Field(primary_key=True)
    attempt: int = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    team_id: str
    stream: str
    stop: int = Field(sa_type=BigInteger)
    at: int = Field(sa_type=BigInteger)
    text: str = Field(sa_type=CleanText)


class Approval(Base, table=True):
    """A question to people. One asked again is a new row."""

    __tablename__ = "approval"
    __table_args__ = (
        _one_of("status", ApprovalStatus),
        CheckConstraint("required >= 1", name="required"),
        _index_where("uq_approval_open", "task_id", where="status = 'open'", unique=True),
        _index_where("ix_approval_open", "team_id", "created_at", where="status = 'open'"),
        Index("ix_approval_run", "run_id"),
        Index("ix_approval_task", "task_id"),
    )

    id: str = Field(primary_key=True)
    team_id: str
    run_id: str = Field(foreign_key="run.id")
    task_id: str = Field(foreign_key="task.id")
    step_id: str
    title: str = Field(sa_type=CleanText)
    message: str = Field(sa_type=CleanText)
    approver_users: Any = Field(sa_type=JsonText, nullable=False)
    approver_groups: Any = Field(sa_type=JsonText, nullable=False)
    required: int
    allow_self: bool
    on_timeout: str
    status: str
    created_at: int = Field(sa_type=BigInteger)
    expires_at: int = Field(sa_type=BigInteger)
    closed_at: int | None = Field(default=None, sa_type=BigInteger)


class Decision(Base, table=True):
    """One person's answer to an approval; nobody answers twice."""

    __tablename__ = "decision"

    approval_id: str = Field(primary_key=True, foreign_key="approval.id")
    user_id: str = Field(primary_key=True)
    team_id: str
    approve: bool
    comment: str = Field(sa_type=CleanText)
    at: int = Field(sa_type=BigInteger)


class Question(Base, table=True):
    """A step that asks for values. One asked again is a new row."""

    __tablename__ = "question"
    __table_args__ = (
        _one_of("status", InputStatus),
        _index_where("uq_question_open", "task_id", where="status = 'open'", unique=True),
        Index("ix_question_run", "run_id"),
        Index("ix_question_task", "task_id"),
    )

    id: str = Field(primary_key=True)
    team_id: str
    run_id: str = Field(foreign_key="run.id")
    task_id: str = Field(foreign_key="task.id")
    step_id: str
    title: str = Field(sa_type=CleanText)
    message: str = Field(sa_type=CleanText)
    people_users: Any = Field(sa_type=JsonText, nullable=False)
    people_groups: Any = Field(sa_type=JsonText, nullable=False)
    status: str
    answered_by: str | None = None
    created_at: int = Field(sa_type=BigInteger)
    expires_at: int = Field(sa_type=BigInteger)
    closed_at: int | None = Field(default=None, sa_type=BigInteger)


class Slot(Base, table=True):
    """Which run is in progress of those with a concurrency key. Its row is the lock of their queue."""

    __tablename__ = "slot"

    team_id: str = Field(primary_key=True)
    key: str = Field(primary_key=True, sa_type=CleanText)
    run_id: str


class LookUpRow(Base, table=True):
    """The options of a parameter, asked for by a form and found out by a worker. `key` stands for all that they
    depend on; `claim` names the worker's try, which is over at `claimed_until`."""

    __tablename__ = "look_up"
    __table_args__ = (
        _index_where("ix_look_up_waiting", "created_at", where="done_at IS NULL"),
        Index("ix_look_up_key", "team_id", "key", "created_at"),
        Index("ix_look_up_created", "created_at"),
    )

    id: str = Field(primary_key=True)
    team_id: str
    workflow_digest: str
    parameter: str
    inputs: Any = Field(sa_type=JsonText, nullable=False)
    key: str
    claim: str | None = None
    claimed_until: int | None = Field(default=None, sa_type=BigInteger)
    options: Any = Field(default=None, sa_type=JsonText, nullable=True)
    error: str | None = Field(default=None, sa_type=CleanText)
    created_at: int = Field(sa_type=BigInteger)
    done_at: int | None = Field(default=None, sa_type=BigInteger)


class Timer(Base, table=True):
    """Something that will happen to a waiting step, or (kind "run", no step) to a run, by itself. The row goes when
    it has, or cannot."""

    __tablename__ = "timer"
    __table_args__ = (
        _one_of("kind", ("wait", "approval", "input", "message", "run")),
        Index("ix_timer_due", "due_at"),
        Index("ix_timer_run", "run_id"),
    )

    id: str = Field(primary_key=True)
    team_id: str
    run_id: str = Field(foreign_key="run.id")
    step_id: str
    kind: str
    due_at: int = Field(sa_type=BigInteger)


class Delivery(Base, table=True):
    """A request that was handled, and what it led to. Keys come from Slack and belong to no workspace."""

    __tablename__ = "delivery"
    __table_args__ = (Index("ix_delivery_created", "created_at"),)

    key: str = Field(primary_key=True, sa_type=CleanText)
    result: Any = Field(default=None, sa_type=JsonText, nullable=True)
    created_at: int = Field(sa_type=BigInteger)


class AuditEvent(Base, table=True):
    """One line of the audit trail. `chain` is a run's id, or a team's for what belongs to no run; each hash
    covers the one before it. Nothing refers to a run here: the trail outlives it."""

    __tablename__ = "event"

    chain: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    team_id: str
    at: int = Field(sa_type=BigInteger)
    actor: str
    kind: str
    data: Any = Field(sa_type=JsonText, nullable=False)
    hash: str


class SurfaceRow(Base, table=True):
    """A message or an open modal that shows a run."""

    __tablename__ = "surface"
    __table_args__ = (
        _one_of(
            "kind",
            ("root", "thread", "approval", "input", "message", "failure", "notice", "dialog", "details"),
        ),
        _one_of("state", ("new", "live", "done", "gone")),
        _index_where(
            "uq_surface_message",
            "run_id",
            "kind",
            where="kind IN ('root', 'thread', 'failure', 'notice')",
            unique=True,
        ),
        _index_where("uq_surface_approval", "approval_id", where="kind = 'approval'", unique=True),
        _index_where("uq_surface_question", "question_id", where="kind = 'input'", unique=True),
        _index_where(
            "uq_surface_step",
            "run_id",
            "step_id",
            where="kind = 'message' AND state IN ('new', 'live')",
            unique=True,
        ),
        _index_where(
            "uq_surface_view",
            "view_id",
            where="view_id IS NOT NULL AND state IN ('new', 'live')",
            unique=True,
        ),
        _index_where("ix_surface_due", "team_id", "due_at", where="state IN ('new', 'live')"),
        _index_where("ix_surface_doubt", "team_id", "doubt_at", where="doubt_at IS NOT NULL"),
        Index("ix_surface_run", "run_id"),
        _index_where("ix_surface_approval", "approval_id", where="approval_id IS NOT NULL"),
        _index_where("ix_surface_question", "question_id", where="question_id IS NOT NULL"),
    )

    id: str = Field(primary_key=True)
    team_id: str
    run_id: str = Field(foreign_key="run.id")
    kind: str
    state: str
    channel_id: str | None = None
    ts: str | None = None
    view_id: str | None = None
    root_view_id: str | None = None
    user_id: str | None = None
    place: str | None = None
    approval_id: str | None = Field(default=None, foreign_key="approval.id")
    question_id: str | None = Field(default=None, foreign_key="question.id")
    step_id: str | None = None
    nonce: str
    drawn_version: int = Field(sa_type=BigInteger)
    drawn_hash: str | None = None
    redraws: int
    due_at: int = Field(sa_type=BigInteger)
    tries: int
    last_error: str | None = Field(default=None, sa_type=CleanText)
    created_at: int = Field(sa_type=BigInteger)
    attended_at: int = Field(sa_type=BigInteger)
    posted_at: int | None = Field(default=None, sa_type=BigInteger)
    doubt_at: int | None = Field(default=None, sa_type=BigInteger)
    replaced_at: int | None = Field(default=None, sa_type=BigInteger)
    closed_at: int | None = Field(default=None, sa_type=BigInteger)


class Lease(Base, table=True):
    """Who holds a duty that only one process may have at a time."""

    __tablename__ = "lease"

    name: str = Field(primary_key=True)
    owner: str
    until: int = Field(sa_type=BigInteger)


class PageLink(Base, table=True):
    """A link to a run's page for one person: one use, a few minutes, kept as a hash."""

    __tablename__ = "page_link"
    __table_args__ = (Index("ix_page_link_expires", "expires_at"),)

    token_hash: str = Field(primary_key=True)
    team_id: str
    user_id: str
    run_id: str = Field(foreign_key="run.id")
    expires_at: int = Field(sa_type=BigInteger)
    used_at: int | None = Field(default=None, sa_type=BigInteger)


class WebSession(Base, table=True):
    """A browser that is signed in, for one run or (`run_id` NULL) for all that the person may see."""

    __tablename__ = "web_session"
    __table_args__ = (Index("ix_web_session_expires", "expires_at"),)

    token_hash: str = Field(primary_key=True)
    team_id: str
    user_id: str
    run_id: str | None = Field(default=None, foreign_key="run.id")
    created_at: int = Field(sa_type=BigInteger)
    expires_at: int = Field(sa_type=BigInteger)


def _table(model: type[Base]) -> Table:
    return metadata.tables[str(model.__tablename__)]


workspaces = _table(Workspace)
workflow_versions = _table(WorkflowVersion)
runs = _table(Run)
tasks = _table(Task)
attempts = _table(Attempt)
log_chunks = _table(LogChunk)
approvals = _table(Approval)
decisions = _table(Decision)
questions = _table(Question)
slots = _table(Slot)
look_ups = _table(LookUpRow)
timers = _table(Timer)
deliveries = _table(Delivery)
audit_events = _table(AuditEvent)
surfaces = _table(SurfaceRow)
leases = _table(Lease)
page_links = _table(PageLink)
web_sessions = _table(WebSession)
