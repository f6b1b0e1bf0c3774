"""The messages that exist from a change of a run on. The projector posts them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.core.events import OpenApproval, OpenInput, SendMessage, Transition
from engine.core.state import RunStatus
from store import approvals, questions, surfaces
from store.database import Connection
from store.surfaces import IN_THREAD, NewSurface, SurfaceKind

if TYPE_CHECKING:
    from store.locking import LockedRun


def show_run(c: Connection, locked: LockedRun) -> None:
    """The two messages that every run in a channel has: its root, and the plan in its thread."""
    for kind in (SurfaceKind.ROOT, SurfaceKind.THREAD):
        _show(c, locked, NewSurface(locked.team_id, locked.id, kind, channel_id=locked.channel_id))


def show_transition(c: Connection, locked: LockedRun, transition: Transition) -> None:
    """Ask for the messages that this transition brings: questions, what steps say, a failure."""
    for effect in transition.effects:
        if isinstance(effect, SendMessage):
            _show(c, locked, _message(locked, effect))
    if locked.channel_id is None:
        return
    if transition.is_new_round:
        surfaces.reopen_messages(c, locked.id, locked.now)
    base = NewSurface(locked.team_id, locked.id, SurfaceKind.FAILURE, channel_id=locked.channel_id)
    for effect in transition.effects:
        if isinstance(effect, OpenApproval):
            asked = approvals.open_approval_id(c, locked.id, effect.step_id)
            _show(c, locked, replace(base, kind=SurfaceKind.APPROVAL, approval_id=asked))
        elif isinstance(effect, OpenInput):
            asked = questions.open_question_id(c, locked.id, effect.step_id)
            _show(c, locked, replace(base, kind=SurfaceKind.INPUT, question_id=asked))
    has_failed = transition.status in (RunStatus.FAILED, RunStatus.ERROR)
    if has_failed and surfaces.insert_surface(c, base, locked.now) is None:
        surfaces.repeat_failure(c, locked.id, locked.now)


def _message(locked: LockedRun, effect: SendMessage) -> NewSurface:
    """A direct message goes to the person's id, which Slack takes for the channel."""
    target = effect.action.channel or effect.action.user
    return NewSurface(
        locked.team_id,
        locked.id,
        SurfaceKind.MESSAGE,
        channel_id=target or locked.channel_id,
        step_id=effect.step_id,
        place=None if target else IN_THREAD,
    )


def _show(c: Connection, locked: LockedRun, new: NewSurface) -> None:
    surfaces.insert_surface(c, new, locked.now)
