"""Forgets what is of no use any more: keys of deliveries that Slack will not repeat, links and sessions, and runs
that ended longer ago than they are to be kept."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from engine.advance import SYSTEM, Engine
from store import audit, deliveries, links, look_ups, pruning
from store.database import Database, now_ms

logger = logging.getLogger("handrail.pruner")

KEEP_DELIVERIES_MS = 24 * 3600 * 1000
KEEP_LOOK_UPS_MS = 25 * 3600 * 1000
"""A form can be sent for a day after it was opened."""


@dataclass(frozen=True, slots=True)
class Pruner:
    """`keep_runs_ms` None: runs are kept for ever."""

    engine: Engine
    keep_runs_ms: int | None = None
    name: str = "pruner"
    every_seconds: float = 600.0

    def tick(self) -> None:
        with self.engine.database.write() as c:
            deliveries.prune_deliveries(c, now_ms(c) - KEEP_DELIVERIES_MS)
            links.prune_links(c)
            look_ups.prune_look_ups(c, now_ms(c) - KEEP_LOOK_UPS_MS)
        if self.keep_runs_ms is not None:
            pruned = prune_runs(self.engine.database, self.keep_runs_ms)
            if pruned:
                logger.info("runs_pruned count=%s", pruned)


def prune_runs(database: Database, keep_ms: int, actor: str = SYSTEM) -> int:
    """Forget all runs that ended longer ago than this, and the workflow versions that were theirs alone; how many
    runs they were. One run with its children a transaction; safe in any number of processes."""
    before = _now(database) - keep_ms
    count = 0
    for run_id in _old_runs(database, before):
        count += _prune_family(database, run_id, before, actor)
    with database.write() as c:
        pruning.prune_versions(c, before)
    return count


def count_old_runs(database: Database, keep_ms: int) -> int:
    """How many runs `prune_runs` would forget now."""
    before = _now(database) - keep_ms
    count = 0
    for run_id in _old_runs(database, before):
        with database.read() as c:
            count += len(pruning.family_of(c, run_id, before))
    return count


def _prune_family(database: Database, run_id: str, before: int, actor: str) -> int:
    """What steps wrote may be gigabytes: it goes first, piece by piece."""
    with database.read() as c:
        family = pruning.family_of(c, run_id, before)
    is_left = bool(family)
    while is_left:
        with database.write() as c:
            is_left = pruning.remove_some_output(c, family)
    with database.write() as c:
        return pruning.prune_family(c, run_id, before, actor, now_ms(c)) if family else 0


def _old_runs(database: Database, before: int) -> Iterator[str]:
    with database.read() as c:
        teams = audit.workspace_ids(c)
    for team_id in teams:
        after: int | None = 0
        while after is not None:
            with database.read() as c:
                page = pruning.old_runs(c, team_id, before, after)
            yield from page.run_ids
            after = page.after


def _now(database: Database) -> int:
    with database.read() as c:
        return now_ms(c)
