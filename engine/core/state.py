"""What a run is at one instant: statuses, their labels, the legal transitions between them, snapshots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from engine.core.definition import JsonValue


class RunStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    WAITING_FOR_APPROVAL = "waiting_for_approval"
    COMPLETED = "completed"
    FAILED = "failed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    ERROR = "error"

    @property
    def label(self) -> str:
        """What a person reads, everywhere."""
        return _LABELS.get(self.value, self.value.capitalize())

    @property
    def is_terminal(self) -> bool:
        return self in TERMINAL_RUN_STATUSES


class TaskStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    ERROR = "error"

    @property
    def label(self) -> str:
        return self.value.capitalize()

    @property
    def is_settled(self) -> bool:
        return self in SETTLED_TASK_STATUSES


_LABELS = {"waiting_for_approval": "Waiting for Approval"}

TERMINAL_RUN_STATUSES = frozenset(
    {RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.REJECTED, RunStatus.CANCELLED, RunStatus.ERROR}
)
SETTLED_TASK_STATUSES = frozenset(
    {
        TaskStatus.COMPLETED,
        TaskStatus.FAILED,
        TaskStatus.SKIPPED,
        TaskStatus.REJECTED,
        TaskStatus.CANCELLED,
        TaskStatus.ERROR,
    }
)

RESUMABLE_RUN_STATUSES = TERMINAL_RUN_STATUSES - {RunStatus.COMPLETED}
"""What a person may take up again, as a new round."""

RUN_TRANSITIONS: Mapping[RunStatus, frozenset[RunStatus]] = {
    RunStatus.PENDING: frozenset({RunStatus.RUNNING, RunStatus.WAITING_FOR_APPROVAL}) | TERMINAL_RUN_STATUSES,
    RunStatus.RUNNING: frozenset({RunStatus.WAITING_FOR_APPROVAL}) | TERMINAL_RUN_STATUSES,
    RunStatus.WAITING_FOR_APPROVAL: frozenset({RunStatus.RUNNING}) | TERMINAL_RUN_STATUSES,
} | {status: frozenset() for status in TERMINAL_RUN_STATUSES}
"""Within one round. Resuming a run leads from RESUMABLE_RUN_STATUSES to any other status."""

TASK_TRANSITIONS: Mapping[TaskStatus, frozenset[TaskStatus]] = {
    TaskStatus.PENDING: frozenset({TaskStatus.RUNNING, TaskStatus.WAITING}) | SETTLED_TASK_STATUSES,
    # back to pending: an idempotent step whose worker was lost, or a failed attempt that is tried again
    TaskStatus.RUNNING: frozenset({TaskStatus.PENDING}) | (SETTLED_TASK_STATUSES - {TaskStatus.SKIPPED}),
    TaskStatus.WAITING: SETTLED_TASK_STATUSES - {TaskStatus.SKIPPED},
} | {status: frozenset() for status in SETTLED_TASK_STATUSES}


@dataclass(frozen=True, slots=True)
class TaskState:
    """One step of one run, or one item of its fan-out, as far as planning needs it. `attempt` counts claims, from
    1 at the first; `failures` and `losses` those of this round that failed or lost their worker."""

    step_id: str
    status: TaskStatus
    attempt: int = 0
    is_due: bool = False
    """A pending task that may be claimed: everything it needs is settled well."""
    result: JsonValue = None
    error: str | None = None
    is_stopping: bool = False
    """Its worker has been told to end it. The shell sets it when it carries out `StopTask`."""
    item: int = 0
    """Which item of a fan-out, from 1; 0 is the step itself."""
    failures: int = 0
    losses: int = 0
    is_unknown: bool = False
    """It ended without anybody knowing whether it took effect: a person has to look."""
    delay_seconds: float = 0.0
    """A due task may be claimed only so long after it became due."""
    arguments: JsonValue = None
    """What a step that waits was asked with: set by planning, never loaded."""


@dataclass(frozen=True, slots=True)
class FanOut:
    """The items of a `foreach` step, counted: not yet begun, due, running, and settled by how. `results` by item
    are loaded when the event may settle the last of them, and empty otherwise."""

    pending: int = 0
    due: int = 0
    running: int = 0
    completed: int = 0
    failed: int = 0
    errored: int = 0
    cancelled: int = 0
    unknown: int = 0
    """Of the errored ones, those of which nobody knows whether they took effect."""
    results: Mapping[int, JsonValue] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return self.pending + self.due + self.running + self.settled

    @property
    def settled(self) -> int:
        return self.completed + self.failed + self.errored + self.cancelled

    @property
    def active(self) -> int:
        """Items that have begun, or are about to, and have not ended."""
        return self.due + self.running


@dataclass(frozen=True, slots=True)
class Ballot:
    """One person's answer to an approval."""

    user_id: str
    approve: bool


@dataclass(frozen=True, slots=True)
class ApprovalState:
    """The open question of a waiting approval task."""

    step_id: str
    required: int
    ballots: tuple[Ballot, ...] = ()


@dataclass(frozen=True, slots=True)
class RunSnapshot:
    """A run as `plan` sees it. `outcome` is fixed by the first failure, rejection, error or cancel; the run
    is then stopping until nothing of it is active. `error` says why, for a person."""

    status: RunStatus
    parameters: Mapping[str, JsonValue]
    requester: str
    tasks: Mapping[str, TaskState]
    approvals: Mapping[str, ApprovalState] = field(default_factory=dict)
    outcome: RunStatus | None = None
    error: str | None = None
    context: Mapping[str, JsonValue] = field(default_factory=dict)
    """What expressions see as `run`: number, requester, channel, started_at (ISO text)."""
    now: int = 0
    """Milliseconds since 1970, by the database's clock."""
    progress: int = 0
    is_queued: bool = False
    """It waits for another run of its concurrency key; nothing of it has begun."""
    is_rehearsal: bool = False
    """Nothing it does has an effect: people are asked, and the rest only says what it would do."""
    inputs: frozenset[str] = frozenset()
    """Steps that wait for somebody's values."""
    fan_outs: Mapping[str, FanOut] = field(default_factory=dict)
    """By step, of the `foreach` steps that have begun."""
    items: Mapping[tuple[str, int], TaskState] = field(default_factory=dict)
    """By step and item: of all items only that which the event concerns."""

    def tasks_after(self, changed: Iterable[TaskState]) -> dict[str, TaskState]:
        """All steps once these tasks have changed."""
        return {**self.tasks, **{task.step_id: task for task in changed if not task.item}}
