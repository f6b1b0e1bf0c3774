"""Which executor carries out which kind of step, and what holds for all of them: secrets stay masked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.core.definition import JsonValue, StepKind
from engine.core.errors import ExpressionProblem
from engine.core.events import Errored, Failed, Outcome, Stopped, Succeeded
from engine.executors import http, run
from engine.executors import set as set_values
from engine.executors.base import CannotCarryOut, Execute, StepContext
from engine.masking import Mask

EXECUTORS: Mapping[StepKind, Execute] = {
    StepKind.RUN: run.execute,
    StepKind.HTTP: http.execute,
    StepKind.SET: set_values.execute,
}


def execute(context: StepContext) -> Outcome:
    """Carry out one attempt. Raises AttemptLost when its outcome is not known."""

    def record_masked(arguments: JsonValue) -> None:
        context.record_arguments(context.mask.value(arguments))

    try:
        outcome = EXECUTORS[context.step.kind](replace(context, record_arguments=record_masked))
    except (CannotCarryOut, ExpressionProblem) as problem:
        outcome = Errored(str(problem))
    return _masked(outcome, context.mask)


def _masked(outcome: Outcome, mask: Mask) -> Outcome:
    match outcome:
        case Succeeded(result=result):
            return replace(outcome, result=mask.value(result))
        case Failed(error=error, result=result):
            return replace(outcome, error=mask.text(error), result=mask.value(result))
        case Errored(error=error):
            return Errored(mask.text(error))
        case Stopped():
            return outcome
