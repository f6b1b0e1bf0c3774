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
    *,
    is_rehearsal: bool = False,
) -> Names:
    """What expressions of a run see: its parameters, facts about the run, and its settled steps. Which of the
    names a step may use is checked when the file is read. In a rehearsal `run` says so, for whoever computes."""
    run = {**context, "status": (outcome or RunStatus.COMPLETED).value}
    return {
        "params": dict(parameters),
        "run": {**run, "is_rehearsal": True} if is_rehearsal else run,
        "steps": {step_id: _shown(task) for step_id, task in tasks.items() if task.status.is_settled},
    }


def _shown(task: TaskState) -> JsonValue:
    return {"result": task.result, "status": task.status.value, "error": task.error}
