"""What can happen to a run, and what planning answers: events in, one transition with effects out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from engine.core.definition import ApprovalAction, JsonValue
from engine.core.state import Ballot, RunStatus, TaskState

# --- outcomes: what an executor reports about one attempt


@dataclass(frozen=True, slots=True)
class Succeeded:
    result: JsonValue = None
    exit_code: int | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The step itself failed: a bad exit code, an unexpected status, a timeout."""

    error: str
    result: JsonValue = None
    exit_code: int | None = None


@dataclass(frozen=True, slots=True)
class Errored:
    """The step could not be carried out for a reason that is not its own: a bad expression, a lost worker."""

    error: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The step was stopped because the run was cancelled."""


Outcome = Succeeded | Failed | Errored | Stopped

# --- events


@dataclass(frozen=True, slots=True)
class RunStarted:
    pass


@dataclass(frozen=True, slots=True)
class TaskFinished:
    """An attempt ended. Ignored by planning unless the task is running with this very attempt."""

    step_id: str
    attempt: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class WorkerLost:
    """The lease of a running attempt ended without a word from its worker."""

    step_id: str
    attempt: int


@dataclass(frozen=True, slots=True)
class ApprovalDecided:
    step_id: str
    ballot: Ballot


@dataclass(frozen=True, slots=True)
class ApprovalExpired:
    step_id: str


@dataclass(frozen=True, slots=True)
class WaitEnded:
    step_id: str


@dataclass(frozen=True, slots=True)
class CancelRequested:
    by: str


Event = (
    RunStarted | TaskFinished | WorkerLost | ApprovalDecided | ApprovalExpired | WaitEnded | CancelRequested
)

# --- effects: what the shell must do in the same transaction


class ApprovalStatus(StrEnum):
    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class OpenApproval:
    """Ask people. `action` has its expressions resolved; it expires `timeout_seconds` after now."""

    step_id: str
    action: ApprovalAction
    timeout_seconds: float


@dataclass(frozen=True, slots=True)
class CloseApproval:
    step_id: str
    status: ApprovalStatus


@dataclass(frozen=True, slots=True)
class StartWait:
    step_id: str
    seconds: float


@dataclass(frozen=True, slots=True)
class StopTask:
    """Tell the worker of a running task to end it (SIGTERM, grace, SIGKILL); it then reports `Stopped`."""

    step_id: str


Effect = OpenApproval | CloseApproval | StartWait | StopTask


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the audit trail, past tense: kind such as "step_completed", data small and JSON."""

    kind: str
    data: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Transition:
    """The answer of planning. Only `tasks` that changed are listed. An ignored event gives `is_noop`."""

    status: RunStatus
    outcome: RunStatus | None = None
    error: str | None = None
    progress: int = 0
    tasks: tuple[TaskState, ...] = ()
    effects: tuple[Effect, ...] = ()
    facts: tuple[Fact, ...] = ()
    outputs: Mapping[str, JsonValue] | None = None
    is_noop: bool = False
