"""Forgets what is of no use any more: keys of deliveries that Slack will not repeat, links and sessions."""

from __future__ import annotations

from dataclasses import dataclass

from engine.advance import Engine
from store import deliveries, links
from store.database import now_ms

KEEP_DELIVERIES_MS = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Pruner:
    engine: Engine
    name: str = "pruner"
    every_seconds: float = 600.0

    def tick(self) -> None:
        with self.engine.database.write() as c:
            deliveries.prune_deliveries(c, now_ms(c) - KEEP_DELIVERIES_MS)
            links.prune_links(c)
