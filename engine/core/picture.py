"""A run as people look at it: one frozen picture, read in one transaction, drawn by blocks and pages alike.

Times are integer milliseconds since 1970 (UTC). Texts are as steps and people wrote them, already masked but
not escaped: whoever draws them escapes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.core.definition import JsonValue, StepKind
from engine.core.events import ApprovalStatus
from engine.core.state import RunStatus, TaskStatus


@dataclass(frozen=True, slots=True)
class OutputTail:
    """The kept end of one stream of a task. `is_cut` says that earlier text is not in `text`."""

    text: str = ""
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class TaskPicture:
    id: str
    step_id: str
    title: str
    kind: StepKind
    status: TaskStatus
    attempt: int = 0
    is_scheduled: bool = False
    """It has been reached: it runs, waits, is settled, or may be claimed."""
    arguments: JsonValue = None
    result: JsonValue = None
    error: str | None = None
    exit_code: int | None = None
    scheduled_at: int | None = None
    started_at: int | None = None
    finished_at: int | None = None
    stdout: OutputTail = OutputTail()
    stderr: OutputTail = OutputTail()


@dataclass(frozen=True, slots=True)
class DecisionPicture:
    user_id: str
    approve: bool
    comment: str
    at: int


@dataclass(frozen=True, slots=True)
class ApprovalPicture:
    id: str
    step_id: str
    title: str
    message: str
    status: ApprovalStatus
    approver_users: tuple[str, ...]
    approver_groups: tuple[str, ...]
    required: int
    created_at: int
    expires_at: int
    closed_at: int | None = None
    decisions: tuple[DecisionPicture, ...] = ()


@dataclass(frozen=True, slots=True)
class RunPicture:
    """`version` grows with every change of the run; a picture with a lower version is older."""

    id: str
    team_id: str
    number: int
    version: int
    workflow_name: str
    workflow_title: str
    status: RunStatus
    outcome: RunStatus | None
    progress: int
    requester: str
    channel_id: str | None
    parameters: Mapping[str, JsonValue]
    created_at: int
    started_at: int | None = None
    finished_at: int | None = None
    cancelled_by: str | None = None
    error: str | None = None
    outputs: Mapping[str, JsonValue] | None = None
    tasks: tuple[TaskPicture, ...] = ()
    """Those scheduled so far first, in the order they were scheduled; then those to come, in file order."""
    approvals: tuple[ApprovalPicture, ...] = ()
    facts: tuple[Mapping[str, JsonValue], ...] = field(default=())

    @property
    def is_active(self) -> bool:
        return not self.status.is_terminal

    @property
    def is_stopping(self) -> bool:
        """The outcome is fixed, and something of the run still has to end."""
        return self.outcome is not None and self.is_active

    @property
    def open_approvals(self) -> tuple[ApprovalPicture, ...]:
        return tuple(approval for approval in self.approvals if approval.status is ApprovalStatus.OPEN)

    @property
    def failing_task(self) -> TaskPicture | None:
        """The first task that failed or ended in error, if any."""
        bad = (TaskStatus.FAILED, TaskStatus.ERROR)
        return next((task for task in self.tasks if task.status in bad), None)


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A line of history."""

    id: str
    number: int
    workflow_name: str
    workflow_title: str
    status: RunStatus
    progress: int
    requester: str
    created_at: int
    finished_at: int | None


@dataclass(frozen=True, slots=True)
class RunPage:
    """One page of history, newest first. `older_than` asks for the next page (a run number), or None."""

    runs: tuple[RunSummary, ...]
    older_than: int | None
