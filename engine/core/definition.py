"""What a workflow file says, after reading: frozen values, checked, with expressions still as text.

Values that may hold expressions (`{{ ... }}`) are typed `Template`; they are resolved when their step is due.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]

Template = JsonValue
"""A JSON value whose strings may hold expressions."""

DEFAULT_STEP_TIMEOUT_SECONDS = 3600


class ParameterType(StrEnum):
    STRING = "string"
    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    MULTI_CHOICE = "multi_choice"
    DATE = "date"
    USER = "user"
    CHANNEL = "channel"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One typed input of a workflow. `minimum` and `maximum` bound a number's value or a date ("2026-01-31");
    `min_length` and `max_length` bound a string's length or the number of choices."""

    name: str
    type: ParameterType
    title: str
    hint: str = ""
    required: bool = False
    default: JsonValue = None
    options: tuple[str, ...] = ()
    pattern: str | None = None
    minimum: int | float | str | None = None
    maximum: int | float | str | None = None
    min_length: int | None = None
    max_length: int | None = None


class StepKind(StrEnum):
    RUN = "run"
    HTTP = "http"
    SET = "set"
    WAIT = "wait"
    APPROVAL = "approval"


@dataclass(frozen=True, slots=True)
class RunAction:
    """A shell command. The source is never a template: values arrive as environment variables."""

    command: str


@dataclass(frozen=True, slots=True)
class HttpAction:
    """One HTTP request. `json` and `body` exclude each other; `expect` lists successful statuses."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Template = None
    body: str | None = None
    expect: tuple[int, ...] = (200, 201, 202, 204)


@dataclass(frozen=True, slots=True)
class SetAction:
    """Values to compute; the step's result is the resolved mapping."""

    values: Mapping[str, Template]


@dataclass(frozen=True, slots=True)
class WaitAction:
    """A pause. `duration` is text such as "90s", "10m" or an expression giving such a text or seconds."""

    duration: str


class OnTimeout(StrEnum):
    REJECT = "reject"
    APPROVE = "approve"


@dataclass(frozen=True, slots=True)
class Approvers:
    """Who may decide: Slack user ids and user group ids. Both empty: whoever holds APPROVE_WORKFLOW_STEP."""

    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ApprovalAction:
    """A question to people. `required` approvals let the run go on; one rejection ends it."""

    title: str
    message: str = ""
    approvers: Approvers = Approvers()
    required: int = 1
    allow_self: bool = False
    on_timeout: OnTimeout = OnTimeout.REJECT


Action = RunAction | HttpAction | SetAction | WaitAction | ApprovalAction


@dataclass(frozen=True, slots=True)
class Step:
    """One node of the graph. `condition` is an expression without its braces, or None."""

    id: str
    title: str
    kind: StepKind
    action: Action
    needs: tuple[str, ...] = ()
    condition: str | None = None
    timeout_seconds: float = DEFAULT_STEP_TIMEOUT_SECONDS
    env: Mapping[str, str] = field(default_factory=dict)
    idempotent: bool = False


@dataclass(frozen=True, slots=True)
class Workflow:
    """A whole workflow file. `steps` keep the file's order, which is also a legal order of execution ties.

    `digest` is the SHA-256 (hex) of the file's bytes; `source` its text; `folder` the directory `run` steps
    start in.
    """

    name: str
    title: str
    description: str
    parameters: tuple[Parameter, ...]
    steps: tuple[Step, ...]
    outputs: Mapping[str, Template]
    folder: str
    source: str
    digest: str

    def step(self, step_id: str) -> Step:
        """Return the step with this id; KeyError when there is none."""
        for step in self.steps:
            if step.id == step_id:
                return step
        raise KeyError(step_id)
