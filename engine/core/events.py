"""What can happen to a run, and what planning answers: events in, one transition with effects out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from engine.core.definition import ApprovalAction, InputAction, JsonValue, MessageAction, WorkflowAction
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
    status: int | None = None
    """Of the HTTP answer, where there was one."""


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
    """A run that `is_queued` begins nothing until it is admitted."""

    is_queued: bool = False


@dataclass(frozen=True, slots=True)
class RunAdmitted:
    """Its turn has come: no other run of its concurrency key is in progress."""


@dataclass(frozen=True, slots=True)
class RunResumed:
    """Somebody takes up a run that did not complete. What completed keeps its result; the steps `done` count as
    completed, because that person says so."""

    by: str
    done: frozenset[str] = frozenset()
    is_queued: bool = False


@dataclass(frozen=True, slots=True)
class RunExpired:
    """The run's own timeout is over."""


@dataclass(frozen=True, slots=True)
class TaskFinished:
    """An attempt ended. Ignored by planning unless the task is running with this very attempt. `chance`, from 0
    to 1, spreads the pauses of retries."""

    step_id: str
    attempt: int
    outcome: Outcome
    item: int = 0
    chance: float = 0.5


@dataclass(frozen=True, slots=True)
class WorkerLost:
    """The lease of a running attempt ended without a word from its worker."""

    step_id: str
    attempt: int
    item: int = 0


@dataclass(frozen=True, slots=True)
class ApprovalDecided:
    step_id: str
    ballot: Ballot


@dataclass(frozen=True, slots=True)
class ApprovalExpired:
    step_id: str


@dataclass(frozen=True, slots=True)
class InputAnswered:
    """`values` are checked, one for each field."""

    step_id: str
    by: str
    values: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class InputExpired:
    step_id: str


@dataclass(frozen=True, slots=True)
class WaitEnded:
    step_id: str


@dataclass(frozen=True, slots=True)
class MessageSettled:
    """Slack has taken a message, or has refused it for good."""

    step_id: str
    outcome: Succeeded | Failed


@dataclass(frozen=True, slots=True)
class ChildEnded:
    """The child run of a `workflow` step ended, or could not be started."""

    step_id: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class CancelRequested:
    """With `is_forced`, `finally` steps are stopped too, and nothing is given time to end."""

    by: str
    is_forced: bool = False


StepEvent = (
    TaskFinished
    | WorkerLost
    | ApprovalDecided
    | ApprovalExpired
    | InputAnswered
    | InputExpired
    | WaitEnded
    | MessageSettled
    | ChildEnded
)

Event = RunStarted | RunAdmitted | RunResumed | RunExpired | CancelRequested | StepEvent

# --- effects: what the shell must do in the same transaction


class ApprovalStatus(StrEnum):
    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class InputStatus(StrEnum):
    OPEN = "open"
    ANSWERED = "answered"
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
class OpenInput:
    """Ask people for values. `action` has its expressions resolved; it expires `timeout_seconds` after now."""

    step_id: str
    action: InputAction
    timeout_seconds: float


@dataclass(frozen=True, slots=True)
class CloseInput:
    step_id: str
    status: InputStatus


@dataclass(frozen=True, slots=True)
class StartWait:
    step_id: str
    seconds: float


@dataclass(frozen=True, slots=True)
class SendMessage:
    """`action` has its expressions resolved; it is given up `timeout_seconds` after now."""

    step_id: str
    action: MessageAction
    timeout_seconds: float


@dataclass(frozen=True, slots=True)
class StartChild:
    """`action` has its expressions resolved."""

    step_id: str
    action: WorkflowAction


@dataclass(frozen=True, slots=True)
class StopChild:
    """Cancel the child run of a step; its end then settles the step."""

    step_id: str
    is_forced: bool = False


@dataclass(frozen=True, slots=True)
class StopTask:
    """Tell the worker of a running task to end it (SIGTERM, grace, SIGKILL; at once when forced); it then reports
    `Stopped`."""

    step_id: str
    item: int = 0
    is_forced: bool = False


@dataclass(frozen=True, slots=True)
class AddItems:
    """A fan-out begins: one task for each value, pending and not due."""

    step_id: str
    values: tuple[JsonValue, ...]


@dataclass(frozen=True, slots=True)
class StartItems:
    """The next `count` pending items of a fan-out, in their order, become due."""

    step_id: str
    count: int


@dataclass(frozen=True, slots=True)
class CancelItems:
    """All `count` items of a fan-out that are pending or due are cancelled; with `are_running`, those that run
    too, whatever their workers report later."""

    step_id: str
    count: int
    are_running: bool = False


@dataclass(frozen=True, slots=True)
class StopItems:
    """Tell the workers of all running items of a fan-out to end them."""

    step_id: str
    is_forced: bool = False


@dataclass(frozen=True, slots=True)
class ResetItems:
    """The `count` settled items of a fan-out are pending again, in a new round: all, or those that did not
    complete."""

    step_id: str
    count: int
    is_all: bool = False


@dataclass(frozen=True, slots=True)
class MarkItems:
    """The `count` items of a fan-out whose outcome is unknown count as completed."""

    step_id: str
    count: int


@dataclass(frozen=True, slots=True)
class StartRunTimer:
    """`RunExpired` happens `seconds` after now, unless the run has ended."""

    seconds: float


Effect = (
    OpenApproval
    | CloseApproval
    | OpenInput
    | CloseInput
    | StartWait
    | SendMessage
    | StartChild
    | StopChild
    | StopTask
    | AddItems
    | StartItems
    | CancelItems
    | StopItems
    | ResetItems
    | MarkItems
    | StartRunTimer
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the audit trail, past tense: kind such as "step_completed", data small and JSON."""

    kind: str
    data: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Transition:
    """The answer of planning. Only `tasks` that changed are listed, items of fan-outs among them; what effects do
    to other items is not. An ignored event gives `is_noop`."""

    status: RunStatus
    outcome: RunStatus | None = None
    error: str | None = None
    progress: int = 0
    tasks: tuple[TaskState, ...] = ()
    effects: tuple[Effect, ...] = ()
    facts: tuple[Fact, ...] = ()
    outputs: Mapping[str, JsonValue] | None = None
    is_noop: bool = False
    is_queued: bool = False
    is_new_round: bool = False
    may_be_timed: bool = True
    """Whether the run may have a timer of its own, which goes when it ends."""
