"""Which steps may start now, and what they ask of the shell when they do."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.core.approval import check_reachable, resolve_approval
from engine.core.clock import seconds_until
from engine.core.definition import (
    ApprovalAction,
    InputAction,
    JsonValue,
    MessageAction,
    Step,
    StepKind,
    WaitAction,
    WorkflowAction,
)
from engine.core.draft import Draft
from engine.core.durations import parse_duration
from engine.core.errors import ExpressionProblem
from engine.core.evaluate import Evaluate
from engine.core.events import (
    AddItems,
    Effect,
    OpenApproval,
    OpenInput,
    SendMessage,
    StartChild,
    StartWait,
)
from engine.core.fan_out import join, start_items
from engine.core.rehearsal import depends_on_unknown, first_unknown, unknown
from engine.core.resolving import resolve_child, resolve_input, resolve_message
from engine.core.state import FanOut, RunStatus, TaskStatus

MOST_ITEMS = 1000
"""Of one fan-out."""


@dataclass(frozen=True, slots=True)
class _Start:
    """How a step begins. Without an effect a worker carries it out; with `is_done` it is over at once."""

    step: Step
    effect: Effect | None = None
    arguments: Mapping[str, JsonValue] | None = None
    values: tuple[JsonValue, ...] | None = None
    is_done: bool = False
    facts: Mapping[str, JsonValue] = field(default_factory=dict)


def start_ready_steps(draft: Draft, evaluate: Evaluate, *, are_final: bool) -> None:
    """Skip or start every step whose needs are settled. A main step whose start cannot be computed stops the run,
    and then nothing else of it starts either; final steps start all the same."""
    starting: dict[str, _Start] = {}
    candidates = deque(step for step in draft.workflow.steps if step.is_final is are_final)
    while candidates:
        step = candidates.popleft()
        if step.id in starting or not draft.is_ready(step):
            continue
        try:
            start = None if _is_skipped(draft, step, evaluate) else _prepare(draft, step, evaluate)
        except ExpressionProblem as problem:
            _break_off(draft, step, problem.sentence)
            if not are_final:
                return
            candidates.extend(draft.dependants[step.id])
            continue
        if start is None:
            _skip(draft, step)
        elif start.is_done:
            _finish_at_once(draft, start)
            if draft.outcome is not None and not are_final:
                return
        else:
            starting[step.id] = start
            continue
        candidates.extend(draft.dependants[step.id])
    for start in starting.values():
        _begin(draft, start)


def _is_skipped(draft: Draft, step: Step, evaluate: Evaluate) -> bool:
    if not all(_lets_others_start(draft, needed) for needed in step.needs):
        return True
    return step.condition is not None and not evaluate.condition(step.condition, draft.names)


def _lets_others_start(draft: Draft, step_id: str) -> bool:
    status = draft.tasks[step_id].status
    is_tolerated = status is TaskStatus.FAILED and draft.steps[step_id].continue_on_error
    return status is TaskStatus.COMPLETED or is_tolerated


def _skip(draft: Draft, step: Step) -> None:
    draft.settle(draft.tasks[step.id], TaskStatus.SKIPPED)
    draft.fact("step_skipped", step=step.id)


def _break_off(draft: Draft, step: Step, error: str) -> None:
    draft.settle(draft.tasks[step.id], TaskStatus.ERROR, error=error)
    draft.fact("step_error", step=step.id, error=error[:500])
    draft.fix_outcome(RunStatus.ERROR, f"{step.title}: {error}")


# --- how a step begins


def _prepare(draft: Draft, step: Step, evaluate: Evaluate) -> _Start:
    """Compute all that the start of a step needs. Raises ExpressionProblem, and changes nothing."""
    names, is_rehearsal = draft.names, draft.snapshot.is_rehearsal
    match step.action:
        case ApprovalAction() as approval:
            asked = resolve_approval(approval, evaluate, names)
            check_reachable(asked, draft.snapshot.requester)
            return _Start(step, OpenApproval(step.id, asked, step.timeout_seconds))
        case InputAction() as question:
            opened = OpenInput(step.id, resolve_input(question, evaluate, names), step.timeout_seconds)
            return _Start(step, opened)
        case WaitAction() as wait:
            seconds = _seconds(draft, wait, evaluate)
            return _Start(step, StartWait(step.id, seconds), {"seconds": seconds}, is_done=is_rehearsal)
        case MessageAction() as message:
            text = resolve_message(message, evaluate, names)
            said: dict[str, JsonValue] = {"channel": text.channel, "user": text.user, "text": text.text}
            return _Start(step, SendMessage(step.id, text, step.timeout_seconds), said, is_done=is_rehearsal)
        case WorkflowAction() as workflow:
            child = resolve_child(workflow, evaluate, names)
            given: dict[str, JsonValue] = {"workflow": child.name, "parameters": dict(child.parameters)}
            return _Start(step, StartChild(step.id, child), given)
        case _:
            return _Start(step) if step.foreach is None else _prepare_fan_out(draft, step, evaluate)


def _prepare_fan_out(draft: Draft, step: Step, evaluate: Evaluate) -> _Start:
    if step.id in draft.fan_outs:  # its items are there from an earlier round
        return _Start(step, values=(), is_done=not draft.fan_outs[step.id].pending)
    assert step.foreach is not None
    values = evaluate.value(step.foreach.items, draft.names)
    if draft.snapshot.is_rehearsal and not isinstance(values, list) and depends_on_unknown(values):
        values = [unknown(f"{first_unknown(values) or step.id}[0]")]  # one item stands for all
    if not isinstance(values, list):
        raise ExpressionProblem("foreach needs a list, and its expression gives none.")
    if len(values) > MOST_ITEMS:
        raise ExpressionProblem(f"foreach has {len(values):,} items; at most {MOST_ITEMS:,} are allowed.")
    return _Start(step, values=tuple(values), is_done=not values, facts={"items": len(values)})


def _seconds(draft: Draft, wait: WaitAction, evaluate: Evaluate) -> float:
    value = evaluate.value(wait.duration if wait.until is None else wait.until, draft.names)
    if draft.snapshot.is_rehearsal and depends_on_unknown(value):
        return 0.0
    try:
        if wait.until is None:
            return parse_duration(value)
        return seconds_until(value, wait.zone, draft.snapshot.now)
    except ValueError as error:
        raise ExpressionProblem(str(error)) from error


def _finish_at_once(draft: Draft, start: _Start) -> None:
    step = start.step
    if step.id in draft.fan_outs:
        join(draft, step)
        return
    draft.change(step.id, TaskStatus.PENDING, arguments=start.arguments)
    result: JsonValue = [] if step.foreach is not None else None
    if step.kind is StepKind.MESSAGE:  # it is only over at once in a rehearsal
        result = unknown(f"steps.{step.id}.result")
    draft.settle(draft.tasks[step.id], TaskStatus.COMPLETED, result=result)
    draft.fact("step_completed", step=step.id)


def _begin(draft: Draft, start: _Start) -> None:
    step = start.step
    draft.fact("step_scheduled", step=step.id, **start.facts)
    if start.values is not None:
        _begin_fan_out(draft, step, start.values)
    elif start.effect is None:
        draft.change(step.id, TaskStatus.PENDING, is_due=True)
    else:
        draft.change(step.id, TaskStatus.WAITING, arguments=start.arguments)
        draft.effect(start.effect)
        if isinstance(start.effect, OpenApproval):
            draft.fact("approval_requested", step=step.id, required=start.effect.action.required)
        elif isinstance(start.effect, OpenInput):
            draft.fact("input_requested", step=step.id)


def _begin_fan_out(draft: Draft, step: Step, values: tuple[JsonValue, ...]) -> None:
    assert step.foreach is not None
    draft.change(step.id, TaskStatus.WAITING)
    if values:
        draft.effect(AddItems(step.id, values))
        draft.fan_outs[step.id] = FanOut(pending=len(values))
    pending = draft.fan_outs[step.id].pending
    start_items(draft, step.id, min(step.foreach.max_parallel, pending))
