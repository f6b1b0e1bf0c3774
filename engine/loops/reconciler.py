"""Finds what got lost on the way: attempts whose worker went silent, and due work that nobody was told about."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from engine.advance import Engine
from engine.attempts import report_lost
from engine.loops.base import for_each
from store import tasks
from store.tasks import ExpiredLease

logger = logging.getLogger("handrail.reconciler")
BATCH = 100


@dataclass(frozen=True, slots=True)
class Reconciler:
    engine: Engine
    name: str = "reconciler"
    every_seconds: float = 2.0

    def tick(self) -> None:
        with self.engine.database.read() as c:
            expired = tasks.expired_leases(c, BATCH)
            due = tasks.due_count(c)
        if due:
            self.engine.ring()
        for_each(expired, self._give_up)

    def _give_up(self, lease: ExpiredLease) -> None:
        logger.warning("lease_expired run=%s step=%s attempt=%s", *lease)
        report_lost(self.engine, lease)
