"""What buttons, options and views carry: small frozen values as compact JSON, and how to read them back.

They say where a click came from, never what a person may do. Whatever is not exactly of the expected
shape is read as None.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, asdict, dataclass, field, fields
from typing import Any, TypeVar

from engine.core.definition import JsonValue
from engine.core.slack_ids import CHANNEL_ID, USER_ID
from engine.core.state import RunStatus

LIMIT = 2000
"""Characters that a button's value may have; a view's private metadata may have 3000."""

TRAIL_LENGTH = 50


@dataclass(frozen=True, slots=True)
class RunRef:
    run_id: str


@dataclass(frozen=True, slots=True)
class StepRef:
    run_id: str
    step_id: str


@dataclass(frozen=True, slots=True)
class QuestionRef:
    question_id: str


@dataclass(frozen=True, slots=True)
class ApprovalRef:
    approval_id: str


@dataclass(frozen=True, slots=True)
class CommentDraft:
    """A decision that waits for its comment."""

    approval_id: str
    approve: bool


@dataclass(frozen=True, slots=True)
class DetailsPlace:
    """Where in a run's details: a task, or None for the list of tasks; `page` counts from 0."""

    run_id: str
    task_id: str | None = None
    page: int = 0


@dataclass(frozen=True, slots=True)
class WorkflowRef:
    name: str


@dataclass(frozen=True, slots=True)
class PickerDraft:
    channel_id: str | None


@dataclass(frozen=True, slots=True)
class ParameterRef:
    name: str


@dataclass(frozen=True, slots=True)
class FormDraft:
    """The form as it was opened: the digest of the workflow shown, when that was by our own clock (seconds since
    1970), and the run that it repeats, if any. `kept` are values of parameters that are not asked at the moment;
    `options` names the look-ups whose options it shows, or waits for, by parameter."""

    workflow: str
    digest: str
    channel_id: str | None
    opened_at: int
    again_of: str | None = None
    kept: Mapping[str, JsonValue] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HistoryPlace:
    """A page of history: runs numbered below `older_than`. `trail` holds that number of each newer page,
    for the way back; the first page is not in it. Rehearsals are listed when `rehearsals` says so."""

    workflow: str | None = None
    status: RunStatus | None = None
    older_than: int | None = None
    trail: tuple[int, ...] = ()
    rehearsals: bool = False


Value = (
    RunRef
    | StepRef
    | QuestionRef
    | ApprovalRef
    | CommentDraft
    | DetailsPlace
    | WorkflowRef
    | ParameterRef
    | PickerDraft
    | FormDraft
    | HistoryPlace
)
V = TypeVar("V", bound=Value)


def encode(value: Value) -> str:
    """Compact JSON with the kind of value in it, so that one kind is never taken for another."""
    return json.dumps({"is": type(value).__name__, **asdict(value)}, separators=(",", ":"))


def decode(kind: type[V], text: object) -> V | None:
    """The value of this kind in `text`, or None for anything else, whatever it is. What has a default may be left
    out: Slack keeps buttons that an older version has drawn."""
    if not isinstance(text, str) or len(text) > LIMIT:
        return None
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or data.pop("is", None) != kind.__name__:
        return None
    if not _required(kind) <= data.keys() <= {field.name for field in fields(kind)}:
        return None
    if not all(_is_good(field, data[field.name]) for field in fields(kind) if field.name in data):
        return None
    return kind(**{name: _restore(name, value) for name, value in data.items()})


def _required(kind: type[V]) -> set[str]:
    return {each.name for each in fields(kind) if each.default is MISSING and each.default_factory is MISSING}


def _is_good(field: Field[Any], value: object) -> bool:
    if value is None:
        return "None" in str(field.type)
    return _CHECKS[field.name](value)


def _restore(name: str, value: Any) -> Any:
    """JSON knows neither enums nor tuples."""
    if name == "status":
        return None if value is None else RunStatus(value)
    return tuple(value) if name == "trail" else value


def _matches(pattern: str) -> Callable[[object], bool]:
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**31


def _is_time(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**40


def _is_trail(value: object) -> bool:
    return isinstance(value, list) and len(value) <= TRAIL_LENGTH and all(map(_is_count, value))


def _is_channel(value: object) -> bool:
    """A person's id stands for their direct messages with us."""
    return isinstance(value, str) and bool(CHANNEL_ID.fullmatch(value) or USER_ID.fullmatch(value))


_is_name = _matches(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")
_is_id = _matches("[0-9a-f]{32}")
_CHECKS: dict[str, Callable[[object], bool]] = {
    "run_id": _is_id,
    "approval_id": _is_id,
    "question_id": _is_id,
    "step_id": _matches("[A-Za-z_][A-Za-z0-9_-]{0,99}"),
    "task_id": _is_id,
    "again_of": _is_id,
    "digest": _matches("[0-9a-f]{64}"),
    "channel_id": _is_channel,
    "name": _is_name,
    "workflow": _is_name,
    "status": lambda value: value in list(RunStatus),
    "older_than": _is_count,
    "opened_at": _is_time,
    "kept": lambda value: isinstance(value, dict),
    "options": lambda value: isinstance(value, dict) and all(map(_is_id, value.values())),
    "page": _is_count,
    "approve": lambda value: type(value) is bool,
    "rehearsals": lambda value: type(value) is bool,
    "trail": _is_trail,
}
