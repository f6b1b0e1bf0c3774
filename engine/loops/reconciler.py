"""Finds what got lost on the way: attempts whose worker went silent, runs whose terminal is gone, and due work that
nobody was told about."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from engine.advance import Engine
from engine.attempts import end_abandoned, report_lost
from engine.loops.base import for_each
from store import tasks, terminals
from store.tasks import ExpiredLease

logger = logging.getLogger("handrail.reconciler")
BATCH = 100

T = TypeVar("T", bound=Hashable)


@dataclass(slots=True)
class Sightings(Generic[T]):
    """What has been seen in every look for so many seconds.

    When a database was away for longer than a lease, all leases are over once it is back, and their holders are
    about to say what they could not say before. No look went well meanwhile, so what ended then is seen for the
    first time now, and its holder has these seconds to speak up.
    """

    patience_seconds: float
    _since: dict[T, float] = field(default_factory=dict)

    def ripe(self, seen: Collection[T]) -> list[T]:
        """Take in what is seen now, give out what has been seen for long enough."""
        now = time.monotonic()
        self._since = {item: self._since.get(item, now) for item in seen}
        return [item for item, first in self._since.items() if now - first >= self.patience_seconds]


@dataclass(slots=True)
class Reconciler:
    """`patience_seconds`: how long a lease has to be seen over before anything follows from it."""

    engine: Engine
    name: str = "reconciler"
    every_seconds: float = 1.0
    patience_seconds: float = 2.5
    _expired: Sightings[ExpiredLease] = field(init=False)
    _abandoned: Sightings[str] = field(init=False)

    def __post_init__(self) -> None:
        self._expired = Sightings(self.patience_seconds)
        self._abandoned = Sightings(self.patience_seconds)

    def tick(self) -> None:
        with self.engine.database.read() as c:
            expired = tasks.expired_leases(c, BATCH)
            abandoned = terminals.abandoned_runs(c, BATCH)
            due = tasks.due_count(c)
        if due:
            self.engine.ring()
        if expired or abandoned:
            self._await_writer()
        for_each(self._expired.ripe(expired), self._give_up)
        for_each(self._abandoned.ripe(abandoned), self._end)

    def _await_writer(self) -> None:
        """Who may read SQLite may not yet write to it: then leases could not be renewed either."""
        with self.engine.database.write():
            pass

    def _give_up(self, lease: ExpiredLease) -> None:
        logger.warning("lease_expired run=%s step=%s item=%s attempt=%s", *lease)
        report_lost(self.engine, lease)

    def _end(self, run_id: str) -> None:
        if end_abandoned(self.engine, run_id):
            logger.warning("terminal_lost run=%s", run_id)
