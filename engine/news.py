"""What the change of one run means for others. It is told after the commit, and found by a duty if that fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.core.events import StopChild, Transition

if TYPE_CHECKING:
    from store.locking import LockedRun


@dataclass(frozen=True, slots=True)
class ChildHasEnded:
    run_id: str


@dataclass(frozen=True, slots=True)
class ChildIsToStop:
    parent_run_id: str
    step_id: str
    is_forced: bool


@dataclass(frozen=True, slots=True)
class QueueHasMoved:
    """A run of this concurrency key has ended (it `has_left`), or waits for its turn."""

    team_id: str
    key: str
    has_left: bool


News = ChildHasEnded | ChildIsToStop | QueueHasMoved


def news_of(locked: LockedRun, transition: Transition) -> list[News]:
    news: list[News] = [
        ChildIsToStop(locked.id, effect.step_id, effect.is_forced)
        for effect in transition.effects
        if isinstance(effect, StopChild)
    ]
    if transition.status.is_terminal and locked.parent_run_id is not None:
        news.append(ChildHasEnded(locked.id))
    has_left = transition.status.is_terminal
    if locked.concurrency_key is not None and (has_left or transition.is_queued):
        news.append(QueueHasMoved(locked.team_id, locked.concurrency_key, has_left))
    return news
