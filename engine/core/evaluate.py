"""What planning asks of expressions, and the names that expressions see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from engine.core.definition import JsonValue, Template
from engine.core.state import RunStatus, TaskState

RUN_NAMES = ("number", "requester", "channel", "started_at")
"""What `run` has in expressions."""

FINAL_RUN_NAMES = (*RUN_NAMES, "status")
"""What it has in `finally` and `outputs`: there, how the run ends is known."""

Names = Mapping[str, JsonValue]
"""`params`, `run` and `steps`; the last maps a settled step's id to its result, status and error."""


class Evaluate(Protocol):
    """Computes expressions. Both methods raise ExpressionProblem."""

    def value(self, template: Template, names: Names) -> JsonValue:
        """The template with every expression in it computed, however deep it sits."""
        ...

    def condition(self, text: str, names: Names) -> bool:
        """Whether the expression `text`, written without braces, holds."""
        ...


def expression_names(
    parameters: Mapping[str, JsonValue],
    context: Mapping[str, JsonValue],
    tasks: Mapping[str, TaskState],
    outcome: RunStatus | None = None,
) -> Names:
    """What expressions of a run see: its parameters, facts about the run, and its settled steps. Which of the
    names a step may use is checked when the file is read."""
    return {
        "params": dict(parameters),
        "run": {**context, "status": (outcome or RunStatus.COMPLETED).value},
        "steps": {step_id: _shown(task) for step_id, task in tasks.items() if task.status.is_settled},
    }


def _shown(task: TaskState) -> JsonValue:
    return {"result": task.result, "status": task.status.value, "error": task.error}
