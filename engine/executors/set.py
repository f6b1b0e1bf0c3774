"""`set` steps: values computed from what is known."""

from __future__ import annotations

from engine.core.definition import SetAction
from engine.core.events import Outcome, Succeeded
from engine.executors.base import StepContext


def execute(context: StepContext) -> Outcome:
    """The result is the mapping with its expressions computed."""
    action = context.step.action
    assert isinstance(action, SetAction)
    context.record_arguments(dict(action.values))
    return Succeeded(context.value(dict(action.values)))
