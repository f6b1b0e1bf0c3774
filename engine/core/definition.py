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

MAX_NESTING = 5
"""Workflows that run one within another, the outermost among them."""


class ParameterType(StrEnum):
    STRING = "string"
    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    MULTI_CHOICE = "multi_choice"
    DATE = "date"
    TIME = "time"
    DATETIME = "datetime"
    DURATION = "duration"
    USER = "user"
    USERS = "users"
    CHANNEL = "channel"
    CHANNELS = "channels"
    GROUP = "group"
    EMAIL = "email"
    URL = "url"
    FILE = "file"
    JSON = "json"


class ComputedDefault(StrEnum):
    """A default that is known only when a person opens the form."""

    TODAY = "today"
    NOW = "now"
    ME = "me"
    CHANNEL = "channel"
    LAST = "last"
    """What this person chose the last time."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One typed input of a workflow. `minimum` and `maximum` bound a number's value, a date ("2026-01-31") or a
    time; `min_length` and `max_length` bound a string's length or the number of choices. `show_if` is an
    expression over the other parameters: while it is false, the parameter is not asked and has no value. With a
    `source`, the `options` are not known yet, and every text may be one; `labels` are what people read in place
    of the options, when there are any."""

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
    computed: ComputedDefault | None = None
    show_if: str | None = None
    source: OptionsSource | None = None
    labels: tuple[str, ...] = ()


class StepKind(StrEnum):
    RUN = "run"
    HTTP = "http"
    PYTHON = "python"
    SET = "set"
    APPROVAL = "approval"
    INPUT = "input"
    MESSAGE = "message"
    WAIT = "wait"
    WORKFLOW = "workflow"

    @property
    def is_carried_out(self) -> bool:
        """Whether a worker claims it. The others wait: for people, time, Slack or another run."""
        return self in _CARRIED_OUT


_CARRIED_OUT = frozenset({StepKind.RUN, StepKind.HTTP, StepKind.PYTHON, StepKind.SET})

DEFAULT_SHELL = ("/bin/sh", "-e", "-c")


@dataclass(frozen=True, slots=True)
class RunAction:
    """A command. The source is never a template: values arrive as environment variables. `shell` is the program
    that is given the source as its last argument; `folder` is relative to the workflow file's."""

    command: str
    shell: tuple[str, ...] = DEFAULT_SHELL
    folder: str | None = None
    stdin: str | None = None


@dataclass(frozen=True, slots=True)
class HttpAction:
    """One HTTP request. `json`, `form` and `body` exclude each other; `expect` lists successful statuses;
    `redirects` is how many are followed, each to an address that is checked like the first."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Template = None
    body: str | None = None
    expect: tuple[int, ...] = (200, 201, 202, 204)
    form: Mapping[str, str] | None = None
    redirects: int = 0


@dataclass(frozen=True, slots=True)
class OptionsSource:
    """What gives a choice its options when it is asked: a command or a request. It is given the values of the
    parameters that it `uses` and of no others. `pick` is a template over the `result` of a request; an answer may
    be used again for `cache_seconds`."""

    action: RunAction | HttpAction
    env: Mapping[str, str] = field(default_factory=dict)
    uses: tuple[str, ...] = ()
    pick: str | None = None
    timeout_seconds: float = 10.0
    cache_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class PythonAction:
    """A function, "package.module:name" or the name of an entry point in the group `handrail.steps`, called in a
    child process. Its name is never a template; its arguments are."""

    function: str
    arguments: Mapping[str, Template] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SetAction:
    """Values to compute; the step's result is the resolved mapping."""

    values: Mapping[str, Template]


@dataclass(frozen=True, slots=True)
class WaitAction:
    """A pause: for a `duration`, text such as "90s", "10m" or an expression giving such a text or seconds; or
    `until` a time, "07:30" (the next one) or "2026-01-31T07:30", of the `zone`, a name such as "Europe/Berlin"."""

    duration: str | None = None
    until: str | None = None
    zone: str = "UTC"


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


class OnNoAnswer(StrEnum):
    FAIL = "fail"
    DEFAULTS = "defaults"


@dataclass(frozen=True, slots=True)
class InputAction:
    """A question for typed values. The first answer counts, and is the step's result: a mapping by field name.
    Both tuples of `people` empty: whoever may run the workflow."""

    title: str
    message: str
    fields: tuple[Parameter, ...]
    people: Approvers = Approvers()
    on_timeout: OnNoAnswer = OnNoAnswer.FAIL


@dataclass(frozen=True, slots=True)
class MessageAction:
    """A text for a channel (an id or "#name"), for a person, or, when both are None, for the run's thread."""

    text: str
    channel: str | None = None
    user: str | None = None


@dataclass(frozen=True, slots=True)
class WorkflowAction:
    """Another workflow, run as a child with a number of its own."""

    name: str
    parameters: Mapping[str, Template] = field(default_factory=dict)


Action = (
    RunAction
    | HttpAction
    | PythonAction
    | SetAction
    | ApprovalAction
    | InputAction
    | MessageAction
    | WaitAction
    | WorkflowAction
)


@dataclass(frozen=True, slots=True)
class Retry:
    """When a failed attempt is followed by another. `attempts` counts all of them, the first too. The n-th pause
    lasts delay x backoff^(n-1) seconds, at most `max_delay_seconds`, and varies by the share `jitter` of itself.
    With `exit_codes` or `statuses` (HTTP), only failures with one of those are tried again."""

    attempts: int
    delay_seconds: float = 0.0
    backoff: float = 1.0
    max_delay_seconds: float = 3600.0
    jitter: float = 0.0
    exit_codes: tuple[int, ...] = ()
    statuses: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ForEach:
    """The step is done once for each item of a list, at most `max_parallel` of them at a time."""

    items: Template
    max_parallel: int = 10


class OnConflict(StrEnum):
    """What a run does that finds another one of its concurrency key in progress."""

    QUEUE = "queue"
    REJECT = "reject"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Concurrency:
    """Runs with the same `key`, a template over `params` and `run`, are in progress one at a time."""

    key: str
    on_conflict: OnConflict = OnConflict.QUEUE


@dataclass(frozen=True, slots=True)
class Step:
    """One node of the graph. `condition` is an expression without its braces, or None. A final step stands below
    `finally`: it starts when all others are settled, whatever became of them."""

    id: str
    title: str
    kind: StepKind
    action: Action
    needs: tuple[str, ...] = ()
    condition: str | None = None
    timeout_seconds: float = DEFAULT_STEP_TIMEOUT_SECONDS
    env: Mapping[str, str] = field(default_factory=dict)
    idempotent: bool = False
    retry: Retry | None = None
    foreach: ForEach | None = None
    continue_on_error: bool = False
    is_final: bool = False


@dataclass(frozen=True, slots=True)
class Workflow:
    """A whole workflow file. `steps` keep the file's order, which is also a legal order of execution ties; final
    steps come last. `secrets` are names; their values are known to workers only.

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
    secrets: tuple[str, ...] = ()
    timeout_seconds: float | None = None
    concurrency: Concurrency | None = None

    def step(self, step_id: str) -> Step:
        """Return the step with this id; KeyError when there is none."""
        for step in self.steps:
            if step.id == step_id:
                return step
        raise KeyError(step_id)
