"""Finds what got lost on the way: attempts whose worker went silent, and due work that nobody was told about."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from engine.advance import Engine
from engine.attempts import report_lost
from store import tasks

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
        for lease in expired:
            logger.warning(
                "lease_expired run=%s step=%s attempt=%s", lease.run_id, lease.step_id, lease.attempt
            )
            report_lost(self.engine, lease)
        if due:
            self.engine.ring()
