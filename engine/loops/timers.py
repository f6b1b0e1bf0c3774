"""Ends waits and approvals whose time has come."""

from __future__ import annotations

from dataclasses import dataclass

from engine.advance import Engine
from engine.attempts import fire_timer
from engine.loops.base import for_each
from store import timers

BATCH = 100


@dataclass(frozen=True, slots=True)
class Timers:
    engine: Engine
    name: str = "timers"
    every_seconds: float = 0.5

    def tick(self) -> None:
        with self.engine.database.read() as c:
            due = timers.due_timers(c, BATCH)
        for_each(due, lambda timer: fire_timer(self.engine, timer))
