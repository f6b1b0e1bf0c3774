"""A run that is cancelled, or takes longer than its timeout."""

from __future__ import annotations

from engine.core.draft import Draft
from engine.core.durations import duration_text
from engine.core.state import RunStatus


def cancel(draft: Draft, by: str, *, is_forced: bool) -> None:
    """Stop the run. One that is stopping already keeps its outcome, but running steps are told to end; final steps
    go on, unless this is forced."""
    is_told = _stop_steps(draft, is_forced=is_forced)
    if not is_told and draft.outcome is not None and not is_forced:
        return
    has_begun = draft.has_started and not draft.is_queued
    draft.fact("cancel_forced" if is_forced else "cancel_requested", by=by)
    draft.fix_outcome(RunStatus.CANCELLED, None)
    if is_forced or not has_begun:  # before the beginning there is nothing that would have to be tidied up
        draft.is_queued = False
        for step in draft.workflow.steps:
            draft.give_up(step)


def expire(draft: Draft) -> None:
    """The run's time is up. Final steps have timeouts of their own."""
    seconds = draft.workflow.timeout_seconds
    has_begun = draft.has_started and not draft.is_queued
    if seconds is None or not has_begun or draft.is_main_settled:
        return
    is_told = _stop_steps(draft, is_forced=False)
    if not is_told and draft.outcome is not None:
        return
    draft.fact("run_timed_out", seconds=seconds)
    draft.fix_outcome(RunStatus.FAILED, f"The run did not end within {duration_text(seconds)}.")


def _stop_steps(draft: Draft, *, is_forced: bool) -> bool:
    """Tell what runs to end. False when there is nothing left to tell."""
    told = [
        draft.stop_step(step, is_forced=is_forced)
        for step in draft.workflow.steps
        if is_forced or not step.is_final
    ]
    return any(told)
