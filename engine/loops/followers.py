"""Finds runs that were not told of what happened to others: see `engine.following`."""

from __future__ import annotations

from dataclasses import dataclass

from engine.advance import Engine
from engine.following import move_queue, stop_child, tell_parent
from engine.loops.base import for_each
from store import children, slots
from store.children import Child

BATCH = 100


@dataclass(frozen=True, slots=True)
class Followers:
    engine: Engine
    name: str = "followers"
    every_seconds: float = 2.0

    def tick(self) -> None:
        with self.engine.database.read() as c:
            unsettled = children.unsettled_children(c, BATCH)
            keys = slots.queued_keys(c)
        for_each(unsettled, self._settle)
        for_each(keys, lambda key: move_queue(self.engine, *key))

    def _settle(self, child: Child) -> None:
        if child.status.is_terminal:
            tell_parent(self.engine, child.id)
        else:
            is_forced = child.is_to_be_forced
            stop_child(self.engine, child.parent_run_id, child.parent_step_id, is_forced=is_forced)
