"""A run as people look at it: one frozen picture, read in one transaction, drawn by blocks and pages alike.

Times are integer milliseconds since 1970 (UTC). Texts are as steps and people wrote them, already masked but
not escaped: whoever draws them escapes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.core.definition import JsonValue, StepKind
from engine.core.events import ApprovalStatus, InputStatus
from engine.core.expected import Expected
from engine.core.state import RESUMABLE_RUN_STATUSES, RunStatus, TaskStatus

_BAD = frozenset({TaskStatus.FAILED, TaskStatus.ERROR})


@dataclass(frozen=True, slots=True)
class OutputTail:
    """The kept end of one stream of a task. `is_cut` says that earlier text is not in `text`."""

    text: str = ""
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class FanOutPicture:
    """The items of a `foreach` step, counted. `pending` are those that have not begun, `due` those about to begin,
    again or for the first time."""

    pending: int = 0
    due: int = 0
    running: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def total(self) -> int:
        return self.pending + self.due + self.running + self.completed + self.failed + self.cancelled


@dataclass(frozen=True, slots=True)
class TaskPicture:
    """A step, or an item of its fan-out (`item` from 1). `failures` are the attempts of this round that failed and
    were followed by another, `most_attempts` how many there may be (None: it is not known here), `pause_ms` how
    long the next one waits."""

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
    failures: int = 0
    most_attempts: int | None = None
    pause_ms: int | None = None
    is_unknown: bool = False
    """It ended without anybody knowing whether it took effect."""
    stop_forced: bool = False
    is_final: bool = False
    """It runs whatever became of the others. Known of runs that are stopping."""
    is_tolerated: bool = False
    """The run goes on when it fails. Known of steps that failed."""
    item: int = 0
    item_value: JsonValue = None
    fan_out: FanOutPicture | None = None
    items: tuple[TaskPicture, ...] = ()
    """Of its fan-out, those that run or went wrong, failed ones first; not all of very many."""
    child: ChildPicture | None = None
    """The newest run that it has started."""

    @property
    def shown_status(self) -> TaskStatus:
        """As people see it: a fan-out runs while its items do."""
        is_running = self.fan_out is not None and self.status is TaskStatus.WAITING
        return TaskStatus.RUNNING if is_running else self.status

    @property
    def failing_item(self) -> TaskPicture | None:
        return next((item for item in self.items if item.status in _BAD), None)

    @property
    def waits_until(self) -> int | None:
        """When a wait ends by itself."""
        seconds = self.arguments.get("seconds") if isinstance(self.arguments, dict) else None
        is_wait = self.kind is StepKind.WAIT and self.status is TaskStatus.WAITING
        if not is_wait or self.started_at is None or not isinstance(seconds, int | float):
            return None
        return self.started_at + round(seconds * 1000)


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
class QuestionPicture:
    """Values that a step asks people for. `values` are those it goes on with: an answer, or the defaults."""

    id: str
    step_id: str
    title: str
    message: str
    status: InputStatus
    people_users: tuple[str, ...]
    people_groups: tuple[str, ...]
    created_at: int
    expires_at: int
    closed_at: int | None = None
    answered_by: str | None = None
    values: Mapping[str, JsonValue] | None = None


@dataclass(frozen=True, slots=True)
class ChildPicture:
    """The newest run that a step has started. Its status is as old as the picture's version: a child that goes on
    changes nothing of its parent."""

    id: str
    number: int
    step_id: str
    status: RunStatus


@dataclass(frozen=True, slots=True)
class ParentPicture:
    """The run that has started this one, and its step that waits for it."""

    id: str
    number: int
    workflow_title: str
    step_id: str


@dataclass(frozen=True, slots=True)
class QueuePicture:
    """A run that waits for its turn: its place, from 1, and the number of the run in front of it."""

    place: int
    behind: int | None


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
    origin: str = "slack"
    round: int = 1
    resumed_by: str | None = None
    """Who began this round, from the second one on."""
    is_queued: bool = False
    is_rehearsal: bool = False
    queue: QueuePicture | None = None
    parent: ParentPicture | None = None
    questions: tuple[QuestionPicture, ...] = ()
    expected: Expected | None = None
    """How long it usually takes, when that was asked for."""

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
    def open_questions(self) -> tuple[QuestionPicture, ...]:
        return tuple(question for question in self.questions if question.status is InputStatus.OPEN)

    @property
    def is_forced(self) -> bool:
        """Nothing is given time to end any more, and final steps do not run."""
        return self.is_stopping and any(task.stop_forced for task in self.tasks)

    @property
    def may_be_resumed(self) -> bool:
        return self.status in RESUMABLE_RUN_STATUSES and self.origin != "terminal"

    @property
    def unknown_tasks(self) -> tuple[TaskPicture, ...]:
        """Steps of which a person has to find out whether they took effect."""
        return tuple(task for task in self.tasks if task.is_unknown and task.status is TaskStatus.ERROR)

    @property
    def failing_task(self) -> TaskPicture | None:
        """The first task that failed or ended in error, and was not to be tolerated, if any."""
        return next((task for task in self.tasks if task.status in _BAD and not task.is_tolerated), None)


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
    is_queued: bool = False
    is_rehearsal: bool = False


@dataclass(frozen=True, slots=True)
class RunPage:
    """One page of history, newest first. `older_than` asks for the next page (a run number), or None."""

    runs: tuple[RunSummary, ...]
    older_than: int | None
