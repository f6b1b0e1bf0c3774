"""Custom steps that people start: each one's id, inputs and state, and what of it goes into later payloads."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sandbox.clock import Clock
from sandbox.errors import ControlError, SlackError
from sandbox.manifest import AppFunction
from sandbox.people import APP_ID
from sandbox.tokens import new_id
from sandbox.types import Json

MOST_KEPT = 1_000
MOST_REMEMBERED = 5_000  # messages and views posted with a step's token

# The Python types of a parameter's JSON, by the type that the manifest names; other types are ids or objects.
_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "array": (list,),
    "object": (dict,),
}


class FunctionState(StrEnum):
    RUNNING = "running"
    COMPLETED = "completed"
    ERROR = "error"


@dataclass
class FunctionExecution:
    """One custom step that was started. `token` acts for it alone, until it is over."""

    id: str
    workflow_execution_id: str
    function: AppFunction
    user: str
    inputs: Json
    token: str
    started_at: float
    state: FunctionState = FunctionState.RUNNING
    outputs: Json | None = None
    error: str | None = None
    ended_at: float | None = None

    def row(self) -> Json:
        """As the control API tells it; the token is left out."""
        return {
            "id": self.id,
            "workflow_execution_id": self.workflow_execution_id,
            "callback_id": self.function.callback_id,
            "user": self.user,
            "inputs": self.inputs,
            "started_at": self.started_at,
            "state": self.state.value,
            "outputs": self.outputs,
            "error": self.error,
            "ended_at": self.ended_at,
        }


class Functions:
    """The custom steps of this sandbox, oldest first; those that are over are forgotten when there are many.

    `revoke` ends a step's token when the step is over.
    """

    def __init__(self, clock: Clock, revoke: Callable[[str], None]) -> None:
        self._clock = clock
        self._revoke = revoke
        self._executions: dict[str, FunctionExecution] = {}
        self._marks: dict[str, str] = {}  # "channel ts" or view id -> execution id

    def start(self, function: AppFunction, user: str, inputs: Json, token: str) -> FunctionExecution:
        """Begin a step; raises ControlError when the inputs do not fit its parameters."""
        problems = parameter_problems(function.input_parameters, inputs)
        if problems:
            raise ControlError("parameter_validation_failed", " ".join(problems))
        execution = FunctionExecution(
            new_id("Fx"), new_id("Wx"), function, user, inputs, token, self._clock.now()
        )
        self._executions[execution.id] = execution
        self._forget_old()
        return execution

    def complete(self, execution_id: str, outputs: Json) -> FunctionExecution:
        """The app says that it went well; raises SlackError as functions.completeSuccess does."""
        execution = self._running(execution_id)
        problems = parameter_problems(execution.function.output_parameters, outputs)
        if problems:
            messages = [f"[ERROR] {problem}" for problem in problems]
            raise SlackError("parameter_validation_failed", response_metadata={"messages": messages})
        execution.outputs = outputs
        return self._end(execution, FunctionState.COMPLETED)

    def fail(self, execution_id: str, error: str) -> FunctionExecution:
        """The app says that it went wrong; raises SlackError as functions.completeError does."""
        execution = self._running(execution_id)
        execution.error = error
        return self._end(execution, FunctionState.ERROR)

    def rows(self) -> list[Json]:
        return [execution.row() for execution in self._executions.values()]

    def get(self, execution_id: str) -> FunctionExecution | None:
        return self._executions.get(execution_id)

    def remember_answer(self, token: str | None, answer: Json) -> None:
        """A Web API call with `token` was answered: what it posted or opened for a step belongs to that step."""
        execution = next((e for e in self._executions.values() if e.token == token), None)
        if execution is None:
            return
        if "channel" in answer and "ts" in answer:
            self._mark(_place(str(answer["channel"]), str(answer["ts"])), execution)
        if isinstance(answer.get("view"), dict):
            self._mark(str(answer["view"]["id"]), execution)

    def extras_in_message(self, channel: str, ts: str, user: str, pointer: str) -> Json:
        """What an interaction in a message of a step tells beside the rest: {} for other messages."""
        return self._extras(_place(channel, ts), user, pointer)

    def extras_in_view(self, view_id: str, user: str, pointer: str) -> Json:
        """The same, for a view that was opened with a step's token."""
        return self._extras(view_id, user, pointer)

    def reset(self) -> None:
        self._executions.clear()
        self._marks.clear()

    def _extras(self, mark: str, user: str, pointer: str) -> Json:
        execution = self._executions.get(self._marks.get(mark, ""))
        if execution is None:
            return {}
        return {
            "bot_access_token": execution.token,
            "function_data": {
                "execution_id": execution.id,
                "function": {"callback_id": execution.function.callback_id},
                "inputs": execution.inputs,
            },
            "interactivity": {
                "interactor": {"id": user, "secret": secrets.token_urlsafe(24)},
                "interactivity_pointer": pointer,
            },
        }

    def _mark(self, mark: str, execution: FunctionExecution) -> None:
        self._marks[mark] = execution.id
        if len(self._marks) > MOST_REMEMBERED:
            del self._marks[next(iter(self._marks))]

    def _running(self, execution_id: str) -> FunctionExecution:
        execution = self._executions.get(execution_id)
        if execution is None:
            raise SlackError("function_execution_not_found")
        if execution.state is not FunctionState.RUNNING:
            raise SlackError("execution_not_in_running_state")
        return execution

    def _end(self, execution: FunctionExecution, state: FunctionState) -> FunctionExecution:
        execution.state, execution.ended_at = state, self._clock.now()
        self._revoke(execution.token)
        return execution

    def _forget_old(self) -> None:
        if len(self._executions) > MOST_KEPT:
            over = (e.id for e in self._executions.values() if e.state is not FunctionState.RUNNING)
            self._executions.pop(next(over, next(iter(self._executions))))


def parameter_problems(parameters: dict[str, Json], given: Json) -> list[str]:
    """A sentence for each value that is missing, unknown, or of another type than the manifest names."""
    problems = [
        f"missing required parameter: {name}"
        for name, parameter in parameters.items()
        if parameter.get("is_required") and given.get(name) is None
    ]
    problems += [f"unknown parameter: {name}" for name in given if name not in parameters]
    problems += [
        f"parameter {name} must be of type {parameters[name].get('type')}"
        for name, value in given.items()
        if name in parameters and value is not None and not _is_of_type(parameters[name].get("type"), value)
    ]
    return problems


def _is_of_type(kind: Any, value: Any) -> bool:
    types = _JSON_TYPES.get(str(kind).removeprefix("slack#/types/"))
    if types is None:
        return True
    return isinstance(value, types) and (bool in types or not isinstance(value, bool))


def function_executed(execution: FunctionExecution) -> Json:
    """Slack's inner event that tells the app of a step to do."""
    return {
        "type": "function_executed",
        "function": _definition(execution.function),
        "inputs": execution.inputs,
        "function_execution_id": execution.id,
        "workflow_execution_id": execution.workflow_execution_id,
        "bot_access_token": execution.token,
    }


def _definition(function: AppFunction) -> Json:
    return {
        "id": _function_id(function.callback_id),
        "callback_id": function.callback_id,
        "title": function.title,
        "description": function.description,
        "type": "app",
        "input_parameters": _told(function.input_parameters),
        "output_parameters": _told(function.output_parameters),
        "app_id": APP_ID,
        "date_created": 0,
        "date_updated": 0,
        "date_deleted": 0,
    }


def _function_id(callback_id: str) -> str:
    """The same for the same step each time, in Slack's shape."""
    letters = "".join(letter for letter in callback_id.upper() if letter.isascii() and letter.isalnum())
    return f"Fn0{letters[:16]}"


def _told(parameters: dict[str, Json]) -> list[Json]:
    """A manifest's parameters as the list that the event has."""
    return [
        {
            "type": parameter.get("type", "string"),
            "name": name,
            "description": parameter.get("description", ""),
            "title": parameter.get("title", name),
            "is_required": bool(parameter.get("is_required")),
        }
        for name, parameter in parameters.items()
    ]


def _place(channel: str, ts: str) -> str:
    return f"{channel} {ts}"
