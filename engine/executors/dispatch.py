"""Which executor carries out which kind of step, and what holds for all of them: secrets stay masked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.core.definition import JsonValue, StepKind
from engine.core.errors import ExpressionProblem
from engine.core.events import Errored, Failed, Outcome, Stopped, Succeeded
from engine.executors import http, python, run
from engine.executors import set as set_values
from engine.executors.base import CannotCarryOut, Execute, StepContext
from engine.executors.secret_names import made_of_secrets, secrets_of_step
from engine.masking import MASKED, Mask
from engine.secrets import SecretProblem

EXECUTORS: Mapping[StepKind, Execute] = {
    StepKind.RUN: run.execute,
    StepKind.HTTP: http.execute,
    StepKind.PYTHON: python.execute,
    StepKind.SET: set_values.execute,
}


def execute(context: StepContext) -> Outcome:
    """Carry out one attempt. Raises AttemptLost when its outcome is not known."""
    try:
        prepared = _with_secrets(context)
    except (SecretProblem, ExpressionProblem) as problem:
        return Errored(context.mask.sentence(str(problem)))

    def record_masked(arguments: JsonValue) -> None:
        context.record_arguments(prepared.mask.value(arguments))

    try:
        outcome = EXECUTORS[context.step.kind](replace(prepared, record_arguments=record_masked))
    except (CannotCarryOut, ExpressionProblem) as problem:
        outcome = Errored(str(problem))
    return _masked(outcome, prepared.mask)


def _with_secrets(context: StepContext) -> StepContext:
    """The context with the secrets that its step asks for. All that its workflow declares are masked in what leaves
    it: another step may have left one in a file. A rehearsal sees none."""
    declared = frozenset(context.workflow.secrets)
    if not declared:
        return context
    names = secrets_of_step(context.step) & declared
    if context.is_rehearsal:
        return replace(context, names={**context.names, "secrets": dict.fromkeys(names, MASKED)})
    values = {name: context.secrets.look_up(name) for name in sorted(names)}
    seen: dict[str, JsonValue] = {**context.names, "secrets": dict[str, JsonValue](values)}
    mask = context.mask.with_values([*values.values(), *context.secrets.known(declared - names)])
    try:
        mask = mask.with_values(made_of_secrets(context.step, seen))
    except ExpressionProblem as problem:
        raise ExpressionProblem(mask.sentence(problem.sentence)) from None
    context.output.mask_with(mask)
    return replace(context, mask=mask, names=seen)


def _masked(outcome: Outcome, mask: Mask) -> Outcome:
    match outcome:
        case Succeeded(result=result):
            return replace(outcome, result=mask.value(result))
        case Failed(error=error, result=result):
            return replace(outcome, error=mask.sentence(error), result=mask.value(result))
        case Errored(error=error):
            return Errored(mask.sentence(error))
        case Stopped():
            return outcome
