"""Writes down in every workspace's audit trail that other permissions are in force."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

from engine.advance import SYSTEM, Engine
from engine.core.permission import Grant
from store import audit
from store.database import now_ms


@dataclass(slots=True)
class WatchPermissions:
    """Of the permissions file its meaning is looked at, not its text. The database is asked to write once a
    workspace for each change that this process has seen."""

    engine: Engine
    name: str = "permissions"
    every_seconds: float = 5.0
    _noted: dict[str, str | None] = field(default_factory=dict)
    """The digest in force, by workspace."""

    def tick(self) -> None:
        digest = digest_of(self.engine.registry.policy(frozenset()).grants)
        with self.engine.database.read() as c:
            teams = audit.workspace_ids(c)
        for team_id in teams:
            if self._noted.get(team_id, "") != digest:
                with self.engine.database.write() as c:
                    audit.record_permissions(c, team_id, digest, SYSTEM, now_ms(c))
                self._noted[team_id] = digest


def digest_of(grants: tuple[Grant, ...] | None) -> str | None:
    """The same for the same grants; None when there is no permissions file."""
    if grants is None:
        return None
    written = [
        [sorted(part) for part in (grant.subjects, grant.workflows, grant.capabilities)] for grant in grants
    ]
    return hashlib.sha256(json.dumps(written).encode()).hexdigest()
